/** The parser: what it accepts, and the messages for what it does not. */
import { describe, expect, it } from "vitest";
import { describeError, TlaError } from "../errors.ts";
import type { Node } from "./ast.ts";
import { parseConfig } from "./config.ts";
import { parseModules } from "./parse-module.ts";

function definition(body: string): Node {
  const [module] = parseModules(`---- MODULE M ----\nD == ${body}\n====`, "M");
  const unit = module!.units[0]!;
  if (unit.kind !== "operator") throw new Error("not an operator");
  return unit.body;
}

/** The shape of an expression as nested text, for comparing. */
function shape(node: Node): string {
  switch (node.kind) {
    case "and":
    case "or":
    case "tuple":
    case "set":
    case "times":
      return `${node.kind}(${node.items.map(shape).join(" ")})`;
    case "apply":
      return node.args.length === 0 ? node.name : `${node.name}(${node.args.map(shape).join(" ")})`;
    case "number":
      return String(node.value);
    case "forall":
    case "exists":
    case "always":
    case "prime":
      return `${node.kind}(${shape(node.body)})`;
    default:
      return node.kind;
  }
}

function complaint(text: string): string {
  try {
    parseModules(text, "M");
  } catch (error) {
    if (error instanceof TlaError) return describeError(error);
    throw error;
  }
  return "no error";
}

describe("expressions", () => {
  it.each([
    ["a + b * c", "+(a *(b c))"],
    ["a - b - c", "-(-(a b) c)"],
    ["~a /\\ b", "and(~(a) b)"],
    ["a /\\ b => c", "=>(and(a b) c)"],
    ["-a + b", "+(-.(a) b)"],
    ["x' = y /\\ z", "and(=(prime(x) y) z)"],
    ["A \\X B \\X C", "times(A B C)"],
    ["A \\X (B \\X C)", "times(A times(B C))"],
    ["\\A x \\in S : x /\\ y => z", "forall(=>(and(x y) z))"],
    ["a ∪ b ⊆ c ∧ d ∈ e", "and(\\subseteq(\\cup(a b) c) \\in(d e))"],
    ["\\hFF + \\b101", "+(255 5)"],
  ])("%s", (text, expected) => {
    expect(shape(definition(text))).toBe(expected);
  });

  it("reads junction lists by column, nested and mixed", () => {
    const text = "\n  /\\ a\n  /\\ \\/ b\n     \\/ c\n        + d\n  /\\ e\n";
    expect(shape(definition(text))).toBe("and(a or(b +(c d)) e)");
  });

  it("tells a function from an action by what follows", () => {
    expect(definition("[x \\in S |-> x]").kind).toBe("fcn");
    expect(definition("[x \\in S]_v").kind).toBe("boxAction");
    expect(definition("<<A>>_v").kind).toBe("angleAction");
    expect(definition("[S -> T]").kind).toBe("fcnSet");
    expect(definition("[f EXCEPT ![1].a = @ + 1]").kind).toBe("except");
  });
});

describe("modules", () => {
  it("skips proofs and keeps what follows them", () => {
    const text = `---- MODULE M ----
THEOREM T == 1 = 1
<1>1. ASSUME NEW x \\in Nat PROVE x = x
  <2>1. QED BY <1>1, SMT DEF D
<1>2. QED
  BY <1>1
LEMMA 2 = 2 OBVIOUS
D(x) == x
====`;
    expect(parseModules(text, "M")[0]!.units.map((unit) => ("name" in unit ? unit.name : unit.kind))).toEqual([
      "T",
      "D",
    ]);
  });

  it("reads every module of a file and ignores the text around them", () => {
    const text = "any \"text\n---- MODULE A ----\n====\nmore ' text\n---- MODULE B ----\n====\n$ for x in 1; do";
    expect(parseModules(text, "A").map((module) => module.name)).toEqual(["A", "B"]);
  });
});

describe("messages name line, column, what was expected and what was found", () => {
  it.each([
    ["---- MODULE M ----\nA == (1 + \n====", 'line 3, column 1 of module M: expected an expression here, found "===="'],
    [
      "---- MODULE M ----\nA == IF a THEN b\nB == 1\n====",
      'line 3, column 1 of module M: expected "ELSE" after the THEN part of IF, found "B"',
    ],
    [
      "---- MODULE M ----\nA == [x \\in S |-> 1\n====",
      'line 3, column 1 of module M: expected "]" to close a function, found "===="',
    ],
    [
      "---- MODULE M ----\nA == a /\\ b \\/ c\n====",
      "line 2, column 13 of module M: expected parentheses: the precedence of /\\ and \\/ does not say which comes first",
    ],
    ['---- MODULE M ----\nA == "abc\n====', 'line 2, column 6 of module M: expected a closing quote (") on this line'],
    [
      "---- MODULE M ----\nA == 1 (* open\n====",
      'line 2, column 8 of module M: expected "*)" to close this comment, found end of file',
    ],
    ["---- MODULE M ----\nA == a ? b\n====", 'line 2, column 8 of module M: unexpected character "?"'],
    [
      "---- MODULE M ----\nA == 1 + 9007199254740993\n====",
      'line 2, column 10 of module M: expected a number below 2^53 here, found "9007199254740993"',
    ],
    ["A == 1", 'line 1, column 1 of module M: expected "---- MODULE" at the start of a module, found "A"'],
  ])("%#", (text, expected) => {
    expect(complaint(text)).toBe(expected);
  });
});

describe("configurations", () => {
  it("reads constants, overrides and what to check", () => {
    const config = parseConfig(
      "CONSTANTS N = 3\n S = {a, 1}\n F <- [M] G\nINVARIANTS I J\nCHECK_DEADLOCK FALSE \\* off\nSPECIFICATION Spec",
      "c",
    );
    expect(config.constants.map(({ name, operator, inModule }) => [name, operator, inModule])).toEqual([
      ["N", undefined, undefined],
      ["S", undefined, undefined],
      ["F", "G", "M"],
    ]);
    expect(config.invariants.map((setting) => setting.name)).toEqual(["I", "J"]);
    expect(config.checkDeadlock).toBe(false);
  });

  it("says what it expected", () => {
    expect(() => parseConfig("CONSTANT N = -99999999999999999999", "m.cfg")).toThrow("expected a number below 2^53");
    expect(() => parseConfig("INVARIANT Inv\nCONSTANT N : 3", "m.cfg")).toThrow('expected "=" or "<-", found ":"');
  });
});
