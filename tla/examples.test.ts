/**
 * Conformance with TLC: published state counts and verdicts of tlaplus/Examples.
 *
 * The models of this file take well under a second each, those of examples.long.test.ts up to two. With SEEDBED_TLA_EXAMPLES
 * naming a folder that holds tla-examples.json and tla-examples/, all models listed there are run as well, which takes minutes;
 * and the processor time of all that succeed is compared with its bound.
 *
 * `npm run test:tla` also checks the repository's own specifications at their larger bounds (tla/specs/expected.json).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agree, check, examples, modelsOf, type PublishedEntry } from "./examples.test.help.ts";
import { checkEntry, expectations } from "./specs/specs.test.help.ts";

describe("published models in the fixtures", () => {
  it.each(modelsOf("models.json"))("$cfg gives the published counts and verdict", (entry) => {
    agree(check(examples, entry), entry);
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
