/**
 * The transaction checkers by the name that `--model` uses.
 */
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import { ANALYSIS_OPTIONS, type Analysis, readAnalysisOptions } from "./analysis.ts";
import { isolationCheckers } from "./isolation-checkers.ts";
import { analyseListAppend } from "./list-append.ts";
import { guarded, toVerdict, unknownVerdict } from "./report.ts";
import { judgeRwRegister, REGISTER_OPTIONS, readRegisterOptions, type RegisterJudgement } from "./rw-register.ts";
import type { CycleWords } from "./sentences.ts";
import type { Verdict } from "../verdict.ts";

const listAppend: NamedChecker = {
  name: "list-append",
  summary: "transactions that append to lists and read them: isolation anomalies, and the models they rule out",
  options: ANALYSIS_OPTIONS,
  check(history, options, budget) {
    demandKnownOptions(options, ANALYSIS_OPTIONS);
    const wanted = readAnalysisOptions(options);
    return guarded("list-append", history.length, () =>
      judge("list-append", analyseListAppend(history, wanted, budget), { wrote: "appended" }),
    );
  },
};

const ALL_REGISTER_OPTIONS = { ...ANALYSIS_OPTIONS, ...REGISTER_OPTIONS };

const rwRegister: NamedChecker = {
  name: "rw-register",
  summary:
    "transactions that read and write registers, each value once: isolation anomalies, and the models they rule out",
  options: ALL_REGISTER_OPTIONS,
  jsonOptions: ["transaction-order"],
  check(history, options, budget) {
    demandKnownOptions(options, ALL_REGISTER_OPTIONS);
    const wanted = { ...readAnalysisOptions(options), ...readRegisterOptions(options) };
    return guarded("rw-register", history.length, () => judgeRegisters(judgeRwRegister(history, wanted, budget)));
  },
};

function judge(checker: string, analysis: Analysis, words: CycleWords): Verdict {
  if (analysis.records.okCount > 0) return toVerdict(checker, analysis, words);
  return unknownVerdict(checker, "no transaction completed", 0, analysis.records.count);
}

function judgeRegisters({ analysis, open }: RegisterJudgement): Verdict {
  const verdict = judge("rw-register", analysis, { wrote: "wrote" });
  if (verdict.kind !== "valid" || open.length === 0) return verdict;
  const reason = `no order of the transactions was found that satisfies ${open.join(", ")}, nor was it shown that there is none`;
  return unknownVerdict("rw-register", reason, analysis.records.okCount, analysis.records.count);
}

export const transactionCheckers: ReadonlyMap<string, NamedChecker> = new Map(
  [listAppend, rwRegister, ...isolationCheckers].map((checker) => [checker.name, checker]),
);
