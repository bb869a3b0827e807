/** The evaluator: values of expressions, laws of sets, and errors with their places. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkText, evaluated } from "../testing.test.help.ts";

describe("values", () => {
  it.each([
    ["1 + 2 * 3 - 4", "3"],
    ["(0 - 7) \\div 2", "-4"],
    ["(0 - 7) % 3", "2"],
    ["2 ^ 10", "1024"],
    ["{3, 1, 2, 1}", "{1, 2, 3}"],
    ["SUBSET {1, 2}", "{{}, {1}, {2}, {1, 2}}"],
    ["UNION {{1}, {2, 3}}", "{1, 2, 3}"],
    ["{x * x : x \\in -2..2}", "{0, 1, 4}"],
    ["{x \\in 1..10 : x % 3 = 0}", "{3, 6, 9}"],
    ["[x \\in 1..3 |-> x * 2]", "<<2, 4, 6>>"],
    ["[x \\in {2, 5} |-> x]", "(2 :> 2 @@ 5 :> 5)"],
    ["[a |-> 1, b |-> <<>>]", "[a |-> 1, b |-> <<>>]"],
    ["[[a |-> 1, b |-> 2] EXCEPT !.a = @ + 41]", "[a |-> 42, b |-> 2]"],
    ["[[x, y \\in 1..2 |-> x + y] EXCEPT ![1, 2] = 0][1, 2]", "0"],
    ["Cardinality([1..3 -> {0, 1}])", "8"],
    ["{<<x, y>> \\in {1, 2} \\X {3} : x = 2}", "{<<2, 3>>}"],
    ["DOMAIN <<4, 5>> = 1..2", "TRUE"],
    ["<<1, 2>> = [i \\in 1..2 |-> i]", "TRUE"],
    ["CHOOSE x \\in {5, 3, 9} : x > 3", "5"],
    ["LET f[n \\in Nat] == IF n = 0 THEN 1 ELSE n * f[n - 1] IN f[10]", "3628800"],
    ["CASE 1 = 2 -> 1 [] OTHER -> 2", "2"],
    ["\\A x \\in 1..3, y \\in 4..5 : x < y", "TRUE"],
    ["Append(<<1>>, 2) \\o Tail(<<0, 3>>)", "<<1, 2, 3>>"],
    ["SelectSeq(<<1, 2, 3, 4>>, LAMBDA n : n % 2 = 0)", "<<2, 4>>"],
    ["FoldSeq(LAMBDA x, y : x + y, 0, <<1, 2, 3>>)", "6"],
    ["FoldSet(+, 0, 1..4)", "10"],
    ["Max({1, 7, 3}) - Min({4, 2})", "5"],
    ["SetToBag({1, 2}) (+) SetToBag({2})", "<<1, 2>>"],
    ["12 & 10", "8"],
    ["ToJson([a |-> <<1, TRUE>>])", '"{\\"a\\":[1,true]}"'],
    ["3 \\in Nat /\\ -3 \\in Int /\\ -3 \\notin Nat", "TRUE"],
    ["<<1, 2>> \\in Seq(Nat)", "TRUE"],
    ["Cardinality(SUBSET (1..40))", "1099511627776"],
    ["1 :> 2 @@ 1 :> 3", "<<2>>"],
  ])("%s", (expression, expected) => {
    expect(evaluated(expression)).toBe(expected);
  });

  it("passes arguments by need: one that is not looked at cannot fail", () => {
    expect(evaluated("First(1, 1 \\div 0)", "First(a, b) == a")).toBe("1");
  });

  it("evaluates recursive operators and operators of operators", () => {
    const definitions =
      "RECURSIVE Sum(_)\nSum(S) == IF S = {} THEN 0 ELSE LET x == CHOOSE x \\in S : TRUE IN x + Sum(S \\ {x})\nTwice(F(_), x) == F(F(x))\nInc(x) == x + 1";
    expect(evaluated("<<Sum(1..5), Twice(Inc, 1), Twice(LAMBDA y : y * 3, 2)>>", definitions)).toBe("<<15, 3, 18>>");
  });
});

describe("laws of sets", () => {
  const sets = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 8 });
  const print = (values: readonly number[]): string => `{${[...values].sort((a, b) => a - b).join(", ")}}`;

  it("agree with JavaScript's sets", () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [left, right] = [print(a), print(b)];
        const expected = [
          print([...new Set([...a, ...b])]),
          print(a.filter((x) => b.includes(x))),
          print(a.filter((x) => !b.includes(x))),
          a.every((x) => b.includes(x)) ? "TRUE" : "FALSE",
        ];
        const found = evaluated(
          `<<${left} \\cup ${right}, ${left} \\cap ${right}, ${left} \\ ${right}, ${left} \\subseteq ${right}>>`,
        );
        expect(found).toBe(`<<${expected.join(", ")}>>`);
      }),
      { numRuns: 60 },
    );
  });
});

describe("errors name the place and the calls that led there", () => {
  it.each([
    ['1 = "a"', 'the number 1 cannot be compared with the string "a"'],
    ["{1} + 2", "+ needs a number, found {1}"],
    ["<<1, 2>>[3]", "the function <<1, 2>> has no value at 3, which is outside its domain"],
    ["[a |-> 1].b", "the record [a |-> 1] has no field b"],
    ["{x \\in Nat : x > 3} = {4}", "cannot be compared"],
    ["\\E x \\in Nat : x > 3 /\\ x < 2", "the set Nat is endless, so its elements cannot be enumerated"],
    ["CHOOSE x \\in {1} : x > 1", "no element of {1} satisfies this CHOOSE"],
    ["IF 3 THEN 1 ELSE 2", "expected TRUE or FALSE, found 3"],
    ["9007199254740991 + 1", "beyond the integers this engine handles"],
  ])("%s", (expression, expected) => {
    const message = evaluated(expression);
    expect(message).toContain(expected);
    expect(message).toMatch(/^line 4, column \d+ of module M: /);
  });

  it("an endless recursion is an error, not a crash", () => {
    expect(evaluated("F(1)", "RECURSIVE F(_)\nF(x) == F(x + 1)")).toContain("recurses too deep");
  });

  it("shows the stack of operators", () => {
    const { violations } = checkText("Inner(x) == Head(x)\nOuter(x) == Inner(x)\nASSUME Outer(<<>>) = 1", "");
    expect(violations[0]!.message).toBe(
      "line 3, column 13 of module M: Head of the empty sequence\n  in Inner, called at line 4, column 13 of module M\n  in Outer, called at line 5, column 8 of module M",
    );
  });

  it("unknown names, wrong arities and missing constants are refused before anything runs", () => {
    expect(() => evaluated("Nope + 1")).toThrow("unknown name Nope");
    expect(() => evaluated("F(1, 2)", "F(x) == x")).toThrow("F takes 1 argument, found 2");
    expect(() => checkText("CONSTANT C", "")).toThrow("the constant C of module M has no value");
  });
});

describe("a pattern that does not fit", () => {
  const sets = "S == {<<1, 2, 3>>}\nT == {1}";
  it.each([
    "\\E <<a, b>> \\in S : a = b",
    "\\A <<a, b>> \\in T : a = b",
    "CHOOSE <<a, b>> \\in S : a = b",
    "{<<a, b>> \\in S : a = b}",
    "{a : <<a, b>> \\in S}",
    "[<<a, b>> \\in S |-> a]",
    "\\E c \\in {4}, <<a, b>> \\in S \\cup S : a = c",
  ])("%s is an error of the specification", (text) => {
    expect(evaluated(text, sets)).toMatch(
      /line \d+, column \d+ of module M: <<a, b>> cannot be bound to (<<1, 2, 3>>|1)/,
    );
  });

  it("nor in an action", () => {
    const text = `${sets}\nVARIABLE v\nInit == v = 0\nNext == \\E <<a, b>> \\in S : v' = a`;
    expect(checkText(text, "INIT Init\nNEXT Next").violations[0]!.message).toMatch(/cannot be bound to <<1, 2, 3>>/);
  });
});
