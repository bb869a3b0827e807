/** How the first complaint of a zod schema is put in words: the place, what was expected, what was found. Used for plans and scenarios. */
import type { z } from "zod";
import { nearest } from "./suggest.ts";

const SHOWN_MAX = 80;

const EXPECTED: Readonly<Record<string, string>> = {
  int: "an integer",
  number: "an integer",
  string: "a text",
  array: "a list",
  object: "an object",
  boolean: "true or false",
  function: "a function",
};

/** "faults[2].hosts[0]" */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path)
    text += typeof part === "number" ? `[${part}]` : text === "" ? String(part) : `.${String(part)}`;
  return text;
}

export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Any value as it appears in messages: JSON where it is JSON, cut at 80 characters; never throws. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "bigint") return `the BigInt ${value}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "symbol") return "a symbol";
  if (isThenable(value)) return "a promise";
  const sort = Object.prototype.toString.call(value).slice(8, -1);
  if (sort === "Map" || sort === "Set" || sort === "Date" || sort === "RegExp") return `a ${sort}`;
  try {
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
  } catch {
    // Too deep for the stack, circular, or with a toJSON of its own that throws.
    return Array.isArray(value) ? "a list that cannot be shown" : "an object that cannot be shown";
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/** "Did you mean …?", or all that there are. */
export function suggestion(word: string, known: readonly string[], what: string): string {
  const guess = nearest(word, known);
  return guess === null ? `${what} are ${known.join(", ")}.` : `Did you mean ${JSON.stringify(guess)}?`;
}

/** What is wrong, in one sentence, for every code but unrecognized_keys and invalid_union, whose answer depends on the document. */
export function describeIssue(issue: z.core.$ZodIssue, found: unknown): string {
  const shown = showValue(found);
  switch (issue.code) {
    case "invalid_value": {
      const allowed = issue.values.map(showValue).join(", ");
      const expected = issue.values.length === 1 ? allowed : `one of ${allowed}`;
      return found === undefined ? `is missing; expected ${expected}.` : `expected ${expected}, found ${shown}.`;
    }
    case "too_small":
      if (issue.origin === "array" || issue.origin === "string") return "is empty.";
      return `${shown} is below ${issue.minimum}.`;
    case "too_big":
      if (issue.origin === "array") return `has more than ${issue.maximum} entries.`;
      if (issue.origin === "string") return `has more than ${issue.maximum} characters.`;
      return `${shown} is above ${issue.maximum}.`;
    case "invalid_type": {
      const expected = EXPECTED[issue.expected] ?? issue.expected;
      return found === undefined ? `is missing; expected ${expected}.` : `expected ${expected}, found ${shown}.`;
    }
    case "invalid_format":
      return `${shown} ${issue.message}.`;
    default:
      return `${issue.message}.`;
  }
}
