/**
 * Numbers of EDN and JSON, exactly: a JavaScript number where it stands for the text and no other, else a marked value.
 */
import { marked } from "../marked-values.ts";

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
/** Zeros that are written out behind a large number, so that 1e22 and 10000000000000000000000 are one. */
const ZEROS_MAX = 400;

/** JSON has one kind of number: 1, 1.0 and 10e-1 are equal. Undefined when the text is not a number. */
export function jsonNumber(text: string): number | string | undefined {
  if (!JSON_NUMBER.test(text)) return undefined;
  const value = Number(text);
  if (text.length <= 15 && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  const exact = decimalText(text);
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact && decimalText(String(value)) === exact ? value : marked(exact);
}

/** Decimal text in one form: no zeros at either end, an exponent only where it cannot be written out. */
function decimalText(text: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(-?\d+))?$/.exec(text)!;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  if (power >= 0 && power <= ZEROS_MAX) return `${sign}${significant}${"0".repeat(power)}`;
  return `${sign}${significant}e${power}`;
}

/**
 * Clojure's numbers: integers of any size and base, ratios, doubles, decimals. Kinds differ: 1 is neither 1.0 nor 1M.
 * Undefined when the text is not a number.
 */
export function ednNumber(text: string): number | string | undefined {
  const [, sign, body] = /^([-+]?)(.*)$/s.exec(text)!;
  const isNegative = sign === "-";
  if (/^(0|[1-9]\d*)N?$/.test(body!)) return integer(BigInt(body!.replace("N", "")), isNegative);
  const based = /^0[xX]([0-9a-fA-F]+)N?$/.exec(body!);
  if (based !== null) return integer(BigInt(`0x${based[1]}`), isNegative);
  if (/^0[0-7]+N?$/.test(body!)) return integer(inBase(body!.replace("N", ""), 8)!, isNegative);
  const radix = /^(\d{1,2})[rR]([0-9a-zA-Z]+)$/.exec(body!);
  if (radix !== null) {
    const value = inBase(radix[2]!, Number(radix[1]));
    return value === undefined ? undefined : integer(value, isNegative);
  }
  const ratio = /^(\d+)\/(\d+)$/.exec(body!);
  if (ratio !== null) return ratioOf(BigInt(ratio[1]!), BigInt(ratio[2]!), isNegative);
  if (!/^\d+(\.\d*)?([eE][-+]?\d+)?M?$/.test(body!)) return undefined;
  if (body!.endsWith("M")) return marked(`${isNegative ? "-" : ""}${body}`);
  const value = Number(`${sign}${body}`);
  if (!Number.isFinite(value)) return marked(isNegative ? "##-Inf" : "##Inf");
  if (!Number.isInteger(value)) return value;
  return marked(String(value).includes("e") ? String(value) : `${value}.0`);
}

function integer(size: bigint, isNegative: boolean): number | string {
  const value = isNegative ? -size : size;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : marked(value.toString());
}

function inBase(digits: string, base: number): bigint | undefined {
  if (base < 2 || base > 36) return undefined;
  let value = 0n;
  for (const digit of digits) {
    const number = Number.parseInt(digit, 36);
    if (number >= base) return undefined;
    value = value * BigInt(base) + BigInt(number);
  }
  return value;
}

function ratioOf(over: bigint, under: bigint, isNegative: boolean): number | string | undefined {
  if (under === 0n) return undefined;
  let [left, right] = [over, under];
  while (right !== 0n) [left, right] = [right, left % right];
  if (under === left) return integer(over / left, isNegative);
  return marked(`${isNegative ? "-" : ""}${over / left}/${under / left}`);
}
