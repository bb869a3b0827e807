/**
 * Unique ids: no two acknowledged calls return the same id.
 */
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, onCalls, textOf, type Violation, valueOfCall } from "./support.ts";

export const uniqueIds: NamedChecker = {
  name: "unique-ids",
  summary: "a generator of ids: no id is given out twice",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("unique-ids", history, checkIds);
  },
};

function checkIds(calls: readonly Call[]): Verdict {
  const first = new Map<string, Call>();
  const violations: Violation[] = [];
  let duplicated = 0;
  for (const call of calls) {
    if (call.outcome !== "ok") continue;
    const text = textOf(valueOfCall(call));
    const before = first.get(text);
    if (before === undefined) {
      first.set(text, call);
      continue;
    }
    duplicated += 1;
    violations.push({
      sentence: `${nameCall(before)} and ${nameCall(call)} both returned ${text}.`,
      calls: [before, call],
    });
  }
  const unknown = first.size === 0 ? "no id was given out" : undefined;
  const details = { attempts: calls.length, acknowledged: first.size + duplicated, duplicated };
  return conclude({ checker: "unique-ids", property: "unique ids", calls, violations, unknown, details });
}
