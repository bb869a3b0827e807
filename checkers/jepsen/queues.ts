/**
 * Queues without order: `unordered-queue` (each dequeue had an enqueue) and `total-queue` (and nothing is lost).
 *
 * total-queue: an acknowledged element must come out in the end, by a dequeue or a drain; what comes out must have been put
 * in. Elements that come out more often than they went in are counted; they break only exactly-once queues.
 */
import { booleanOption, demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { PlainJson } from "../history.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, listRead, nameCall, onCalls, textOf, type Violation, valueOfCall } from "./support.ts";

const ENQUEUES: readonly string[] = ["enqueue", "enq"];
const DEQUEUES: readonly string[] = ["dequeue", "deq"];

export const unorderedQueue: NamedChecker = {
  name: "unordered-queue",
  summary: "a queue whose order does not matter: every dequeue returns something that was enqueued and not yet out",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("unordered-queue", history, (calls) => checkUnordered(calls));
  },
};

/** Elements that a completed dequeue or drain took out. */
function takenBy(call: Call): readonly PlainJson[] {
  if (call.outcome !== "ok") return [];
  if (call.invoke.f === "drain") return listRead(call);
  return DEQUEUES.includes(call.invoke.f) && valueOfCall(call) !== null ? [valueOfCall(call)] : [];
}

function checkUnordered(calls: readonly Call[]): Verdict {
  // In the order of the events: an enqueue counts from its invocation, a dequeue at its completion.
  const events: { readonly index: number; readonly call: Call; readonly isPut: boolean }[] = [];
  for (const call of calls) {
    if (ENQUEUES.includes(call.invoke.f) && call.outcome !== "fail") {
      events.push({ index: call.invoke.index, call, isPut: true });
    } else if (call.completion !== undefined) events.push({ index: call.completion.index, call, isPut: false });
  }
  events.sort((left, right) => left.index - right.index);
  const inside = new Map<string, number>();
  const violations: Violation[] = [];
  for (const { call, isPut } of events) {
    const values = isPut ? [call.invoke.value] : takenBy(call);
    for (const value of values) {
      const text = textOf(value);
      const count = inside.get(text) ?? 0;
      if (!isPut && count === 0) {
        violations.push({ sentence: `${nameCall(call)} returned ${text}, which was not in the queue.`, calls: [call] });
      } else inside.set(text, count + (isPut ? 1 : -1));
    }
  }
  return conclude({ checker: "unordered-queue", property: "a queue", calls, violations, details: null });
}

const TOTAL_OPTIONS = { "exactly-once": "true: an element that comes out twice is a violation (false)" };

export const totalQueue: NamedChecker = {
  name: "total-queue",
  summary: "a queue that is drained in the end: what was acknowledged comes out, and nothing else",
  options: TOTAL_OPTIONS,
  check(history, options) {
    demandKnownOptions(options, TOTAL_OPTIONS);
    const isExactlyOnce = booleanOption(options, "exactly-once", false);
    return onCalls("total-queue", history, (calls) => checkTotal(calls, isExactlyOnce));
  },
};

function checkTotal(calls: readonly Call[], isExactlyOnce: boolean): Verdict {
  const enqueues = calls.filter((call) => ENQUEUES.includes(call.invoke.f));
  const attempts = countTexts(enqueues.map((call) => call.invoke.value));
  const taken = new Map<string, Call[]>();
  for (const call of calls) {
    for (const value of takenBy(call)) taken.set(textOf(value), [...(taken.get(textOf(value)) ?? []), call]);
  }
  const violations: Violation[] = [];
  const acknowledged = new Map<string, Call[]>();
  for (const call of enqueues) {
    if (call.outcome !== "ok") continue;
    const text = textOf(call.invoke.value);
    acknowledged.set(text, [...(acknowledged.get(text) ?? []), call]);
  }
  let lost = 0;
  for (const [text, puts] of acknowledged) {
    const missing = puts.length - (taken.get(text)?.length ?? 0);
    if (missing <= 0) continue;
    lost += missing;
    violations.push({
      sentence: `${text} was enqueued and acknowledged, and never came out: it is lost.`,
      calls: puts,
    });
  }
  let duplicated = 0;
  let recovered = 0;
  for (const [text, outs] of taken) {
    const tries = attempts.get(text) ?? 0;
    if (tries === 0) violations.push({ sentence: `${text} came out, though nobody enqueued it.`, calls: outs });
    else if (outs.length > tries) {
      duplicated += outs.length - tries;
      const sentence = `${text} came out ${outs.length} times, and was enqueued ${tries} times.`;
      if (isExactlyOnce) violations.push({ sentence, calls: outs });
    }
    if (tries > 0) recovered += Math.max(0, Math.min(outs.length, tries) - (acknowledged.get(text)?.length ?? 0));
  }
  const details = { attempts: enqueues.length, lost, duplicated, recovered };
  const unknown = enqueues.length === 0 ? "nothing was enqueued" : undefined;
  return conclude({
    checker: "total-queue",
    property: "a queue that loses nothing",
    calls,
    violations,
    unknown,
    details,
  });
}

function countTexts(values: readonly PlainJson[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(textOf(value), (counts.get(textOf(value)) ?? 0) + 1);
  return counts;
}
