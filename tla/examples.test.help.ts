/** How published models are checked: the tests of conformance share it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type CheckResult, checkSpecification } from "./index.ts";

export type ModelEntry = {
  readonly spec: string;
  readonly cfg: string;
  readonly result: string;
  readonly distinct: number | null;
  readonly total: number | null;
  readonly depth: number | null;
};
export type PublishedEntry = ModelEntry & { readonly tlcHere?: { readonly depth: number | null } | null };

export function check(root: string, entry: ModelEntry): CheckResult {
  const folder = dirname(join(root, entry.spec));
  const load = (name: string): string | undefined => {
    const path = join(folder, `${name}.tla`);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const config = readFileSync(join(root, entry.cfg), "utf8");
  return checkSpecification({ load, spec: basename(entry.spec, ".tla"), config, configName: basename(entry.cfg) });
}

export function agree(result: CheckResult, entry: ModelEntry): void {
  const found = result.violations[0];
  if (entry.result === "success") {
    expect(result.violations.map((violation) => violation.message)).toEqual([]);
    const { distinct, total, depth } = result;
    expect({ distinct, total, depth }).toEqual({ distinct: entry.distinct, total: entry.total, depth: entry.depth });
    return;
  }
  expect(result.verdict).toBe("failed");
  if (entry.result === "liveness failure") {
    expect(found?.kind).toBe("liveness");
    expect(found?.counterexample?.loopsTo).toBeTypeOf("number");
    return;
  }
  expect(found?.kind).toBe("invariant");
  if (entry.depth !== null) expect(found?.counterexample?.states.length).toBe(entry.depth);
}

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));
export const examples: string = join(fixtures, "examples");

/** The models listed in a file of fixtures/. */
export function modelsOf(list: string): readonly ModelEntry[] {
  return JSON.parse(readFileSync(join(fixtures, list), "utf8")) as ModelEntry[];
}
