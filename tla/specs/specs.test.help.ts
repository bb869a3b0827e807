/**
 * The specifications of the repository as data: which configurations there are, with the counts they must have (expected.json), and
 * which changes must be rejected (mutants.json).
 *
 * `size` says where a configuration is checked: "tiny" in every `npm test` (together a few seconds), "small" (under 30 s) and
 * "large" (under 5 min) by `npm run test:tla`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CheckResult, checkSpecification } from "../index.ts";

export type SpecEntry = {
  /** Path of the specification below tla/specs, without extension. */
  readonly spec: string;
  /** Name of the configuration beside it. */
  readonly config: string;
  readonly size: "tiny" | "small" | "large";
  readonly verdict: "held" | "failed";
  readonly distinct: number;
  readonly total: number;
  readonly depth: number;
  /** Go on after violations. */
  readonly continue?: boolean;
};
export type SpecMutant = {
  readonly spec: string;
  readonly config: string;
  /** The module that is changed, below tla/specs, and the text that is replaced; it must occur exactly once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The invariant or property that must be violated. */
  readonly rejectedBy: string;
};

const folder: string = fileURLToPath(new URL("./", import.meta.url));
export const expectations: readonly SpecEntry[] = readJson("expected.json") as SpecEntry[];
export const mutants: readonly SpecMutant[] = readJson("mutants.json") as SpecMutant[];

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}

/** Modules are found in every folder of specifications: an implementation and what it refines may lie apart. */
function textOf(name: string): { readonly file: string; readonly text: string } | undefined {
  for (const room of readdirSync(folder)) {
    const file = `${room}/${name}.tla`;
    if (existsSync(join(folder, file))) return { file, text: readFileSync(join(folder, file), "utf8") };
  }
  return undefined;
}

function check(spec: string, config: string, isContinued: boolean, mutate: (file: string, text: string) => string) {
  const room = spec.slice(0, spec.lastIndexOf("/"));
  return checkSpecification({
    load: (name) => {
      const found = textOf(name);
      return found && mutate(found.file, found.text);
    },
    spec: spec.slice(room.length + 1),
    config: readFileSync(join(folder, room, config), "utf8"),
    configName: config,
    continueAfterViolation: isContinued,
  });
}

export function checkEntry(entry: SpecEntry): CheckResult {
  return check(entry.spec, entry.config, entry.continue ?? false, (_file, text) => text);
}

/** Throws if the text to replace is not there exactly once: then the mutant says nothing. */
export function checkMutant({ spec, config, file, from, to }: SpecMutant): CheckResult {
  let isApplied = false;
  const result = check(spec, config, false, (name, text) => {
    if (name !== file) return text;
    if (text.split(from).length !== 2) throw new Error(`${file}: expected exactly one ${JSON.stringify(from)}`);
    isApplied = true;
    return text.replace(from, () => to);
  });
  if (!isApplied) throw new Error(`${file} is no part of ${spec}`);
  return result;
}
