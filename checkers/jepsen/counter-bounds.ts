/**
 * Counters by bounds: a read lies between what was certainly added before it began and what may have been added before
 * it ended. Linear, sound, and weaker than linearizability: two reads are not compared.
 */
import { demandKnownOptions, integerOption, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, numberIn, onCalls, type Violation, valueOfCall } from "./support.ts";

const OPTIONS = { init: "the value before the first operation (0)" };

export const counterBounds: NamedChecker = {
  name: "counter-bounds",
  summary: "a counter: each read lies between the adds that had completed and those that had been tried",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    const init = integerOption(options, "init", 0, Number.MIN_SAFE_INTEGER);
    return onCalls("counter-bounds", history, (calls) => checkBounds(calls, init));
  },
};

function checkBounds(calls: readonly Call[], init: number): Verdict {
  // Running sums by kind of event; "tried" counts invocations of adds that did not fail, "done" completions with ok.
  const events: { readonly index: number; readonly call: Call; readonly isStart: boolean }[] = [];
  for (const call of calls) {
    if (call.outcome === "fail") continue;
    events.push({ index: call.invoke.index, call, isStart: true });
    if (call.outcome === "ok") events.push({ index: call.completion!.index, call, isStart: false });
  }
  events.sort((left, right) => left.index - right.index);
  let done = init;
  const tried = { up: 0, down: 0 };
  const ended = { up: 0, down: 0 };
  const lows = new Map<number, { readonly done: number; readonly up: number; readonly down: number }>();
  const violations: Violation[] = [];
  let reads = 0;
  for (const { call, isStart } of events) {
    if (call.invoke.f === "read") {
      if (isStart) lows.set(call.id, { done, ...ended });
      else {
        reads += 1;
        const before = lows.get(call.id)!; // its invocation came first
        const low = before.done + tried.down - before.down;
        const high = before.done + tried.up - before.up;
        const value = numberIn(call, valueOfCall(call));
        if (value >= low && value <= high) continue;
        const sentence = `${nameCall(call)} returned ${value}, outside of ${low} to ${high}, which is all that the adds around it allow.`;
        violations.push({ sentence, calls: [call] });
      }
    } else if (call.invoke.f === "add" || call.invoke.f === "inc") {
      const delta = numberIn(call, call.invoke.value);
      const sums = isStart ? tried : ended;
      sums.up += Math.max(0, delta);
      sums.down += Math.min(0, delta);
      if (!isStart) done += delta;
    }
  }
  return conclude({ checker: "counter-bounds", property: "a counter", calls, violations, details: { reads } });
}
