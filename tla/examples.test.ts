/**
 * Conformance with TLC: published state counts and verdicts of tlaplus/Examples.
 *
 * The models in fixtures/ take well under a second each. With SEEDBED_TLA_EXAMPLES naming a folder that holds
 * tla-examples.json and tla-examples/, all models listed there are run as well, which takes minutes; and the processor time of
 * all that succeed is compared with its bound.
 *
 * `npm run test:tla` also checks the repository's own specifications at their larger bounds (tla/specs/expected.json).
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type CheckResult, checkSpecification } from "./index.ts";
import { checkEntry, expectations } from "./specs/specs.test.help.ts";

type ModelEntry = {
  readonly spec: string;
  readonly cfg: string;
  readonly result: string;
  readonly distinct: number | null;
  readonly total: number | null;
  readonly depth: number | null;
};
type PublishedEntry = ModelEntry & { readonly tlcHere?: { readonly depth: number | null } | null };

function check(root: string, entry: ModelEntry): CheckResult {
  const folder = dirname(join(root, entry.spec));
  const load = (name: string): string | undefined => {
    const path = join(folder, `${name}.tla`);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const config = readFileSync(join(root, entry.cfg), "utf8");
  return checkSpecification({ load, spec: basename(entry.spec, ".tla"), config, configName: basename(entry.cfg) });
}

function agree(result: CheckResult, entry: ModelEntry): void {
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
const models = JSON.parse(readFileSync(join(fixtures, "models.json"), "utf8")) as ModelEntry[];

describe("published models in the fixtures", () => {
  it.each(models)("$cfg gives the published counts and verdict", (entry) => {
    agree(check(join(fixtures, "examples"), entry), entry);
  });
});

const folder = process.env["SEEDBED_TLA_EXAMPLES"];
if (folder !== undefined) {
  const data = JSON.parse(readFileSync(join(folder, "tla-examples.json"), "utf8")) as {
    small: PublishedEntry[];
    expectedFailures: PublishedEntry[];
  };
  const all = [...data.small, ...data.expectedFailures].map((entry) => ({
    ...entry,
    depth: entry.tlcHere?.depth ?? entry.depth,
  }));
  describe("all published models", () => {
    let microseconds = 0;
    it.each(all)("$cfg gives the published counts and verdict", { timeout: 600_000 }, (entry) => {
      const before = process.cpuUsage();
      const result = check(join(folder, "tla-examples"), entry);
      const { user, system } = process.cpuUsage(before);
      if (entry.result === "success") microseconds += user + system;
      agree(result, entry);
    });

    it("take less than five minutes of one processor together", () => {
      const seconds = microseconds / 1_000_000;
      process.stdout.write(`${data.small.length} published models: ${seconds.toFixed(0)} s of processor time\n`);
      expect(seconds).toBeLessThan(300);
    });
  });
}

if (process.env["npm_lifecycle_event"] === "test:tla") {
  const larger = expectations.filter(({ size }) => size !== "tiny");
  describe("specifications of the repository at larger bounds", () => {
    it.each(larger)("$spec with $config has the counts on record", { timeout: 1_800_000 }, (entry) => {
      const { verdict, distinct, total, depth, notChecked } = checkEntry(entry);
      expect({ ...entry, verdict, distinct, total, depth }).toEqual(entry);
      expect(notChecked).toEqual([]);
    });
  });
}
