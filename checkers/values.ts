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

/** Code points before each other, shorter first: the one order for text that every machine agrees on. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
