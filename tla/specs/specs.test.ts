/** The specifications of the repository hold at tiny bounds with the counts on record, and no mutant of theirs does. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkEntry, checkMutant, expectations, mutants } from "./specs.test.help.ts";

describe("specifications at tiny bounds", () => {
  it.each(expectations.filter(({ size }) => size === "tiny"))(
    "$spec with $config has the counts on record",
    (entry) => {
      const { verdict, distinct, total, depth, notChecked } = checkEntry(entry);
      expect({ ...entry, verdict, distinct, total, depth }).toEqual(entry);
      expect(notChecked).toEqual([]);
    },
  );
});

describe("mutants of specifications", () => {
  it.each(mutants)("$file without $from is rejected by $rejectedBy", (mutant) => {
    const { violations } = checkMutant(mutant);
    expect(violations.map(({ name }) => name)).toEqual([mutant.rejectedBy]);
    expect(violations[0]!.counterexample!.states.length).toBeGreaterThan(1);
  });

  it("are at least three for each specification that is checked", () => {
    const names = new Set(expectations.filter(({ verdict }) => verdict === "held").map(({ spec }) => spec));
    const few = [...names].filter((name) => mutants.filter(({ spec }) => spec === name).length < 3);
    expect(few).toEqual([]);
  });
});

it("every core module of the specifications is short enough to be read", () => {
  const folder = new URL("./", import.meta.url);
  const long = readdirSync(folder, { recursive: true })
    .filter((name): name is string => typeof name === "string" && name.endsWith(".tla"))
    .map((name) => [name, readFileSync(new URL(name, folder), "utf8").trimEnd().split("\n").length] as const)
    .filter(([, lines]) => lines > 250);
  expect(long).toEqual([]);
});
