/**
 * The transaction checkers by the name that `--model` uses.
 */
import type { NamedChecker } from "../named-checker.ts";
import { demandKnownOptions } from "../named-checker.ts";
import { ANALYSIS_OPTIONS, readAnalysisOptions } from "./analysis.ts";
import { analyseListAppend } from "./list-append.ts";
import { guarded, toVerdict, unknownVerdict } from "./report.ts";

const listAppend: NamedChecker = {
  name: "list-append",
  summary: "transactions that append to lists and read them: all of Elle's anomalies",
  options: ANALYSIS_OPTIONS,
  check(history, options, budget) {
    demandKnownOptions(options, ANALYSIS_OPTIONS);
    const wanted = readAnalysisOptions(options);
    return guarded("list-append", history.length, () => {
      const analysis = analyseListAppend(history, wanted, budget);
      if (analysis.table.okCount === 0) {
        return unknownVerdict("list-append", "no transaction completed", 0, analysis.table.count);
      }
      return toVerdict("list-append", analysis, { wrote: "appended" });
    });
  },
};

export const transactionCheckers: ReadonlyMap<string, NamedChecker> = new Map(
  [listAppend].map((checker) => [checker.name, checker]),
);
