/**
 * Everything that this Node exports is classified, and is what its class says: a forbidden member throws an error with its name, a
 * simulated one is not Node's. A new major that brings a clock or a source of chance fails here.
 */
import { builtinModules } from "node:module";
import { expect, test } from "vitest";
import { installGuards } from "../../runtime/guards.ts";
import { GuardError } from "../../runtime/guards/kit.ts";
import { MODULES, SURFACES, type Surface, words } from "../../runtime/guards/surface.ts";
import { simulated } from "./rig.ts";

/** Of these only the ways out are listed: the rest of their members works through those. */
const PARTLY = new Set([
  "node:net Socket.",
  "node:net Server.",
  "node:tls ",
  "node:http ",
  "node:https ",
  "node:http2 ",
  "node:v8 ",
]);

const harmlessOf = ({ harmless = [] }: Surface): readonly string[] => harmless.flatMap(([members]) => words(members));
const forbiddenOf = ({ forbidden = [] }: Surface): readonly string[] =>
  forbidden.flatMap(([members]) => words(members));
const simulatedOf = (surface: Surface): readonly string[] => words(surface.simulated ?? "");

/** What the test runner itself adds to globals and to the process. */
const isOfRunner = (name: string): boolean => /^(__vitest|__vite|__VITEST|__coverage|onmessage|VITEST)/.test(name);

test.each(
  SURFACES.filter(({ label }) => !PARTLY.has(label)).map((surface, i) => [`${i} ${surface.label}`, surface] as const),
)("surface %s names every member, each once", (_name, surface) => {
  const owner = surface.find();
  if (owner === undefined || owner === null) return;
  const listed = [...simulatedOf(surface), ...forbiddenOf(surface), ...harmlessOf(surface)];
  expect(new Set(listed).size).toBe(listed.length);
  const known = new Set(listed);
  const unlisted = Object.getOwnPropertyNames(owner).filter((name) => !known.has(name) && !isOfRunner(name));
  expect(unlisted).toEqual([]);
});

test("every module of this Node is classified, each once", () => {
  const listed = [MODULES.listed, MODULES.forbidden, MODULES.harmless].flatMap(words);
  expect(new Set(listed).size).toBe(listed.length);
  const known = new Set(listed);
  expect(builtinModules.filter((name) => !known.has(name) && !known.has(`node:${name}`))).toEqual([]);
});

test("a member that is said to be simulated or forbidden is not Node's while the guards are in place, and is afterwards", () => {
  const all = SURFACES.flatMap((surface) => {
    const owner = surface.find();
    if (owner === undefined || owner === null) return [];
    return [...simulatedOf(surface), ...forbiddenOf(surface)].map((member) => ({
      owner,
      member,
      label: surface.label,
    }));
  });
  const read = () => all.map(({ owner, member }) => Object.getOwnPropertyDescriptor(owner, member));
  // The first installation makes Node load what it exports lazily.
  installGuards()();
  const before = read();
  const remove = installGuards();
  const during = read();
  remove();
  const after = read();
  const unchanged = all.flatMap(({ label, member }, i) => {
    const [was, is] = [before[i], during[i]];
    const isThere = was !== undefined || is !== undefined;
    return isThere && was?.value === is?.value && was?.get === is?.get ? [`${label}${member}`] : [];
  });
  // These are found guarded elsewhere: in the Date that stands in its place, and on the prototype of the web crypto object.
  expect(unchanged.filter((name) => name !== "Date.now" && name !== "crypto.getRandomValues")).toEqual([]);
  const left = all.flatMap(({ label, member }, i) =>
    after[i]?.value === before[i]?.value && after[i]?.get === before[i]?.get ? [] : [`${label}${member}`],
  );
  expect(left).toEqual([]);
});

test("every forbidden member throws an error with its name in an event, and works outside", async () => {
  const { value, error } = await simulated(() => {
    const silent: string[] = [];
    for (const surface of SURFACES) {
      const owner = surface.find();
      if (owner === undefined || owner === null) continue;
      for (const member of forbiddenOf(surface)) {
        if (!(member in owner)) continue;
        try {
          const found = (owner as Record<string, unknown>)[member];
          if (typeof found === "function") (found as () => unknown).call(owner);
          silent.push(`${surface.label}${member}`);
        } catch (thrown) {
          const isNamed =
            thrown instanceof GuardError &&
            thrown.message.startsWith(`${surface.label}${member} was called by code on host n1`);
          if (!isNamed) silent.push(`${surface.label}${member}: ${String(thrown)}`);
        }
      }
    }
    return silent;
  });
  expect(error).toBe(null);
  expect(value).toEqual([]);
  expect(process.memoryUsage().rss).toBeGreaterThan(0);
});

test("the sweep sees a member that is not listed", () => {
  const surface = SURFACES.find(({ label }) => label === "Math.")!;
  const listed = new Set([...simulatedOf(surface), ...harmlessOf(surface)]);
  Object.defineProperty(Math, "randomToo", { configurable: true, value: () => 4 });
  expect(Object.getOwnPropertyNames(Math).filter((name) => !listed.has(name))).toEqual(["randomToo"]);
  delete (Math as { randomToo?: unknown }).randomToo;
});
