import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import { type Analysis, readAnalysisOptions } from "./analysis.ts";
import { caseEvents, type ElleCase } from "./shorthand.test.help.ts";
import { analyseListAppend } from "./list-append.ts";
import { analyseRwRegister, readRegisterOptions } from "./rw-register.ts";

const file = JSON.parse(readFileSync(new URL("fixtures/elle-cases.json", import.meta.url), "utf8")) as {
  cases: readonly ElleCase[];
};

function analyseCase(example: ElleCase): Analysis {
  const wanted = {
    ...(example.models === undefined ? {} : { "consistency-models": example.models }),
    ...(example.anomalies === undefined ? {} : { anomalies: example.anomalies }),
  };
  const options = readAnalysisOptions(wanted);
  const events = caseEvents(example);
  if (example.w === "list-append") return analyseListAppend(events, options, DEFAULT_BUDGET);
  return analyseRwRegister(events, { ...options, ...readRegisterOptions(example.opts ?? {}) }, DEFAULT_BUDGET);
}

describe("the cases of Elle's own tests come out as stated", () => {
  it("has all 39 of them", () => {
    expect(file.cases.length).toBe(39);
  });
  for (const example of file.cases) {
    it(`${example.w}: ${example.name}`, () => {
      const analysis = analyseCase(example);
      const valid = example.valid ?? (example.types === undefined && example.types_include === undefined);
      expect(analysis.validity).toBe(valid);
      if (example.types !== undefined) expect(analysis.anomalyTypes).toEqual([...example.types].sort());
      if (example.types_include !== undefined) {
        expect(analysis.anomalyTypes).toEqual(expect.arrayContaining([...example.types_include]));
      }
      if (example.not !== undefined) expect([...analysis.not].sort()).toEqual([...example.not].sort());
    });
  }
});
