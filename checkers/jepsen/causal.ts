/**
 * Effects and their causes: `causal` (one process counts a register up), `comments` (a write is not seen without those
 * that had completed before it began), `sequential` (what one client wrote in order is not seen out of order).
 */
import { HistoryError, type HistoryEvent, type PlainJson, show } from "../history.ts";
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, listRead, nameCall, onCalls, textOf, type Violation, valueOfCall } from "./support.ts";

/**
 * The causal register of jepsen.tests.causal: the operations of one key, in order, are read-init (0 or nothing), then
 * writes of 1, 2, ... with reads between, each of which must show the last write. Where operations carry a position and a
 * link ({value, position, link}), each must link to the position before.
 */
export const causal: NamedChecker = {
  name: "causal",
  summary: "a register counted up by causally ordered operations: each read shows the write before it",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("causal", history, checkCausal);
  },
};

type CausalOp = {
  readonly value: PlainJson;
  readonly position: PlainJson | undefined;
  readonly link: PlainJson | undefined;
};

function causalOp(call: Call): CausalOp {
  const value = valueOfCall(call);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return { value, position: undefined, link: undefined };
  const { value: inner, position, link } = value as { readonly [key: string]: PlainJson };
  return { value: inner ?? null, position, link };
}

function checkCausal(calls: readonly Call[]): Verdict {
  const done = calls.filter((call) => call.outcome === "ok");
  done.sort((left, right) => left.completion!.index - right.completion!.index);
  let counter = 0;
  let lastPosition: PlainJson | undefined;
  let last: Call | undefined;
  for (const call of done) {
    const { value, position, link } = causalOp(call);
    const broken = (why: string): Verdict => {
      const violations = [{ sentence: `${nameCall(call)} ${why}.`, calls: last === undefined ? [call] : [last, call] }];
      return conclude({ checker: "causal", property: "a causal register", calls, violations, details: { counter } });
    };
    if (
      link !== undefined &&
      link !== "init" &&
      !(lastPosition !== undefined && textOf(link) === textOf(lastPosition))
    ) {
      return broken(`links to ${show(link)}, but the operation before it has position ${show(lastPosition ?? null)}`);
    }
    if (call.invoke.f === "write") {
      if (value !== counter + 1) return broken(`wrote ${show(value)}, though the next value is ${counter + 1}`);
      counter += 1;
    } else if (call.invoke.f === "read" || call.invoke.f === "read-init") {
      if (value !== null && value !== counter)
        return broken(`read ${show(value)}, though ${counter} was written before it`);
    } else {
      throw new HistoryError(0, `read-init, read or write (event ${call.invoke.index})`, show(call.invoke.f));
    }
    lastPosition = position;
    last = call;
  }
  const unknown = done.some((call) => call.invoke.f !== "write") ? undefined : "no read completed";
  return conclude({
    checker: "causal",
    property: "a causal register",
    calls,
    violations: [],
    unknown,
    details: { counter },
  });
}

export const comments: NamedChecker = {
  name: "comments",
  summary: "blind inserts and reads of all: whoever sees a write sees those that completed before it began",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("comments", history, (calls) => checkComments(history, calls));
  },
};

const INSERTS: readonly string[] = ["write", "insert", "add"];

function checkComments(history: readonly HistoryEvent[], calls: readonly Call[]): Verdict {
  // Writes in order of completion, and how many of them had completed when each write began.
  const completed: Call[] = [];
  const before = new Map<string, number>();
  const byCompletion = new Map(calls.map((call) => [call.completion?.index, call]));
  for (const event of history) {
    if (!INSERTS.includes(event.f)) continue;
    const text = textOf(event.value);
    if (event.type === "invoke") {
      if (before.has(text))
        throw new HistoryError(0, "each value written once", `${text} twice (event ${event.index})`);
      before.set(text, completed.length);
    } else if (event.type === "ok") completed.push(byCompletion.get(event.index)!);
  }
  const reads = calls.filter((call) => call.invoke.f === "read" && call.outcome === "ok");
  const violations: Violation[] = [];
  for (const read of reads) {
    const seen = new Set(listRead(read).map(textOf));
    let cause = "";
    let demanded = 0;
    for (const text of seen) {
      if ((before.get(text) ?? 0) <= demanded) continue;
      demanded = before.get(text)!;
      cause = text;
    }
    const missing = completed.slice(0, demanded).find((write) => !seen.has(textOf(write.invoke.value)));
    if (missing === undefined) continue;
    const sentence = `${nameCall(read)} saw ${cause} but not ${textOf(missing.invoke.value)}, whose write had completed before that of ${cause} began.`;
    violations.push({ sentence, calls: [missing, read] });
  }
  const unknown = reads.length === 0 ? "no read completed" : undefined;
  const details = { reads: reads.length, writes: before.size };
  return conclude({ checker: "comments", property: "effects with their causes", calls, violations, unknown, details });
}

export const sequential: NamedChecker = {
  name: "sequential",
  summary: "a client writes several keys in order: nobody sees a later one without the earlier ones",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("sequential", history, checkSequential);
  },
};

/** A read returns [key, its parts], the last written part first; null where nothing was found. */
function checkSequential(calls: readonly Call[]): Verdict {
  const reads = calls.filter((call) => call.invoke.f === "read" && call.outcome === "ok");
  const violations: Violation[] = [];
  const counts = { all: 0, some: 0, none: 0 };
  for (const read of reads) {
    const value = valueOfCall(read);
    const parts = Array.isArray(value) ? (value[1] as PlainJson | undefined) : undefined;
    if (!Array.isArray(parts))
      throw new HistoryError(0, `[key, parts] read (event ${read.completion!.index})`, show(value));
    const list = parts as readonly PlainJson[];
    const found = list.filter((part) => part !== null).length;
    if (found === 0) counts.none += 1;
    else if (found === list.length) counts.all += 1;
    else counts.some += 1;
    const first = list.findIndex((part) => part !== null);
    const hole = first < 0 ? -1 : list.indexOf(null, first);
    if (hole < 0) continue;
    const sentence = `${nameCall(read)} saw ${show(list[first])}, but not the part written ${hole - first} before it.`;
    violations.push({ sentence, calls: [read] });
  }
  const unknown = reads.length === 0 ? "no read completed" : undefined;
  return conclude({ checker: "sequential", property: "a client's order", calls, violations, unknown, details: counts });
}
