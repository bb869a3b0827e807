/**
 * Precedence: every pair of operators against SANY's table, in both directions.
 *
 * Source of the table: CanonicalOperators in tla2sany/configuration/ConfigConstants.java of github.com/tlaplus/tlaplus, in SANY's numbers
 * (ten times those of Specifying Systems). Source of the rules: tla2sany/parser/OperatorStack.java.
 */
import { describe, expect, it } from "vitest";
import { TlaError } from "../errors.ts";
import { evaluated } from "../testing.test.help.ts";
import type { Node } from "./ast.ts";
import { infixOperators, postfixOperators, prefixOperators, synonyms } from "./operators.ts";
import { parseModules } from "./parse-module.ts";

type Range = { low: number; high: number; isLeft: boolean };

function ranges(table: string): Map<string, Range> {
  const lines = table.trim().split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [low, high, side, ...names] = line.trim().split(" ");
      return names.map((name) => [name, { low: Number(low), high: Number(high), isLeft: side === "left" }] as const);
    }),
  );
}

const infix = ranges(String.raw`
10 10 none =>
20 20 none <=> -+-> ~>
30 30 left /\ \/
50 50 none = # \in \notin \subseteq < > =< >= |- |= -| =| := ::= \prec \succ \preceq \succeq \sim \simeq \ll \gg \asymp \subset \supset
50 50 none \supseteq \approx \cong \sqsubset \sqsubseteq \sqsupset \sqsupseteq \doteq \propto
50 140 left \cdot
60 60 left @@
70 70 none :> <:
80 80 none \
80 80 left \cup \cap
90 90 none .. ...
90 130 none !!
90 130 left ## $ $$ ?? \uplus \sqcap \sqcup
90 140 none \wr
100 100 left + ++ (+)
100 110 none %
100 110 left %% | ||
100 130 left \X
110 110 left - -- (-)
130 130 none / // \div (/)
130 130 left * ** & && (.) (\X) \star \o \bigcirc \bullet
140 140 none ^ ^^`);
const prefix = ranges(`
40 40 none ~
40 150 none [] <> ENABLED UNCHANGED
100 130 none SUBSET UNION DOMAIN
120 120 none -`);
const postfix = ranges("150 150 none ' ^+ ^* ^#");

/** How `left` and then `right` share the operand between them. */
function sharing(left: Range, right: Range, isSame: boolean): "left" | "right" | "conflict" {
  if (left.high < right.low) return "right";
  return left.low > right.high || (isSame && left.isLeft) ? "left" : "conflict";
}

const named: Partial<Record<Node["kind"], string>> = {
  and: "/\\",
  or: "\\/",
  times: "\\X",
  always: "[]",
  eventually: "<>",
  enabled: "ENABLED",
  unchanged: "UNCHANGED",
  prime: "'",
};

/** An expression with brackets around every operator: `(+ a (* b c))`. */
function bracketed(node: Node): string {
  if (node.kind === "apply") {
    const name = node.name === "-." ? "-" : node.name;
    return node.args.length === 0 ? name : `(${[name, ...node.args.map(bracketed)].join(" ")})`;
  }
  const parts = "items" in node ? (node.items as Node[]) : "body" in node ? [node.body as Node] : [];
  return `(${[named[node.kind] ?? node.kind, ...parts.map(bracketed)].join(" ")})`;
}

function read(text: string): string {
  try {
    const [unit] = parseModules(`---- MODULE M ----\nD == ${text}\n====`, "M")[0]!.units;
    return unit?.kind === "operator" ? bracketed(unit.body) : "no definition";
  } catch (error) {
    if (error instanceof TlaError) return error.message.startsWith("expected parentheses") ? "conflict" : error.message;
    throw error;
  }
}

/** What is read otherwise than SANY does: the text, what was expected, and what was read. */
function differing(cases: Iterable<readonly [text: string, expected: string]>): string[] {
  const found: string[] = [];
  for (const [text, expected] of cases) {
    const actual = read(text);
    if (actual !== expected) found.push(`${text}: expected ${expected}, read ${actual}`);
  }
  return found;
}

function* pairs(
  left: ReadonlyMap<string, Range>,
  right: ReadonlyMap<string, Range>,
  write: (l: string, r: string) => readonly [text: string, leftFirst: string, rightFirst: string],
): Generator<readonly [string, string]> {
  for (const [l, leftRange] of left) {
    for (const [r, rightRange] of right) {
      const [text, leftFirst, rightFirst] = write(l, r);
      const shared = sharing(leftRange, rightRange, l === r);
      yield [text, { left: leftFirst, right: rightFirst, conflict: "conflict" }[shared]];
    }
  }
}

describe("the precedence of operators is SANY's", () => {
  it("with all of SANY's operators, and no others", () => {
    expect([...infixOperators.keys()].sort()).toEqual([...infix.keys()].sort());
    expect([...prefixOperators.keys()].map((name) => (name === "-." ? "-" : name)).sort()).toEqual(
      [...prefix.keys()].sort(),
    );
    expect([...postfixOperators.keys()].sort()).toEqual([...postfix.keys()].sort());
  });

  it("for two infix operators", () => {
    const isList = (name: string): boolean => name === "\\X" || name === "/\\" || name === "\\/";
    const cases = pairs(infix, infix, (l, r) => [
      `a ${l} b ${r} c`,
      l === r && isList(l) ? `(${l} a b c)` : `(${r} (${l} a b) c)`,
      `(${l} a (${r} b c))`,
    ]);
    expect(differing(cases)).toEqual([]);
  });

  it("for a prefix operator and what follows its operand", () => {
    expect(
      differing(pairs(prefix, infix, (l, r) => [`${l} a ${r} b`, `(${r} (${l} a) b)`, `(${l} (${r} a b))`])),
    ).toEqual([]);
    expect(differing(pairs(prefix, postfix, (l, r) => [`${l} a${r}`, `(${r} (${l} a))`, `(${l} (${r} a))`]))).toEqual(
      [],
    );
  });

  it("for an infix operator and a postfix operator behind it", () => {
    expect(
      differing(pairs(infix, postfix, (l, r) => [`a ${l} b${r}`, `(${r} (${l} a b))`, `(${l} a (${r} b))`])),
    ).toEqual([]);
  });

  it("for a prefix operator behind an infix or prefix operator, where only the minus can be in conflict", () => {
    const cases: [string, string][] = [];
    const minus = prefix.get("-")!;
    for (const r of prefix.keys()) {
      for (const [l, { low }] of infix)
        cases.push([`a ${l} ${r} b`, r === "-" && low > minus.high ? "conflict" : `(${l} a (${r} b))`]);
      for (const l of prefix.keys()) cases.push([`${l} ${r} b`, `(${l} (${r} b))`]);
    }
    expect(differing(cases)).toEqual([]);
  });

  it("whatever an operator is called", () => {
    const all = new Map([...infix, ...prefix, ...postfix]);
    const others = [...synonyms].filter(([, name]) => all.has(name));
    expect(others.length).toBeGreaterThan(80);
    const cases = others.map(([other, name]): [string, string] => {
      const write = (text: string): string =>
        prefix.has(name) ? `${text} a` : postfix.has(name) ? `a${text}` : `a ${text} b`;
      return [write(other), read(write(name))];
    });
    expect(differing(cases)).toEqual([]);
  });

  it.each([
    ["UNION {{1},{2}} \\cup {3}", "{1, 2, 3}"],
    ["SUBSET {1} \\ {{}}", "{{1}}"],
    ['DOMAIN [a |-> 1] \\cup {"b"}', '{"a", "b"}'],
    ["2 \\in DOMAIN <<1, 2>> \\cap 1..2", "TRUE"],
    ["-1 + 2", "1"],
    ["-2 * 3 + 1", "-5"],
    ["-2 ^ 2", "-4"],
    ["1 - -1", "2"],
    ["~TRUE /\\ FALSE", "FALSE"],
    ["2 * (-1)", "-2"],
  ])("%s is %s", (text, value) => {
    expect(evaluated(text)).toBe(value);
  });

  it.each(["DOMAIN <<1>> \\X {1}", "SUBSET {1} \\X {2}", "UNION {{1}} + 1", "2 * -1", "2 ^ -1 * 3", "1 .. 2 .. 3"])(
    "%s needs parentheses",
    (text) => {
      expect(() => evaluated(text)).toThrow(/expected parentheses/);
    },
  );
});
