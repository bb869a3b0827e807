/**
 * The weak isolation levels as named checkers: read-committed, read-atomic, causal-consistency.
 */
import type { PlainJson } from "../history.ts";
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { checkIsolation, type IsolationLevel, type IsolationResult } from "./isolation.ts";
import type { Hop } from "./path-search.ts";
import { describeKey, eventIndex, operationOf, type TransactionRecords, title } from "./records.ts";
import { buildRecords } from "./records-builder.ts";
import { guarded, unknownVerdict } from "./report.ts";
import { WR } from "./types.ts";

const SUMMARIES: Readonly<Record<IsolationLevel, string>> = {
  "read-committed": "transactions on registers: a reader that saw a transaction must not read what that one overwrote",
  "read-atomic": "transactions on registers: the writes of a transaction are seen all or not at all",
  "causal-consistency":
    "transactions on registers: what is seen includes all that came before it, by session or by reading",
};

export const isolationCheckers: readonly NamedChecker[] = Object.entries(SUMMARIES).map(([level, summary]) => ({
  name: level,
  summary,
  options: {},
  check(history, options, budget) {
    demandKnownOptions(options, {});
    return guarded(level, history.length, () => {
      const records = buildRecords("rw-register", history);
      if (records.okCount === 0) return unknownVerdict(level, "no transaction completed", 0, records.count);
      return judge(records, checkIsolation(records, level as IsolationLevel, budget));
    });
  },
}));

function judge(records: TransactionRecords, result: IsolationResult): Verdict {
  const checker = result.level;
  const operations = records.count;
  if (result.holds) return { kind: "valid", checker, operations };
  const rows = new Set<number>();
  const lines: string[] = [];
  for (const { op, sentence } of result.base.slice(0, 3)) {
    rows.add(records.opRow[op]!);
    lines.push(sentence);
  }
  for (const hop of result.cycle) {
    for (const row of [hop.from, hop.to]) if (row < records.count) rows.add(row);
    const read = result.demandOf(hop)?.read;
    if (read !== undefined) rows.add(records.opRow[read]!);
    if (lines.length < 9) lines.push(tell(records, result, hop));
  }
  if (result.cycle.length > 0) lines.push("So the commit order would be a circle.");
  const proof = [...rows].sort((left, right) => left - right).slice(0, 32);
  const details: PlainJson = {
    level: checker,
    reads: result.base.map(({ kind, op }) => ({ kind, op: eventIndex(records, records.opRow[op]!) })),
    cycle: result.cycle.map((hop) => (hop.from < records.count ? eventIndex(records, hop.from) : "init")),
  };
  const evidence = { property: checker, lines, proof: proof.map((row) => operationOf(records, row)), details };
  return { kind: "invalid", checker, operations, evidence };
}

function tell(records: TransactionRecords, result: IsolationResult, hop: Hop): string {
  const name = (row: number): string => (row < records.count ? title(records, row) : "the initial state");
  const order = `${name(hop.from)} precedes ${name(hop.to)}`;
  const demand = result.demandOf(hop);
  if (demand !== undefined) {
    const reader = title(records, records.opRow[demand.read]!);
    return `${order}: ${reader} read ${describeKey(records, demand.read)} from the latter, though the former, which wrote it too, was visible.`;
  }
  if (hop.label === WR) return `${order}: the latter read from it.`;
  return hop.from < records.count ? `${order} in its session.` : `${order}, as it does everything.`;
}
