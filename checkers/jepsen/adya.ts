/**
 * G2 by predicates (jepsen.tests.adya): for each key two transactions check that neither of two tables holds a row for it,
 * then insert one each. Under serializability at most one of the two can commit.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, onCalls, textOf, type Violation } from "./support.ts";

export const adyaG2: NamedChecker = {
  name: "adya-g2",
  summary: "inserts guarded by a predicate: at most one of each key commits",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("adya-g2", history, checkInserts);
  },
};

function keyOf(call: Call): string {
  if (call.invoke.key !== undefined) return call.invoke.key;
  const value = call.invoke.value;
  if (Array.isArray(value) && value.length === 2) return textOf(value[0] as PlainJson);
  throw new HistoryError(0, `a key, or [key, ids] as value (event ${call.invoke.index})`, show(value));
}

function checkInserts(calls: readonly Call[]): Verdict {
  const committed = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.invoke.f !== "insert") continue;
    const list = committed.get(keyOf(call)) ?? [];
    if (call.outcome === "ok") list.push(call);
    committed.set(keyOf(call), list);
  }
  const violations: Violation[] = [];
  for (const [key, list] of committed) {
    if (list.length < 2) continue;
    const sentence = `${nameCall(list[0]!)} and ${nameCall(list[1]!)} both committed for key ${key}: neither saw the other's row (G2).`;
    violations.push({ sentence, calls: list });
  }
  const unknown = committed.size === 0 ? "nothing was inserted" : undefined;
  const details = { keys: committed.size, illegal: violations.length };
  return conclude({ checker: "adya-g2", property: "serializable predicates", calls, violations, unknown, details });
}
