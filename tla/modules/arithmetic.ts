/** Naturals, Integers, Reals (whole numbers only) and Bitwise. */
import { fail } from "../errors.ts";
import { interval, power } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { asNumber, type BuiltinModule, integer, type Native, pure } from "./native.ts";

function arithmetic(name: string, compute: (a: number, b: number) => number): Native {
  return pure(2, (_m, args) => integer(compute(asNumber(args[0], name), asNumber(args[1], name)), name));
}

function order(name: string, holds: (a: number, b: number) => boolean): Native {
  return pure(2, (_m, args) => holds(asNumber(args[0], name), asNumber(args[1], name)));
}

export function divide(a: number, b: number): number {
  return b === 0 ? fail("\\div by zero") : Math.floor(a / b);
}

/** TLA+'s modulus: never negative, for a positive divisor. */
export function modulo(a: number, b: number): number {
  if (b <= 0) return fail(`% needs a positive divisor, found ${b}`);
  const rest = a % b;
  return rest < 0 ? rest + b : rest + 0;
}

/** TLC's power: no fractions, and nothing for 0 to the power of 0. */
function raise(base: number, exponent: number): number {
  if (exponent < 0) return fail(`${base}^${exponent}: the exponent of ^ must not be negative`);
  return base === 0 && exponent === 0 ? fail("0^0 is undefined") : power(base, exponent);
}

/** By bits, of numbers of any size: JavaScript's own operators cut at 32 bits. */
function bitwise(name: string, compute: (a: bigint, b: bigint) => bigint): Native {
  return arithmetic(name, (a, b) => Number(compute(BigInt(a), BigInt(b))));
}

function endless(name: string, test: (value: number) => boolean): Value {
  const check = (value: Value): boolean => {
    if (typeof value === "number") return test(value);
    if (typeof value === "object" && value.kind === "model") return false;
    return fail(`${showValue(value)} is no number, but is looked for in ${name}`);
  };
  return { kind: "endless", name, test: check, normal: undefined };
}

const Nat = endless("Nat", (value) => value >= 0);
const Int = endless("Int", () => true);
const Real = endless("Real", () => true);

const naturals: Readonly<Record<string, Native>> = {
  "+": arithmetic("+", (a, b) => a + b),
  "-": arithmetic("-", (a, b) => a - b),
  "*": arithmetic("*", (a, b) => a * b),
  "^": arithmetic("^", raise),
  "\\div": arithmetic("\\div", divide),
  "%": arithmetic("%", modulo),
  "<": order("<", (a, b) => a < b),
  ">": order(">", (a, b) => a > b),
  "=<": order("=<", (a, b) => a <= b),
  ">=": order(">=", (a, b) => a >= b),
  "..": pure(2, (_m, args) => interval(asNumber(args[0], ".."), asNumber(args[1], ".."))),
  Nat: pure(0, () => Nat),
};

function shiftRight(value: number, places: number): number {
  return divide(value, power(2, places));
}

export const arithmeticModules: Readonly<Record<string, BuiltinModule>> = {
  Naturals: { natives: naturals, text: "---- MODULE Naturals ----\n====" },
  Integers: {
    natives: { Int: pure(0, () => Int), "-.": pure(1, (_m, args) => integer(-asNumber(args[0], "-"), "-")) },
    text: "---- MODULE Integers ----\nEXTENDS Naturals\n====",
  },
  Reals: {
    natives: {
      Real: pure(0, () => Real),
      "/": arithmetic("/", (a, b) =>
        b !== 0 && a % b === 0 ? a / b : fail(`${a} / ${b} is no integer, and this engine handles no others`),
      ),
    },
    text: "---- MODULE Reals ----\nEXTENDS Integers\n====",
  },
  Bitwise: {
    natives: {
      "&": bitwise("&", (a, b) => a & b),
      "|": bitwise("|", (a, b) => a | b),
      "^^": bitwise("^^", (a, b) => a ^ b),
      Not: pure(1, (_m, args) => -asNumber(args[0], "Not") - 1),
      shiftR: arithmetic("shiftR", shiftRight),
      shiftL: arithmetic("shiftL", (a, b) => a * power(2, b)),
    },
    text: "---- MODULE Bitwise ----\nEXTENDS Integers\n====",
  },
};
