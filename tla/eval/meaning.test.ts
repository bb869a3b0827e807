/** What SANY and TLC refuse is refused, naming the place; and what they accept is accepted. */
import { describe, expect, it } from "vitest";
import { checkSpecification, describeError, TlaError } from "../index.ts";
import { checkText, evaluated } from "../testing.test.help.ts";

const counter = "VARIABLE x\nInit == x = 0\nNext == x' = 1 - x";
const config = "INIT Init\nNEXT Next\n";

/** The error for which a specification is refused, or its verdict. */
function refusal(body: string, more = "", base = config): string {
  try {
    return checkText(body, base + more).verdict;
  } catch (error) {
    if (!(error instanceof TlaError)) throw error;
    return describeError(error);
  }
}

describe("names", () => {
  it.each([
    ["Foo == 3\nFoo == 4", /^line 7, column 1 of module M: Foo is defined twice: .* line 6, column 1/],
    ["Len(s) == 0", /Len is defined twice: module Sequences/],
    ["VARIABLE x", /x is defined twice/],
    ["F(x) == x", /x is defined twice/],
    ["P == \\E x \\in {1} : TRUE", /x is defined twice/],
    ["P == \\E y \\in {1} : \\A y \\in {2} : TRUE", /y is already bound/],
    ["P == LET y == 1 y == 2 IN y", /y is defined twice/],
    ["P(y) == {y \\in {1} : TRUE}", /y is already bound/],
    ["P == [x \\in {1} |-> 2]", /x is defined twice/],
    ["P == Late\nLate == 3", /^line 6, column 6 of module M: Late is used before it is defined \(in line 7, column 1/],
    ["F(n) == IF n = 0 THEN 0 ELSE F(n - 1)", /F is used before it is defined .* RECURSIVE/],
    ["P == LET G(n) == G(n) IN 1", /G is used before it is defined/],
    ["P == LET a == b b == 1 IN a", /b is used before it is defined/],
    ["RECURSIVE F(_)", /F is declared RECURSIVE, but is not defined/],
    ["P == LET RECURSIVE G(_) H == 1 IN H", /G is declared RECURSIVE, but is not defined/],
    ["P == lab(x) :: 1", /the label lab has the parameter x, which is not bound/],
    ["P(y) == lab(y) :: 1", /the label lab has the parameter y/],
    ["P == lab(1) :: 1", /expected names as parameters of a label/],
  ])("%s is refused", (text, message) => {
    expect(refusal(`${counter}\n${text}`)).toMatch(message);
  });

  it.each([
    "RECURSIVE F(_), G(_)\nF(n) == LET h == 1 IN IF n = 0 THEN h ELSE G(n - 1)\nG(n) == F(n)",
    "f[n \\in 0..3] == IF n = 0 THEN 0 ELSE f[n - 1]",
    "P == LET RECURSIVE G(_) G(n) == IF n = 0 THEN 0 ELSE G(n - 1) IN G(3)",
    "P == \\E p \\in {1} : lab(p) :: p = 1",
    "P == (\\E y \\in {1} : TRUE) /\\ (\\E y \\in {2} : TRUE)",
    "Range(f) == f\nMax(a, b) == a",
    "P(y) == y\ny == 3",
  ])("%s is accepted", (text) => {
    expect(refusal(`${counter}\n${text}`)).toBe("held");
  });
});

describe("substitution", () => {
  it.each(["INSTANCE In", "INSTANCE In WITH vars <- vars", "LOCAL INSTANCE In"])(
    "a variable of an instance may have the name of a definition: %s",
    (instance) => {
      const load = (name: string): string | undefined =>
        ({
          M: `---- MODULE M ----\nEXTENDS Naturals\nVARIABLE x\nvars == <<x>>\n${instance}\nInit == x = 0\nNext == x' = 1 - x /\\ Foo\n====`,
          In: "---- MODULE In ----\nVARIABLE vars\nFoo == vars' # vars\n====",
        })[name];
      const { verdict, distinct, total } = checkSpecification({ load, spec: "M", config });
      expect([verdict, distinct, total]).toEqual(["held", 2, 3]);
    },
  );
});

describe("the configuration", () => {
  it("is refused where it says two things", () => {
    const text = `${counter}\nSpec == Init /\\ [][Next]_x`;
    expect(refusal(text, "SPECIFICATION Spec")).toBe(
      "line 1, column 6 of M.cfg: expected either SPECIFICATION, or INIT and NEXT, found SPECIFICATION Spec and INIT Init",
    );
    expect(refusal(text, "INIT Init")).toMatch(/expected INIT once, found it again \(it is Init already\)/);
    expect(refusal(text, "SPECIFICATION Spec\nSPECIFICATION Spec", "")).toMatch(/expected SPECIFICATION once/);
    const constant = `CONSTANT K\n${text}`;
    expect(refusal(constant, "CONSTANT K = 1\nCONSTANT K = 2")).toBe(
      "line 4, column 10 of M.cfg: expected one meaning of K, found another than in line 3, column 10 of M.cfg",
    );
    expect(refusal(constant, "CONSTANTS K = 1 K <- Init")).toMatch(/expected one meaning of K/);
    expect(refusal(constant, "CONSTANT K = {1}\nCONSTANT K = {1}")).toBe("held");
    expect(refusal(constant, 'CONSTANT K = {1, "a"}')).toMatch(/^line 3, column 10 of M.cfg: .*cannot be compared/);
  });

  it("may give a value to a constant that nobody declares, and that is said", () => {
    const { verdict, warnings } = checkText(counter, `${config}CONSTANTS K = 3 L = {"a"}`);
    expect([verdict, warnings.length]).toEqual(["held", 2]);
    expect(warnings[0]).toBe("K = ... is ignored: the specification declares no constant K");
    expect(refusal(counter, "CONSTANT K <- Init")).toMatch(/K is not defined in the specification/);
  });

  it("may begin with a byte order mark", () => {
    expect(checkText(counter, `\uFEFF${config}`).verdict).toBe("held");
  });

  it.each([
    [
      "P == <>(x = 1)",
      "INVARIANT P",
      /P cannot be an invariant: expected a state predicate; name it as a PROPERTY; found a temporal formula/,
    ],
    ["P == x' = 1", "INVARIANT P", /P cannot be an invariant: .* found an action \(line 6, column 1 of module M\)/],
    ["A(p) == p' = 1\nP == A(x)", "INVARIANT P", /P cannot be an invariant/],
    ["P == x' = 1", "CONSTRAINT P", /P cannot be a constraint: .* an action is an ACTION_CONSTRAINT/],
    ["P == []Init", "ACTION_CONSTRAINT P", /P cannot be an action constraint/],
    ["P == x'", "VIEW P", /P cannot be VIEW/],
  ])("what speaks of too much is refused before the search: %s as %s", (text, more, message) => {
    expect(refusal(`${counter}\n${text}`, more)).toMatch(message);
  });

  it.each(["P == ENABLED Next", "P == LET I == INSTANCE Own IN I!Low\n", "P == x \\in {0, 1}"])(
    "a state predicate is an invariant: %s",
    (text) => {
      const own = "---- MODULE Own ----\nEXTENDS Naturals\nVARIABLE x\nLow == x < 2\n====\n";
      expect(refusal(`${own}${counter}\n${text}`, "INVARIANT P")).toBe("held");
    },
  );

  it("no initial state is no success", () => {
    const { verdict, notChecked } = checkText(`${counter}\nNone == x = 0 /\\ FALSE`, "INIT None\nNEXT Next");
    expect(verdict).toBe("unknown");
    expect(notChecked).toEqual([
      "everything: no state satisfies the initial predicate, so there is no state, step or behaviour to judge",
    ]);
  });

  it("PlusCal without its translation is named as that", () => {
    const text = "(* --algorithm Foo\nvariables x = 0;\nbegin A: x := x + 1;\nend algorithm; *)";
    expect(refusal(text, "SPECIFICATION Spec", "")).toMatch(
      /Spec is not defined: module M holds a PlusCal algorithm without its translation/,
    );
    expect(
      refusal(
        `${text}\n\\* BEGIN TRANSLATION\n${counter}\nSpec == Init /\\ [][Next]_x\n\\* END TRANSLATION`,
        "SPECIFICATION Spec",
        "",
      ),
    ).toBe("held");
  });
});

describe("values of different kinds", () => {
  const error = /cannot be compared|is no (number|record|function|tuple|sequence|string)/;
  it.each([
    '[a |-> 1] = [a |-> "s"]',
    "<<1, 2>> # <<1, {}>>",
    '{<<1>>} = {<<"a">>}',
    "[id |-> 1] \\in [id : 0..2] \\cup {-1}",
    "[id |-> 1] \\in {-1} \\cup [id : 0..2]",
    "[id |-> 1] \\in {-1}",
    "[a |-> [b |-> 1]] = [a |-> -1]",
    '"a" \\notin {1, 2}',
    '"a" \\notin Nat',
    "-1 \\notin [id : 0..2]",
    "1 \\in [{1} -> {2}]",
    "1 \\in {1} \\X {2}",
    "1 \\in Seq({1})",
    "1 \\in STRING",
    '{1, 2} \\ {"a"} = {}',
    '[i \\in 1..2 |-> i] = [i \\in 1..2 |-> "b"]',
  ])("%s is an error, as in TLC", (text) => {
    expect(evaluated(text)).toMatch(error);
  });

  it.each([
    ['[a |-> 1, b |-> 2] = [a |-> 2, b |-> "s"]', "FALSE"],
    ["-1 \\in {-1} \\cup [id : 0..2]", "TRUE"],
    ["<<1>> = <<1, 2>>", "FALSE"],
    ["{1} = {{}, {1}}", "FALSE"],
    ["{} \\ {1} = {}", "TRUE"],
    ['"a" \\in STRING', "TRUE"],
  ])("%s is %s", (text, value) => {
    expect(evaluated(text)).toBe(value);
  });
});

describe("typed model values, whose first letter before _ is their type", () => {
  const constants = "CONSTANTS A1 = a_1 A2 = a_2 B1 = b_1 M = m";
  it.each([
    ["A1 # A2 /\\ A1 # M /\\ M # A1 /\\ A1 \\notin {A2, M}", "held"],
    ["A1 # B1", "failed"],
    ["A1 # 1", "failed"],
    ['"a" # A1', "failed"],
    ["[x |-> A1] # [x |-> B1]", "failed"],
    ["A1 \\notin {B1}", "failed"],
    ["{A1, B1} # {}", "failed"],
    ["{A1, 1} # {}", "failed"],
    ["M # 1 /\\ {M, 1} # {} /\\ 1 # M", "held"],
  ])("%s: %s", (text, verdict) => {
    const { verdict: found, violations } = checkText(`CONSTANTS A1, A2, B1, M\nASSUME ${text}`, constants);
    expect(found).toBe(verdict);
    if (verdict === "failed") expect(violations[0]!.message).toMatch(/cannot be compared .* of different types/);
  });
});

describe("the order of strings", () => {
  it("is that of their first mention, identifiers included", () => {
    const first = 'CHOOSE t \\in {"b", "a", "c"} : TRUE';
    expect(evaluated(first)).toBe('"b"');
    expect(evaluated(first, "R == [a : {1}, b : {2}]")).toBe('"a"');
    expect(evaluated(first, "P == \\E a \\in {1} : TRUE")).toBe('"a"');
    expect(evaluated(first, "P == a :: TRUE")).toBe('"a"');
    expect(evaluated("[b |-> 6, a |-> 1]", "F(a) == a")).toBe("[a |-> 1, b |-> 6]");
  });

  it("begins with the strings of the configuration", () => {
    const lines: string[] = [];
    checkText('CONSTANT K\nASSUME PrintT(CHOOSE t \\in {"b", "a", "c"} : TRUE)', 'CONSTANT K = {"c", "a"}', {
      surroundings: { print: (text) => lines.push(text) },
    });
    expect(lines).toEqual(['"c"']);
  });
});

describe("parts of definitions", () => {
  const parts = `F(a) == /\\ TRUE
        /\\ LET G(b) == a + b IN TRUE
H(a) == LET G(b) == a + b IN G(a) + G(1)
Q(S) == \\E p \\in S : p > 1 /\\ (lab(p) :: p * 2 > 7)
P(n) == IF n > 0 THEN one :: n + 1 ELSE two :: n - 1`;
  it.each([
    ["F(1)!2!G(2)", "3"],
    ["H(1)!G(2)", "3"],
    ["H(4)!1", "13"],
    ["H(4)!:", "13"],
    ["<<Q({1})!lab(4), Q({1})!lab(3)>>", "<<TRUE, FALSE>>"],
    ["<<P(3)!one, P(3)!two, P(0)!1, P(7)!2>>", "<<4, 2, FALSE, 8>>"],
  ])("%s is %s", (text, value) => {
    expect(evaluated(text, parts)).toBe(value);
  });

  it.each(["F(1)!3", "F(1)!2!H(2)", "F!2", "H(1)!G", "Q({1})!lab", "Q({1})!1", "P(1)!three"])(
    "%s is refused",
    (text) => {
      expect(() => evaluated(text, parts)).toThrow(TlaError);
    },
  );

  it("are actions where the whole is one", () => {
    const text = `VARIABLE v\nAct(d) == /\\ v' = v + d\n          /\\ low :: v < 5\nInit == v = 0\nNext == Act(1)!1 /\\ Act(1)!low`;
    expect(checkText(text, `${config}CHECK_DEADLOCK FALSE`).distinct).toBe(6);
  });
});
