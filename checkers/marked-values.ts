/**
 * Values that JSON cannot hold exactly, as text that no file can contain by accident.
 *
 * A checker compares values, so a reader must keep apart what its format keeps apart: EDN's keyword :a and string "a", 1 and
 * 1.0, integers beyond 2^53. Such a value is a string that begins with the noncharacter U+FFFF, followed by a canonical
 * form: equal values have equal text. What follows the mark:
 *   :name       a keyword
 *   'name       a symbol
 *   \c          a character
 *   digits      an integer beyond 2^53, a decimal that a double cannot hold, EDN's 1.0, 2.50M, 1/3, ##Inf
 *   #tag text   a tagged literal, a regular expression, a var
 *   "text       a string that itself began with U+FFFF
 * Readers make them, `show` and the writers print them; checkers need `nameOf` and `numberOf` at most.
 */
import type { PlainJson } from "./history.ts";

/** Begins every marked value. */
export const MARK = "\uffff";

export function marked(text: string): string {
  return MARK + text;
}

export function isMarked(value: PlainJson | undefined): value is string {
  return typeof value === "string" && value.startsWith(MARK);
}

/** A string of a file: itself, unless it begins with the mark. */
export function markedString(text: string): string {
  return text.startsWith(MARK) ? `${MARK}"${text}` : text;
}

/** The name that a keyword, a symbol or a string gives; undefined for every other value. */
export function nameOf(value: PlainJson | undefined): string | undefined {
  if (typeof value !== "string") return undefined;
  if (!value.startsWith(MARK)) return value;
  return value[1] === ":" || value[1] === "'" ? value.slice(2) : undefined;
}

export function isKeyword(value: PlainJson | undefined): value is string {
  return isMarked(value) && value[1] === ":";
}

/** The nearest number of a value that is one, marked or not; undefined for every other value. */
export function numberOf(value: PlainJson | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (!isNumber(value)) return undefined;
  const number = Number(value.slice(1).replace(/[NM]$/, ""));
  return Number.isFinite(number) ? number : undefined;
}

/** An integer as BigInt, however large; undefined for every other value. */
export function integerOf(value: PlainJson | undefined): bigint | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  return isMarked(value) && /^-?\d+$/.test(value.slice(1)) ? BigInt(value.slice(1)) : undefined;
}

function isNumber(value: PlainJson | undefined): value is string {
  return isMarked(value) && /^-?\d/.test(value.slice(1));
}

/** JSON for people: marked values as their formats write them. */
export function readable(value: unknown): string | undefined {
  return JSON.stringify(value)?.replace(MARKED_TEXT, (_, inner: string) => {
    const text = JSON.parse(`"${inner}"`) as string;
    return text.startsWith('"') ? JSON.stringify(text.slice(1)) : text;
  });
}

/** JSON that a program reads back: large numbers as numbers, other marked values as strings. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value).replace(MARKED_TEXT, (_, inner: string) => {
    const text = JSON.parse(`"${inner}"`) as string;
    if (/^-?\d+(\.\d+)?(e-?\d+)?$/.test(text)) return text;
    return JSON.stringify(text.startsWith('"') ? text.slice(1) : text);
  });
}

const MARKED_TEXT = /"\uffff((?:[^"\\]|\\.)*)"/g;

/** A sentence that may quote marked values, as people read it. */
export function plainSentence(text: string): string {
  return text.includes(MARK) ? text.replace(MARKED_TEXT, "$1").replaceAll(MARK, "") : text;
}

/** The same value with its marked parts as plain strings, for `--json`. */
export function unmarked<T>(value: T): T {
  const text = JSON.stringify(value);
  if (text === undefined || !text.includes(MARK)) return value;
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner !== "string" || !inner.startsWith(MARK)) return inner;
    return inner[1] === '"' ? inner.slice(2) : inner.slice(1);
  }) as T;
}

/** The name of a field as its file had it, where EDN's string keys are kept apart from keywords by their quotes. */
export function fieldText(name: string): string {
  return /^".*"$/s.test(name) ? (JSON.parse(name) as string) : name;
}
