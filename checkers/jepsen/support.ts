/**
 * What Jepsen-style checkers share: calls (an invocation with its completion), violations, and the verdict they make.
 */
import { BudgetSpent } from "../budget.ts";
import { type HistoryEvent, HistoryError, type Operation, type PlainJson, show } from "../history.ts";
import { numberOf } from "../marked-values.ts";
import { canonicalText } from "../values.ts";
import type { Verdict } from "../verdict.ts";

export type Outcome = "ok" | "fail" | "info";

export type Call = {
  readonly id: number;
  readonly invoke: HistoryEvent;
  /** Absent while pending. */
  completion: HistoryEvent | undefined;
  outcome: Outcome;
};

/**
 * Pairs invocations with completions. Throws HistoryError when indexes do not rise, a process invokes twice, or a
 * completion has no invocation. Events that name no process (below 0) complete the oldest open call that they fit.
 */
export function pairCalls(history: readonly HistoryEvent[]): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, Call[]>();
  let last = Number.NEGATIVE_INFINITY;
  for (const event of history) {
    if (!(event.index > last)) throw new HistoryError(0, `an index above ${last}`, `${event.index}`);
    last = event.index;
    const pending = open.get(event.process) ?? [];
    if (event.type === "invoke") {
      if (event.process >= 0 && pending.length > 0) {
        throw new HistoryError(0, "the completion of the operation before", `a second invoke (event ${event.index})`);
      }
      const call: Call = { id: calls.length, invoke: event, completion: undefined, outcome: "info" };
      calls.push(call);
      open.set(event.process, [...pending, call]);
      continue;
    }
    const call =
      pending.find((candidate) => fits(candidate, event)) ?? pending.find(({ invoke }) => invoke.f === event.f);
    if (call === undefined) {
      throw new HistoryError(0, `an invocation of ${show(event.f)}`, `its ${event.type} alone (event ${event.index})`);
    }
    call.completion = event;
    call.outcome = event.type;
    open.set(
      event.process,
      pending.filter((other) => other !== call),
    );
  }
  return calls;
}

function fits({ invoke }: Call, completion: HistoryEvent): boolean {
  return invoke.f === completion.f && (invoke.value === null || same(invoke.value, completion.value));
}

/** Equality of plain data, by its text. */
export function same(left: PlainJson, right: PlainJson): boolean {
  return left === right || textOf(left) === textOf(right);
}

/** A text by which values can be put into Maps and Sets. */
export function textOf(value: PlainJson): string {
  return canonicalText(value);
}

/** What was read, or else what was asked. */
export function valueOfCall(call: Call): PlainJson {
  return call.completion?.value ?? call.invoke.value;
}

export function operationOfCall(call: Call): Operation {
  const done = call.outcome === "ok" ? call.completion : undefined;
  return {
    id: call.id,
    process: call.invoke.process,
    f: call.invoke.f,
    key: call.invoke.key,
    input: call.invoke.value,
    output: done === undefined ? null : (done.result ?? done.value),
    isPending: done === undefined,
    call: call.invoke.index,
    return: done?.index ?? Number.POSITIVE_INFINITY,
    callUs: call.invoke.timeUs,
    returnUs: done?.timeUs ?? -1,
  };
}

export type Violation = {
  readonly sentence: string;
  /** Calls that prove it. */
  readonly calls: readonly Call[];
};

export type Conclusion = {
  readonly checker: string;
  readonly property: string;
  readonly calls: readonly Call[];
  /** Empty: valid, unless `unknown` says why nothing was judged. */
  readonly violations: readonly Violation[];
  readonly unknown?: string | undefined;
  readonly details: PlainJson;
};

const LINES_MAX = 10;
const PROOF_MAX = 32;

export function conclude({ checker, property, calls, violations, unknown, details }: Conclusion): Verdict {
  const operations = calls.length;
  if (violations.length > 0) {
    const proof = new Map<number, Operation>();
    for (const violation of violations.slice(0, LINES_MAX)) {
      for (const call of violation.calls) if (proof.size < PROOF_MAX) proof.set(call.id, operationOfCall(call));
    }
    const told = violations.length > LINES_MAX ? LINES_MAX - 1 : LINES_MAX;
    const lines = violations.slice(0, told).map((violation) => violation.sentence);
    if (violations.length > told) lines.push(`... and ${violations.length - told} more.`);
    const inOrder = [...proof.values()].sort((left, right) => left.id - right.id);
    return { kind: "invalid", checker, operations, evidence: { property, lines, proof: inOrder, details } };
  }
  if (unknown !== undefined) return unknownOf(checker, operations, unknown);
  return { kind: "valid", checker, operations, details };
}

export function unknownOf(checker: string, operations: number, reason: string): Verdict {
  const progress = { operationsPassed: operations, steps: 0, bytes: 0, widest: 0 };
  return { kind: "unknown", checker, operations, reason, progress };
}

/** Runs a check on the calls of a history; what makes no sense, or does not fit, is unknown with the reason. */
export function onCalls(
  checker: string,
  history: readonly HistoryEvent[],
  run: (calls: readonly Call[]) => Verdict,
): Verdict {
  try {
    const calls = pairCalls(history);
    const hasAnswer = calls.some((call) => call.outcome !== "info");
    if (!hasAnswer) return unknownOf(checker, calls.length, "no operation completed");
    return run(calls);
  } catch (error) {
    if (error instanceof HistoryError) return unknownOf(checker, 0, `the history makes no sense: ${error.message}`);
    if (error instanceof BudgetSpent) return unknownOf(checker, 0, error.message);
    throw error;
  }
}

/** The list that a read returned. Throws HistoryError when it is none. */
export function listRead(call: Call): readonly PlainJson[] {
  const value = valueOfCall(call);
  if (Array.isArray(value)) return value as readonly PlainJson[];
  throw new HistoryError(0, `a list from ${show(call.invoke.f)} (event ${call.completion?.index})`, show(value));
}

/** The whole number that a call carries. Throws HistoryError when it is none. */
export function numberIn(call: Call, value: PlainJson): number {
  const number = numberOf(value);
  if (number !== undefined && Number.isFinite(number)) return number;
  throw new HistoryError(0, `a number in ${show(call.invoke.f)} (event ${call.invoke.index})`, show(value));
}

/** How sentences name a call. */
export function nameCall(call: Call): string {
  return `the ${call.invoke.f} of event ${call.completion?.index ?? call.invoke.index}`;
}
