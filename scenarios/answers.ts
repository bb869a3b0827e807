/**
 * What the functions of a scenario return, checked in one place: each `require…` returns the value, or throws a ScenarioError that names the
 * function, the place in its answer, what was expected and what was found.
 */
import type { PlainJson } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { isThenable, showValue } from "../nemesis/issue.ts";
import { nearest } from "../nemesis/suggest.ts";
import type { Client, Eventually, Outcome, PlannedOperation, Watch } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

/** Operations that one function may return; a run of the default length has room for some thousands. */
export const OPERATIONS_MAX = 1_000_000;
/** Levels of lists and objects in a value of an operation. */
const LEVELS_MAX = 200;
/** Thinking time that a clock of the simulation can still count. */
const AFTER_US_MAX = 1_000_000_000_000_000;

type Fields = { readonly [name: string]: unknown };

function complain(part: string, expected: string, found: unknown): never {
  // Nobody will wait for it: a rejection must not end the process.
  if (isThenable(found)) found.then(undefined, () => {});
  throw new ScenarioError(part, `expected ${expected}, found ${showValue(found)}.`);
}

export function requireFunction(value: unknown, part: string, expected: string): void {
  if (typeof value !== "function") complain(part, expected, value);
}

function requireObject(value: unknown, part: string, expected: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isThenable(value))
    complain(part, expected, value);
  return value as Fields;
}

function requireList(value: unknown, part: string, expected: string): readonly unknown[] {
  if (!Array.isArray(value)) return complain(part, expected, value);
  for (let i = 0; i < value.length; i++) if (!(i in value)) complain(`${part}[${i}]`, "an entry", undefined);
  return value;
}

function requireFields(value: Fields, part: string, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const guess = nearest(unknown, known);
  const next = guess === null ? `fields are ${known.join(", ")}` : `did you mean ${JSON.stringify(guess)}?`;
  throw new ScenarioError(part, `unknown field ${JSON.stringify(unknown)}; ${next}`);
}

function requireInteger(value: unknown, part: string, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  return complain(part, `an integer from ${min} to ${max}`, value);
}

function requireText(value: unknown, part: string): string {
  return typeof value === "string" && value !== "" ? value : complain(part, "a text that is not empty", value);
}

/**
 * A copy of a JSON value, so that what is recorded changes no more. Refused is what JSON would drop or change: NaN, undefined, functions,
 * BigInt, dates, holes in lists, circles.
 */
export function requireJson(value: unknown, part: string, level = 0): PlainJson {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value === 0 ? 0 : value;
      break;
    case "object": {
      if (value === null) return null;
      if (level >= LEVELS_MAX)
        throw new ScenarioError(part, `lies more than ${LEVELS_MAX} levels deep, or contains itself.`);
      if (Array.isArray(value))
        return requireList(value, part, "a list").map((item, i) => requireJson(item, `${part}[${i}]`, level + 1));
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) break;
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, requireJson(item, `${part}.${name}`, level + 1)]),
      );
    }
    default:
  }
  return complain(part, "JSON (null, true, false, finite numbers, texts, lists, plain objects)", value);
}

const OPERATION_FIELDS = ["process", "afterUs", "f", "key", "value"];

/** The workload, liveness or final operations for this many processes; values are copied. */
export function requireOperations(value: unknown, part: string, processes: number): readonly PlannedOperation[] {
  const list = requireList(value, part, "a list of operations");
  if (list.length > OPERATIONS_MAX)
    throw new ScenarioError(part, `expected at most ${OPERATIONS_MAX} operations, found ${list.length}.`);
  return list.map((item, i) => requireOperation(item, `${part}[${i}]`, processes));
}

function requireOperation(value: unknown, part: string, processes: number): PlannedOperation {
  const found = requireObject(value, part, "an operation, { process, afterUs, f, key, value }");
  requireFields(found, part, OPERATION_FIELDS);
  const key = found["key"];
  if (key !== undefined && typeof key !== "string") complain(`${part}.key`, "a text", key);
  return {
    process: requireInteger(found["process"], `${part}.process`, 0, processes - 1),
    afterUs: requireInteger(found["afterUs"], `${part}.afterUs`, 0, AFTER_US_MAX),
    f: requireText(found["f"], `${part}.f`),
    ...(key === undefined ? {} : { key: key as string }),
    value: requireJson(found["value"], `${part}.value`),
  };
}

export function requireClient(value: unknown, part: string): Client {
  const found = requireObject(value, part, "a client, { invoke(operation) }");
  requireFunction(found["invoke"], `${part}.invoke`, "a function that takes an operation");
  return value as Client;
}

/** An outcome, its values copied. */
export function requireOutcome(value: unknown, part: string): Outcome {
  const found = requireObject(value, part, 'an outcome, such as { type: "ok", value: 1 }');
  const { type } = found;
  if (type === "ok") {
    requireFields(found, part, ["type", "value", "result"]);
    const json = (name: string): { readonly [name: string]: PlainJson } =>
      found[name] === undefined ? {} : { [name]: requireJson(found[name], `${part}.${name}`) };
    return { type, ...json("value"), ...json("result") };
  }
  if (type !== "fail" && type !== "info") return complain(`${part}.type`, '"ok", "fail" or "info"', type);
  requireFields(found, part, ["type", "error"]);
  const { error } = found;
  return { type, error: typeof error === "string" ? error : complain(`${part}.error`, "a text", error) };
}

/** Names of hosts that exist. */
export function requireHosts(value: unknown, part: string, hosts: ReadonlySet<string>): readonly string[] {
  requireList(value, part, "a list of host names").forEach((host, i) => {
    if (typeof host === "string" && hosts.has(host)) return;
    complain(`${part}[${i}]`, `one of the hosts ${[...hosts].slice(0, 12).join(", ")}`, host);
  });
  return value as readonly string[];
}

/** What `watch` returned; the targets that the scenario declares must be there. */
export function requireWatch(value: unknown, part: string, targets: readonly string[]): Watch {
  const found = requireObject(value, part, "a record of targets, monitors, eventually and counts");
  if (Object.getPrototypeOf(found) === Object.prototype)
    requireFields(found, part, ["targets", "monitors", "eventually", "counts"]);
  const watch = value as Watch;
  const given =
    watch.targets === undefined ? {} : requireObject(watch.targets, `${part}.targets`, "a record of functions");
  for (const name of new Set([...targets, ...Object.keys(given)]))
    requireFunction(given[name], `${part}.targets.${name}`, "a function that gives host names");
  requireList(watch.monitors ?? [], `${part}.monitors`, "a list").forEach((monitor, i) => {
    const at = `${part}.monitors[${i}]`;
    const { name, verdict } = requireObject(monitor, at, "a monitor, { name, verdict() }");
    requireText(name, `${at}.name`);
    requireFunction(verdict, `${at}.verdict`, "a function that gives a verdict");
  });
  requireList(watch.eventually ?? [], `${part}.eventually`, "a list").forEach((claim, i) => {
    const at = `${part}.eventually[${i}]`;
    const { name, withinUs, pending } = requireObject(claim, at, "a claim, { name, withinUs, pending() }") as Fields &
      Partial<Eventually>;
    requireText(name, `${at}.name`);
    requireInteger(withinUs, `${at}.withinUs`, 1, AFTER_US_MAX);
    requireFunction(pending, `${at}.pending`, "a function that says what is still pending, or null");
  });
  if (watch.counts !== undefined) requireFunction(watch.counts, `${part}.counts`, "a function that gives numbers");
  return watch;
}

export function requirePending(value: unknown, part: string): string | null {
  return value === null || typeof value === "string" ? value : complain(part, "a text, or null when it holds", value);
}

export function requireCounts(value: unknown, part: string): { readonly [name: string]: number } {
  for (const [name, count] of Object.entries(requireObject(value, part, "a record of numbers")))
    if (typeof count !== "number" || !Number.isFinite(count)) complain(`${part}.${name}`, "a number", count);
  return value as { readonly [name: string]: number };
}

/** A verdict as checkers/verdict.ts describes it. */
export function requireVerdict(value: unknown, part: string): Verdict {
  const expected = "a verdict: validVerdict(…), invalidVerdict(…) or unknownVerdict(…)";
  const found = requireObject(value, part, expected);
  const { kind } = found;
  if (kind !== "valid" && kind !== "invalid" && kind !== "unknown") return complain(`${part}.kind`, expected, kind);
  requireInteger(found["operations"], `${part}.operations`, 0, Number.MAX_SAFE_INTEGER);
  requireText(found["checker"], `${part}.checker`);
  if (kind === "unknown") requireText(found["reason"], `${part}.reason`);
  if (kind === "invalid") requireEvidence(found["evidence"], `${part}.evidence`);
  return value as Verdict;
}

function requireEvidence(value: unknown, part: string): void {
  const found = requireObject(value, part, "evidence, { property, lines, proof }");
  requireText(found["property"], `${part}.property`);
  requireList(found["lines"], `${part}.lines`, "a list of sentences").forEach((line, i) => {
    if (typeof line !== "string") complain(`${part}.lines[${i}]`, "a sentence", line);
  });
  requireList(found["proof"], `${part}.proof`, "a list of operations").forEach((operation, i) => {
    const at = `${part}.proof[${i}]`;
    const { f, process, callUs, returnUs } = requireObject(operation, at, "an operation of pairOperations(history)");
    requireText(f, `${at}.f`);
    for (const [name, number] of Object.entries({ process, callUs, returnUs }))
      if (typeof number !== "number") complain(`${at}.${name}`, "a number", number);
  });
  if (found["details"] !== undefined) requireJson(found["details"], `${part}.details`);
}

/** Groups by node: names of nodes only, each with a list of group names. */
export function requireGroups(
  value: unknown,
  part: string,
  nodes: readonly string[],
): { readonly [node: string]: readonly string[] } {
  const found = requireObject(value, part, "a record of lists of group names, by node");
  for (const [node, groups] of Object.entries(found)) {
    if (!nodes.includes(node)) complain(part, `names of nodes (${nodes.slice(0, 12).join(", ")})`, node);
    requireList(groups, `${part}.${node}`, "a list of group names").forEach((group, i) => {
      requireText(group, `${part}.${node}[${i}]`);
    });
  }
  return value as { readonly [node: string]: readonly string[] };
}

/** An options record whose fields are known; what their values may be is checked by what takes them. */
export function requireOptions<T>(
  value: unknown,
  part: string,
  known: { readonly [name: string]: readonly string[] | null },
): T {
  const found = requireObject(value, part, "a record of options");
  requireFields(found, part, Object.keys(known));
  for (const [name, fields] of Object.entries(known)) {
    if (fields === null || found[name] === undefined) continue;
    requireFields(requireObject(found[name], `${part}.${name}`, "a record of options"), `${part}.${name}`, fields);
  }
  return value as T;
}

export function requireCount(value: unknown, part: string): number {
  return requireInteger(value, part, 0, Number.MAX_SAFE_INTEGER);
}
