/**
 * Sets that only grow: `final-set` (one read at the end) and `set-full` (reads at any time).
 *
 * final-set: what was added and acknowledged must be in the last read, and nothing that nobody tried to add.
 * set-full: each element has a time from which it is known (its add was acknowledged, or somebody read it). It is lost when
 * the last read that could see it, and began after that time, did not; stale when some earlier read did not. Stale
 * elements break only linearizable sets.
 */
import type { PlainJson } from "../history.ts";
import { booleanOption, demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, listRead, nameCall, onCalls, textOf, type Violation } from "./support.ts";

export const finalSet: NamedChecker = {
  name: "final-set",
  summary: "a set that grows: the last read holds everything acknowledged and nothing that nobody added",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("final-set", history, checkFinalSet);
  },
};

function checkFinalSet(calls: readonly Call[]): Verdict {
  const adds = calls.filter((call) => call.invoke.f === "add");
  const reads = calls.filter((call) => call.invoke.f === "read" && call.outcome === "ok");
  const last = reads[reads.length - 1];
  const checker = "final-set";
  if (last === undefined) {
    return conclude({ checker, property: checker, calls, violations: [], unknown: "no read completed", details: null });
  }
  const seen = new Set(listRead(last).map(textOf));
  const attempted = new Set(adds.map((call) => textOf(call.invoke.value)));
  const acknowledged = adds.filter((call) => call.outcome === "ok");
  const violations: Violation[] = [];
  const lost: PlainJson[] = [];
  for (const call of acknowledged) {
    if (call.completion!.index > last.invoke.index || seen.has(textOf(call.invoke.value))) continue;
    lost.push(call.invoke.value);
    const sentence = `${textOf(call.invoke.value)} was added and acknowledged at event ${call.completion!.index}, and is lost.`;
    violations.push({ sentence, calls: [call, last] });
  }
  const unexpected = listRead(last).filter((element) => !attempted.has(textOf(element)));
  for (const element of unexpected) {
    violations.push({ sentence: `${textOf(element)} was read, though nobody tried to add it.`, calls: [last] });
  }
  const known = new Set(acknowledged.map((call) => textOf(call.invoke.value)));
  const recovered = [...attempted].filter((element) => seen.has(element) && !known.has(element)).length;
  const details = { attempts: adds.length, acknowledged: acknowledged.length, recovered, lost, unexpected };
  return conclude({ checker, property: "a growing set", calls, violations, details });
}

const SET_FULL_OPTIONS = {
  linearizable: "true: an element must be seen by every read that began after it was known (false)",
};

export const setFull: NamedChecker = {
  name: "set-full",
  summary: "a set that grows, read at any time: no element is lost once it is known",
  options: SET_FULL_OPTIONS,
  check(history, options) {
    demandKnownOptions(options, SET_FULL_OPTIONS);
    const isLinearizable = booleanOption(options, "linearizable", false);
    return onCalls("set-full", history, (calls) => checkSetFull(calls, isLinearizable));
  },
};

type Element = {
  readonly value: PlainJson;
  readonly add: Call;
  /** The event from which it is known: its acknowledgement, or the completion of the first read that held it. */
  known: Call | undefined;
  lastPresent: Call | undefined;
  lastAbsent: Call | undefined;
  /** The last read without it that began after it was known. */
  staleRead: Call | undefined;
};

function checkSetFull(calls: readonly Call[], isLinearizable: boolean): Verdict {
  const elements = new Map<string, Element>();
  const reads: Call[] = [];
  for (const call of calls) {
    if (call.invoke.f === "add" && call.outcome !== "fail") {
      const known = call.outcome === "ok" ? call : undefined;
      const element = {
        value: call.invoke.value,
        add: call,
        known,
        lastPresent: undefined,
        lastAbsent: undefined,
        staleRead: undefined,
      };
      elements.set(textOf(call.invoke.value), element);
    } else if (call.invoke.f === "read" && call.outcome === "ok") reads.push(call);
  }
  const violations: Violation[] = [];
  for (const read of reads) noteKnown(elements, read, violations);
  for (const read of reads) noteSeen(elements, read);
  const lost: PlainJson[] = [];
  const stale: PlainJson[] = [];
  let stable = 0;
  for (const element of elements.values()) {
    if (isLost(element)) {
      lost.push(element.value);
      const sentence = `${textOf(element.value)} was known by event ${knownAt(element)}, and ${nameCall(element.lastAbsent!)}, begun later, did not hold it: it is lost.`;
      violations.push({ sentence, calls: [element.add, element.lastAbsent!] });
    } else if (element.lastPresent !== undefined) {
      stable += 1;
      if (element.staleRead === undefined) continue;
      stale.push(element.value);
      if (!isLinearizable) continue;
      const sentence = `${textOf(element.value)} was known by event ${knownAt(element)}, but ${nameCall(element.staleRead)}, begun later, did not hold it.`;
      violations.push({ sentence, calls: [element.add, element.staleRead] });
    }
  }
  const neverRead = elements.size - stable - lost.length;
  const unknown = stable === 0 ? "no element was ever read and kept" : undefined;
  const details = { attempts: elements.size, stable, neverRead, lost, stale };
  return conclude({ checker: "set-full", property: "a growing set", calls, violations, unknown, details });
}

function knownAt(element: Element): number {
  return element.known!.completion!.index;
}

function noteKnown(elements: ReadonlyMap<string, Element>, read: Call, violations: Violation[]): void {
  const seen = new Set<string>();
  for (const value of listRead(read)) {
    const text = textOf(value);
    const element = elements.get(text);
    if (element === undefined || element.add.invoke.index > read.completion!.index) {
      if (!elements.has(text)) continue; // never tried: elements of another key, or set up before the history
      violations.push({
        sentence: `${text} was read by ${nameCall(read)} before anybody tried to add it.`,
        calls: [read],
      });
      continue;
    }
    if (seen.has(text)) {
      violations.push({ sentence: `${text} was in ${nameCall(read)} more than once.`, calls: [read] });
    }
    seen.add(text);
    if (element.known === undefined || read.completion!.index < knownAt(element)) element.known = read;
  }
}

function noteSeen(elements: ReadonlyMap<string, Element>, read: Call): void {
  const seen = new Set(listRead(read).map(textOf));
  for (const [text, element] of elements) {
    if (seen.has(text)) {
      if (!isLater(element.lastPresent, read)) element.lastPresent = read;
      continue;
    }
    if (read.completion!.index < element.add.invoke.index) continue;
    if (!isLater(element.lastAbsent, read)) element.lastAbsent = read;
    if (element.known !== undefined && read.invoke.index > knownAt(element)) element.staleRead = read;
  }
}

/** True when `known` began after `read`. */
function isLater(known: Call | undefined, read: Call): boolean {
  return known !== undefined && known.invoke.index > read.invoke.index;
}

function isLost({ known, lastAbsent, lastPresent }: Element): boolean {
  if (known === undefined || lastAbsent === undefined) return false;
  if (known.completion!.index >= lastAbsent.invoke.index) return false;
  return lastPresent === undefined || lastPresent.invoke.index < lastAbsent.invoke.index;
}
