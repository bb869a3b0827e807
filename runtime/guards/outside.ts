/** The outside: whatever the surface forbids throws, and so does every function of the modules that reach files, names and threads. */
import { type AnyFunction, current, disguise, forbid, nodeRequire, type Owner, type Replace, runAs } from "./kit.ts";
import { SURFACES, words } from "./surface.ts";

const WHOLE_MODULES: readonly (readonly [string, string])[] = [
  ["node:fs", "use host.disk."],
  ["node:fs/promises", "use host.disk."],
  ["node:dns/promises", "use host.net."],
  ["node:zlib", "use the synchronous function of node:zlib."],
  ["node:cluster", "a simulated host has no processes: give each its own host."],
  ["node:sqlite", "use host.disk."],
];

/** Constructors that open files or names. The other classes of those modules are values. */
const OPENING = /^(File)?(Read|Write)Stream$|^Utf8Stream$|^Resolver$|^DatabaseSync$/;

export function guardOutside(replace: Replace): void {
  for (const { label, find, forbidden = [] } of SURFACES) {
    const owner = find();
    if (owner === undefined || owner === null) continue;
    for (const [members, instead] of forbidden)
      for (const member of words(members)) replace(owner, member, forbid(`${label}${member}`, instead));
  }
  for (const [name, instead] of WHOLE_MODULES) guardModule(replace, name, instead);
  guardLoading(replace);
}

/** Forbids every function of a module that reaches outside; the synchronous ones of zlib are pure and stay. */
function guardModule(replace: Replace, name: string, instead: string): void {
  let module: Owner;
  try {
    module = nodeRequire(name) as Owner;
  } catch {
    return;
  }
  for (const key of Object.keys(module)) {
    const isPure = name === "node:zlib" && (key.endsWith("Sync") || key === "crc32");
    const { value } = Object.getOwnPropertyDescriptor(module, key)!;
    const isForbidden = typeof value === "function" ? !/^[A-Z]/.test(key) || OPENING.test(key) : OPENING.test(key);
    if (isForbidden && !isPure) replace(module, key, forbid(`${name} ${key}`, instead));
  }
}

/** A module that is required late is loaded as one at the top of a file is: outside of the event. */
function guardLoading(replace: Replace): void {
  const Module = nodeRequire("node:module") as Owner;
  replace(Module, "_load", (real) =>
    disguise(function (this: unknown, ...args: unknown[]) {
      return current() === null ? real.apply(this, args) : runAs(null, () => (real as AnyFunction).apply(this, args));
    }, real),
  );
}
