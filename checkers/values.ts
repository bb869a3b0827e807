/**
 * Values of histories as keys: equal JSON has equal keys, different JSON different ones.
 *
 * Objects are compared as written: the same object with its fields in another order is another value.
 */
import type { PlainJson } from "./history.ts";

/** A key of one value, cheap for numbers and strings. */
export function keyOfValue(value: PlainJson): string | number {
  if (typeof value === "number") return value;
  if (typeof value === "string") return `"${value}`;
  return JSON.stringify(value);
}

export function isSameValue(left: PlainJson, right: PlainJson): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  return JSON.stringify(left) === JSON.stringify(right);
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
