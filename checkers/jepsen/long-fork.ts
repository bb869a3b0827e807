/**
 * Long fork: two reads of the same keys, each of which misses a write that the other one saw.
 *
 * Every key is written at most once, so the states of a group of keys form a chain under any order of the writes. Parallel
 * snapshot isolation allows forks, snapshot isolation does not. Groups are the sets of keys that were read together.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { demandKnownOptions, integerOption, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, onCalls, textOf, type Violation, valueOfCall } from "./support.ts";

const OPTIONS = { "group-size": "how many keys each read must name; 0: as many as it does (0)" };

export const longFork: NamedChecker = {
  name: "long-fork",
  summary: "keys written once and read in groups: no two reads see the writes in contradictory orders",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    const groupSize = integerOption(options, "group-size", 0, 0);
    return onCalls("long-fork", history, (calls) => checkForks(calls, groupSize));
  },
};

type GroupRead = { readonly call: Call; readonly values: ReadonlyMap<string, PlainJson> };

function checkForks(calls: readonly Call[], groupSize: number): Verdict {
  const groups = new Map<string, GroupRead[]>();
  const written = new Map<string, Call>();
  let unknown: string | undefined;
  let reads = 0;
  for (const call of calls) {
    const operations = microOps(call);
    for (const [f, key] of operations) {
      if (f === "r" || call.outcome === "fail") continue;
      if (written.has(textOf(key))) unknown = `key ${textOf(key)} was written twice (${nameCall(call)})`;
      written.set(textOf(key), call);
    }
    const values = new Map(operations.filter(([f]) => f === "r").map(([, key, value]) => [textOf(key), value]));
    if (values.size === 0 || call.outcome !== "ok") continue;
    if (groupSize > 0 && values.size !== groupSize) {
      unknown = `${nameCall(call)} read ${values.size} keys, not ${groupSize}`;
      continue;
    }
    reads += 1;
    const group = [...values.keys()].sort().join(" ");
    groups.set(group, [...(groups.get(group) ?? []), { call, values }]);
  }
  const violations: Violation[] = [];
  for (const group of groups.values()) {
    const clash = findClash(group);
    if (clash !== undefined) unknown = clash;
    findForks(group, violations);
  }
  if (reads === 0) unknown = "no read completed";
  const details = { reads, groups: groups.size, forks: violations.length };
  return conclude({ checker: "long-fork", property: "one order of writes", calls, violations, unknown, details });
}

function microOps(call: Call): readonly (readonly [string, PlainJson, PlainJson])[] {
  const value = call.outcome === "ok" ? valueOfCall(call) : call.invoke.value;
  if (!Array.isArray(value)) {
    throw new HistoryError(0, `a list of micro-operations (event ${call.invoke.index})`, show(value));
  }
  return (value as readonly PlainJson[]).map((operation) => {
    if (Array.isArray(operation) && operation.length >= 2 && (operation[0] === "r" || operation[0] === "w")) {
      return [operation[0], operation[1] as PlainJson, (operation[2] ?? null) as PlainJson] as const;
    }
    throw new HistoryError(0, `["r", key, value] or ["w", key, value] (event ${call.invoke.index})`, show(operation));
  });
}

/** Two values of one key: then it was written more than once, and nothing can be concluded. */
function findClash(group: readonly GroupRead[]): string | undefined {
  const known = new Map<string, PlainJson>();
  for (const { call, values } of group) {
    for (const [key, value] of values) {
      if (value === null) continue;
      const before = known.get(key);
      if (before !== undefined && textOf(before) !== textOf(value)) {
        return `key ${key} has two values, ${textOf(before)} and ${textOf(value)} (${nameCall(call)})`;
      }
      known.set(key, value);
    }
  }
  return undefined;
}

/** By how much they saw: if the states are a chain, each holds the one before. */
function findForks(group: readonly GroupRead[], violations: Violation[]): void {
  const sizeOf = ({ values }: GroupRead): number => [...values.values()].filter((value) => value !== null).length;
  const sorted = [...group].sort((left, right) => sizeOf(left) - sizeOf(right) || left.call.id - right.call.id);
  for (let i = 1; i < sorted.length; i += 1) {
    const [smaller, larger] = [sorted[i - 1]!, sorted[i]!];
    const missed = firstSeenOnlyBy(smaller, larger);
    const other = firstSeenOnlyBy(larger, smaller);
    if (missed === undefined || other === undefined) continue;
    const sentence = `${nameCall(smaller.call)} saw key ${missed} written and ${other} not; ${nameCall(larger.call)} saw ${other} written and ${missed} not.`;
    violations.push({ sentence, calls: [smaller.call, larger.call] });
  }
}

function firstSeenOnlyBy(reader: GroupRead, other: GroupRead): string | undefined {
  for (const [key, value] of reader.values) {
    if (value !== null && other.values.get(key) === null) return key;
  }
  return undefined;
}
