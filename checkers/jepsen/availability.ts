/**
 * Availability: the share of operations that succeeded, in all and in each fault window, the longest stretch without a
 * success, and how long the first success after each fault took.
 *
 * Times are virtual microseconds of the events. Nothing is demanded unless an option sets a limit.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import {
  type CheckerOptions,
  demandKnownOptions,
  integerOption,
  type NamedChecker,
  OptionError,
} from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, onCalls, type Violation } from "./support.ts";

const OPTIONS = {
  faults: "JSON list of {name, startUs, endUs}: the fault windows",
  "stretch-us-max": "longest stretch without a success that is allowed, in microseconds (no limit)",
  "recovery-us-max":
    "longest time from the end of a fault to the first success that is allowed, in microseconds (no limit)",
  "ok-permille-min": "least share of successes among the operations that completed or not, of 1000 (0)",
};

export const availability: NamedChecker = {
  name: "availability",
  judgesFailures: true,
  summary: "share of successes by fault window, longest unavailable stretch, time to the first success after a fault",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    const limits: Limits = {
      windows: readWindows(options),
      stretchUsMax: integerOption(options, "stretch-us-max", Number.MAX_SAFE_INTEGER, 0),
      recoveryUsMax: integerOption(options, "recovery-us-max", Number.MAX_SAFE_INTEGER, 0),
      okPermilleMin: integerOption(options, "ok-permille-min", 0, 0),
    };
    return onCalls("availability", history, (calls) => checkAvailability(calls, limits));
  },
};

type Window = { readonly name: string; readonly startUs: number; readonly endUs: number };
type Limits = {
  readonly windows: readonly Window[];
  readonly stretchUsMax: number;
  readonly recoveryUsMax: number;
  readonly okPermilleMin: number;
};

function readWindows(options: CheckerOptions): readonly Window[] {
  let given: PlainJson = options["faults"] ?? [];
  try {
    if (typeof given === "string") given = JSON.parse(given) as PlainJson;
  } catch {
    throw new OptionError(`option faults: expected a JSON list, found ${show(given)}.`);
  }
  if (!Array.isArray(given)) throw new OptionError(`option faults: expected a JSON list, found ${show(given)}.`);
  return (given as readonly PlainJson[]).map((window) => {
    const { name, startUs, endUs } = (window ?? {}) as { readonly [key: string]: PlainJson };
    if (typeof name === "string" && typeof startUs === "number" && typeof endUs === "number" && startUs <= endUs) {
      return { name, startUs, endUs };
    }
    throw new OptionError(`option faults: expected {name, startUs, endUs}, found ${show(window)}.`);
  });
}

type Share = { readonly ok: number; readonly all: number };

function checkAvailability(calls: readonly Call[], limits: Limits): Verdict {
  if (calls.some((call) => call.invoke.timeUs < 0))
    throw new HistoryError(0, "a time for each event", "events without");
  const startUs = calls.reduce((least, call) => Math.min(least, call.invoke.timeUs), Number.POSITIVE_INFINITY);
  const endUs = calls.reduce((most, call) => Math.max(most, call.completion?.timeUs ?? call.invoke.timeUs), 0);
  const successes = calls.filter((call) => call.outcome === "ok").map((call) => call.completion!.timeUs);
  successes.sort((left, right) => left - right);
  const violations: Violation[] = [];
  const stretch = longestStretch(successes, startUs, endUs);
  if (stretch.lengthUs > limits.stretchUsMax) {
    const sentence = `no operation succeeded for ${stretch.lengthUs} us from ${stretch.fromUs} us on; ${limits.stretchUsMax} us are allowed.`;
    violations.push({
      sentence,
      calls: calls
        .filter((call) => isWithin(call.invoke.timeUs, stretch.fromUs, stretch.fromUs + stretch.lengthUs))
        .slice(0, 4),
    });
  }
  const whole = shareOf(calls);
  if (whole.ok * 1000 < limits.okPermilleMin * whole.all) {
    violations.push({
      sentence: `${whole.ok} of ${whole.all} operations succeeded; ${limits.okPermilleMin} of 1000 are demanded.`,
      calls: [],
    });
  }
  const windows = limits.windows.map((window) => {
    const share = shareOf(calls.filter((call) => isWithin(call.invoke.timeUs, window.startUs, window.endUs)));
    const first = successes.find((timeUs) => timeUs >= window.endUs);
    const recoveryUs = first === undefined ? null : first - window.endUs;
    const isTooLong =
      recoveryUs === null ? endUs - window.endUs > limits.recoveryUsMax : recoveryUs > limits.recoveryUsMax;
    if (isTooLong) {
      const took = recoveryUs === null ? "nothing succeeded any more" : `the first success took ${recoveryUs} us`;
      violations.push({
        sentence: `after ${window.name} ended at ${window.endUs} us, ${took}; ${limits.recoveryUsMax} us are allowed.`,
        calls: [],
      });
    }
    const inside = successes.filter((timeUs) => isWithin(timeUs, window.startUs, window.endUs));
    const longest = longestStretch(inside, window.startUs, window.endUs).lengthUs;
    return { name: window.name, ...share, recoveryUs, longestStretchUs: longest };
  });
  const details: PlainJson = { ...whole, longestStretch: stretch, windows };
  return conclude({ checker: "availability", property: "availability", calls, violations, details });
}

function isWithin(timeUs: number, startUs: number, endUs: number): boolean {
  return timeUs >= startUs && timeUs <= endUs;
}

function shareOf(calls: readonly Call[]): Share {
  return { ok: calls.filter((call) => call.outcome === "ok").length, all: calls.length };
}

function longestStretch(
  successes: readonly number[],
  startUs: number,
  endUs: number,
): { fromUs: number; lengthUs: number } {
  let longest = { fromUs: startUs, lengthUs: 0 };
  let fromUs = startUs;
  for (const timeUs of [...successes, endUs]) {
    if (timeUs - fromUs > longest.lengthUs) longest = { fromUs, lengthUs: timeUs - fromUs };
    fromUs = timeUs;
  }
  return longest;
}
