/**
 * Statistics: how many operations of each function ended ok, fail or info. A function that never succeeded is a
 * violation: what it should have tested was not tested.
 */
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, onCalls, type Outcome, type Violation } from "./support.ts";

export const stats: NamedChecker = {
  name: "stats",
  judgesFailures: true,
  summary: "counts of ok, fail and info by function: every function succeeded at least once",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("stats", history, checkStats);
  },
};

function checkStats(calls: readonly Call[]): Verdict {
  const counts: Record<string, Record<Outcome, number>> = {};
  for (const call of calls) {
    counts[call.invoke.f] ??= { ok: 0, fail: 0, info: 0 };
    counts[call.invoke.f]![call.outcome] += 1;
  }
  const violations: Violation[] = [];
  for (const [f, { ok, fail, info }] of Object.entries(counts)) {
    if (ok > 0) continue;
    const tried = calls.filter((call) => call.invoke.f === f).slice(0, 3);
    violations.push({ sentence: `${f} never succeeded: ${fail} failed, ${info} are unknown.`, calls: tried });
  }
  return conclude({ checker: "stats", property: "each function succeeds", calls, violations, details: counts });
}
