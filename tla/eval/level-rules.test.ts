/** Formulas whose levels do not fit are refused before the search, as SANY does; and what fits is not. */
import { describe, expect, it } from "vitest";
import { describeError, TlaError } from "../index.ts";
import { checkText } from "../testing.test.help.ts";

const counter = "VARIABLE x\nInit == x = 0\nNext == x' = 1 - x\nSpec == Init /\\ [][Next]_x";
const instances = `---- MODULE In ----
VARIABLE v
Step == v' # v
Never == [](v < 2)
====
`;

function answer(text: string, config: string): string {
  try {
    return checkText(`${instances}${counter}\n${text}`, config).verdict;
  } catch (error) {
    if (!(error instanceof TlaError)) throw error;
    return describeError(error);
  }
}

describe("levels within a specification", () => {
  it.each([
    ["P == x''", /^line 12, column 6 of module M: expected .* under a prime, found an action/],
    ["A == x'\nP == A'", /under a prime, found an action/],
    ["A(p) == p'\nP == A(x')", /under a prime, found an action\n {2}in A, called at line 13/],
    ["P == LET a == x' IN a'", /under a prime/],
    ["P == LET A(p) == p' IN A(A(x))", /under a prime/],
    ["I == INSTANCE In WITH v <- x\nP == I!Step'", /under a prime/],
    ["P == ([]Init)'", /under a prime, found a temporal formula/],
    ["P == UNCHANGED x'", /parentheses/],
    ["P == UNCHANGED (x')", /after UNCHANGED, found an action/],
    ["P == ENABLED (<>Init)", /after ENABLED, found a temporal formula/],
    ["P == [](x' # x)", /\[A\]_v as the action after \[\], found an action/],
    ["P == []Next", /\[A\]_v as the action after \[\]/],
    ["P == []<<Next>>_x", /\[A\]_v as the action after \[\]/],
    ["P == <>(x' # x)", /<<A>>_v as the action after <>/],
    ["P == <>[Next]_x", /<<A>>_v as the action after <>/],
    ["P == [][<>Init]_x", /an action before a subscript, found a temporal formula/],
    ["P == [][Next]_(x')", /as a subscript, found an action/],
    ["P == WF_(x')(Next)", /as a subscript, found an action/],
    ["P == WF_x(Spec)", /in a fairness condition, found a temporal formula/],
    ["P == Init /\\ Next /\\ []Init", /found an action/],
    ["P == Next => <>Init", /found an action/],
    ["P == Init ~> Next", /beside a temporal operator, found an action/],
    ["ASSUME x = 0", /a constant as an assumption, found a state predicate/],
    ["ASSUME Init", /a constant as an assumption/],
    ["ASSUME \\A y \\in {1} : y = x'", /a constant as an assumption, found an action/],
  ])("%s is refused", (text, message) => {
    expect(answer(text, "SPECIFICATION Spec")).toMatch(message);
  });

  it.each([
    "E == ENABLED Next\nP == E'",
    "P == [][Next /\\ (ENABLED Next)']_x",
    "B == [Next]_x\nP == []B",
    "B(A) == [][A]_x\nP == B(Next)",
    "B(A) == <><<A>>_x\nP == B(Next)",
    "P == [][Next]_x /\\ Init /\\ <>(x = 1)",
    "P == []([Next]_x /\\ [x' # x]_x)",
    "P == []<><<Next>>_x => <>(x = 1)",
    "I == INSTANCE In WITH v <- x\nP == [][I!Step]_x /\\ I!Never",
    "I(v) == INSTANCE In\nP == [][I(x)!Step]_x /\\ I(x)!Never",
    "P == LET A(p) == p' IN [][A(x) = A(x)]_x",
    "RECURSIVE F(_)\nF(n) == IF n = 0 THEN x' ELSE F(n - 1)\nP == [][F(2) = x']_x",
    'ASSUME PrintT(TLCGet("level"))',
    "P == \\A i \\in 1..2 : <>(x = i) \\/ []<>(x # i)",
  ])("%s is accepted", (text) => {
    expect(answer(text, "SPECIFICATION Spec")).toBe("held");
  });
});

describe("levels of what the configuration names", () => {
  it.each([
    [
      "P == x' = 1",
      "SPECIFICATION Spec\nPROPERTY P",
      /^line 2, column 10 of M.cfg: P cannot be a PROPERTY: .*found an action \(line 12/,
    ],
    ["A(p) == p' = 1\nP == A(x)", "SPECIFICATION Spec\nPROPERTY P", /P cannot be a PROPERTY/],
    ["S == Init /\\ Next", "SPECIFICATION S", /S cannot be a SPECIFICATION: .*found an action/],
    ["S == Init", "SPECIFICATION S", /S has no conjunct \[\]\[Next\]_v/],
    ["S == Init /\\ WF_x(Next)", "SPECIFICATION S", /S has no conjunct \[\]\[Next\]_v/],
  ])("%s with %s is refused", (text, config, message) => {
    expect(answer(text, config)).toMatch(message);
  });

  it("a postcondition is about no state: a variable in it has no value", () => {
    for (const value of [0, 1]) {
      const { violations } = checkText(`${counter}\nPost == x = ${value}`, "SPECIFICATION Spec\nPOSTCONDITION Post");
      expect(violations.map(({ message }) => message)).toEqual([
        "line 7, column 9 of module M: x is used before it has a value",
      ]);
    }
  });
});
