/**
 * Convergence: once the faults have ended and nobody writes any more, all replicas answer alike.
 *
 * Judged are the reads of each key that began after the heal, a settling time and the last write of the key. They must be
 * equal; with fewer than the demanded number of them nothing is proven, and the verdict is unknown.
 */
import type { PlainJson } from "../history.ts";
import { booleanOption, demandKnownOptions, integerOption, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, onCalls, textOf, type Violation, valueOfCall } from "./support.ts";

const OPTIONS = {
  "heal-us": "virtual time at which the last fault ended, in microseconds (0)",
  "settle-us": "time that replicas have to converge after it, in microseconds (0)",
  "reads-min": "how many reads of each key are demanded (2)",
  unordered: "true: reads are sets, in any order (false)",
};

export const convergence: NamedChecker = {
  name: "convergence",
  summary: "after the heal and the last write all reads of a key are equal",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    const healUs = integerOption(options, "heal-us", 0, 0) + integerOption(options, "settle-us", 0, 0);
    const readsMin = integerOption(options, "reads-min", 2, 2);
    const isUnordered = booleanOption(options, "unordered", false);
    return onCalls("convergence", history, (calls) => checkConvergence(calls, { healUs, readsMin, isUnordered }));
  },
};

type Demands = { readonly healUs: number; readonly readsMin: number; readonly isUnordered: boolean };

const READS: readonly string[] = ["read", "get", "final-read"];

function checkConvergence(calls: readonly Call[], { healUs, readsMin, isUnordered }: Demands): Verdict {
  const lastWrite = new Map<string, number>();
  for (const call of calls) {
    if (READS.includes(call.invoke.f) || call.outcome === "fail") continue;
    // A write whose end is unknown may take effect at any time: only its invocation can be waited for.
    const index = call.completion?.index ?? call.invoke.index;
    lastWrite.set(keyOf(call), Math.max(index, lastWrite.get(keyOf(call)) ?? -1));
  }
  const finals = new Map<string, Call[]>();
  for (const call of calls) {
    if (!READS.includes(call.invoke.f)) continue;
    const list = finals.get(keyOf(call)) ?? [];
    finals.set(keyOf(call), list);
    const isFinal = call.invoke.timeUs >= healUs && call.invoke.index > (lastWrite.get(keyOf(call)) ?? -1);
    if (call.outcome === "ok" && isFinal) list.push(call);
  }
  for (const key of lastWrite.keys()) if (!finals.has(key)) finals.set(key, []);
  const violations: Violation[] = [];
  let unknown = finals.size === 0 ? "no key was read" : undefined;
  for (const [key, reads] of finals) {
    if (reads.length < readsMin) unknown = `key ${key} has ${reads.length} final reads, ${readsMin} are demanded`;
    const other = reads.find((read) => stateOf(read, isUnordered) !== stateOf(reads[0]!, isUnordered));
    if (other === undefined) continue;
    const sentence = `after the heal and the last write, ${nameCall(reads[0]!)} saw key ${key} as ${textOf(valueOfCall(reads[0]!))} and ${nameCall(other)} as ${textOf(valueOfCall(other))}.`;
    violations.push({ sentence, calls: [reads[0]!, other] });
  }
  const details: PlainJson = { keys: finals.size };
  return conclude({ checker: "convergence", property: "convergence", calls, violations, unknown, details });
}

function keyOf(call: Call): string {
  return call.invoke.key ?? "(none)";
}

function stateOf(read: Call, isUnordered: boolean): string {
  const value = valueOfCall(read);
  if (!isUnordered || !Array.isArray(value)) return textOf(value);
  return (value as readonly PlainJson[]).map(textOf).sort().join();
}
