/**
 * Values of histories as keys: equal values have equal keys, different ones different keys.
 *
 * The fields of an object have no order. Readers have made sets and numbers canonical (formats/nested-values.ts).
 */
import type { PlainJson } from "./history.ts";

/** A key of one value, cheap for numbers and strings. */
export function keyOfValue(value: PlainJson): string | number {
  if (typeof value === "number") return value;
  if (typeof value === "string") return `"${value}`;
  return canonicalText(value);
}

export function isSameValue(left: PlainJson, right: PlainJson): boolean {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  return canonicalText(left) === canonicalText(right);
}

/** JSON with the fields of each object in order of their names. */
export function canonicalText(value: PlainJson): string {
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const fields = value as { readonly [key: string]: PlainJson };
  const names = Object.keys(fields).sort(compareText);
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(fields[name]!)}`).join(",")}}`;
}

/** By code points, a prefix first: the order of the UTF-8 bytes, on which every machine and language agrees. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [left.charCodeAt(i), right.charCodeAt(i)];
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return left.length - right.length;
}

/** Surrogates stand for code points above all single units, so they rank above 0xe000 to 0xffff. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
