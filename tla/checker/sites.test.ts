/**
 * Formulas behind arguments: a parametrised instance, an operator's parameter or a LET means what it means written out, for
 * every state of a behaviour and every step that is tried.
 */
import { describe, expect, it } from "vitest";
import { checkText } from "../testing.test.help.ts";

const inner = `---- MODULE Inner ----
EXTENDS Integers
VARIABLE x
Never == [](x # 2)
Stays == <>[](x = 0)
Reach == <>(x = 2)
Leads == (x = 0) ~> (x = 2)
NeverA == [][x' # 2]_x
Mono == [][x' >= x]_x
Step == x' = (x + 1) % 3
Spec == x = 0 /\\ [][Step]_x
Fair == WF_x(Step)
Strong == SF_x(Step)
Can == [](ENABLED Step)
Cannot == []<>~ENABLED (Step /\\ x = 2)
====
---- MODULE Middle ----
VARIABLE z
N(w) == INSTANCE Inner WITH x <- w
Never == N(z)!Never
Mono == N(z)!Mono
Fair == N(z)!Fair
====`;
const three = `${inner}
VARIABLE y
K(x) == INSTANCE Inner
D == INSTANCE Inner WITH x <- y
M(z) == INSTANCE Middle
Next == y' = (y + 1) % 3
Spec == y = 0 /\\ [][Next]_y /\\ WF_y(Next)
Lazy == y = 0 /\\ [][Next]_y`;

/** The verdict of one formula of the cycle through 0, 1 and 2. */
function verdictOf(formula: string, spec = "Spec"): string {
  return checkText(`${three}\nP == ${formula}`, `SPECIFICATION ${spec}\nPROPERTY P`).verdict;
}

describe("a property behind a parametrised instance", () => {
  const truths = {
    Never: 0,
    Stays: 0,
    Reach: 1,
    Leads: 1,
    NeverA: 0,
    Mono: 0,
    Spec: 1,
    Fair: 1,
    Strong: 1,
    Can: 1,
    Cannot: 1,
  };
  it.each(Object.entries(truths))("%s is judged as it is with WITH and written as an operator", (name, isTrue) => {
    const wanted = isTrue === 1 ? "held" : "failed";
    expect(verdictOf(`D!${name}`)).toBe(wanted);
    expect(verdictOf(`K(y)!${name}`)).toBe(wanted);
    expect(verdictOf(`LET J(v) == INSTANCE Inner WITH x <- v IN J(y)!${name}`)).toBe(wanted);
    expect(verdictOf(`LET Q(v) == K(v)!${name} IN \\A i \\in {1, 2} : Q(y)`)).toBe(wanted);
  });

  it("nested instances and fairness inside them", () => {
    expect(verdictOf("M(y)!Never")).toBe("failed");
    expect(verdictOf("M(y)!Mono")).toBe("failed");
    expect(verdictOf("M(y)!Fair")).toBe("held");
    expect(verdictOf("M(y)!Fair", "Lazy")).toBe("failed");
    expect(verdictOf("K(y)!Fair => K(y)!Reach", "Lazy")).toBe("held");
  });

  it("as a specification gives its behaviours, and its fairness", () => {
    const check = (spec: string, property: string): string =>
      checkText(`${three}\nS == ${spec}\nR == <>(y = 2)`, `SPECIFICATION S\nPROPERTY ${property}`).verdict;
    expect(check("K(y)!Spec", "R")).toBe("failed");
    expect(check("K(y)!Spec /\\ K(y)!Fair", "R")).toBe("held");
    expect(checkText(`${three}\nS == K(y)!Spec`, "SPECIFICATION S").distinct).toBe(3);
  });

  it("is an action property where it is one: violated during the search, by the shortest behaviour", () => {
    const [found] = checkText(`${three}\nP == K(y)!Mono`, "SPECIFICATION Spec\nPROPERTY P").violations;
    expect([found!.kind, found!.counterexample!.states.length]).toEqual(["step", 4]);
    const [bounded] = checkText(
      `---- MODULE Below ----\nEXTENDS Integers\nCONSTANT N\nVARIABLE y\nBox == [][y' < N]_y\n====\n${three}
P(m) == INSTANCE Below WITH N <- m\nProp == P(2)!Box`,
      "SPECIFICATION Spec\nPROPERTY Prop",
    ).violations;
    expect([bounded!.kind, bounded!.counterexample!.states.length]).toEqual(["step", 3]);
  });
});

describe("a temporal formula behind names", () => {
  it.each([
    ["LET v == y F(i) == [](v # i) IN \\A i \\in {2} : F(i)", "failed"],
    ["LET v == y IN \\A i \\in {2} : LET w == v + i IN [](w # 4)", "failed"],
    ["LET Later(p) == <>p IN Later(y = 2)", "held"],
    ["LET To(p, q) == p ~> q IN To(<>(y = 1), y = 2)", "held"],
    ["LET Id(p) == p IN Id([](y # 2))", "failed"],
    ["LET Box(A) == [][A]_y IN Box(y' > y)", "failed"],
    ["\\A i \\in {3, 4} : [][y' # i]_y", "held"],
    ["LET T == [](y # 2) IN LET U == T IN U", "failed"],
  ])("%s: %s", (formula, verdict) => {
    expect(verdictOf(formula)).toBe(verdict);
  });

  it("over a set that varies is not judged by the first state's", () => {
    const result = checkText(`${three}\nP == \\A i \\in {y + 5} : <>(y = i)`, "SPECIFICATION Spec\nPROPERTY P");
    expect(result.verdict).toBe("unknown");
    expect(result.notChecked[0]).toMatch(/constant set/);
  });
});

describe("a specification's conjuncts", () => {
  const base = "---- MODULE Base ----\nVARIABLE x\nInit == x = 0\nNext == x' = x\nSpec == Init /\\ [][Next]_x\n====";
  it.each(['PrintT("hi") /\\ Spec', "Spec /\\ TRUE", "I2 /\\ Init /\\ [][Next]_x", "Own(0)!Spec /\\ x \\in 0..3"])(
    "may come from several modules: %s",
    (formula) => {
      const text = `${base}\nVARIABLE x\nINSTANCE Base\nOwn(z) == INSTANCE Base\nI2 == x = 0\nS == ${formula}`;
      const { verdict, distinct, total } = checkText(text, "SPECIFICATION S");
      expect([verdict, distinct, total]).toEqual(["held", 1, 2]);
    },
  );
});

describe("an argument that speaks of the next state", () => {
  it.each([
    ["LET t == a + 1 IN x' \\in {1, 2} /\\ y' = t"],
    ["B(a + 1)"],
    ["LET T == {s \\in SUBSET {2, 3} : s = {a + 1}} IN x' \\in {1, 2} /\\ y' \\in UNION T"],
    ["LET f[i \\in 1..1] == a + i IN x' \\in {1, 2} /\\ y' = f[1]"],
  ])("is looked at anew for every step tried: %s", (body) => {
    const text = `VARIABLES x, y
B(b) == x' \\in {1, 2} /\\ y' = b
A(a) == ${body}
Init == x = 0 /\\ y = 0
Next == A(x')
Right == [][y' = x' + 1]_<<x, y>>`;
    const result = checkText(text, "INIT Init\nNEXT Next\nPROPERTY Right");
    expect(result.violations).toEqual([]);
    expect(result.distinct).toBe(3);
  });
});
