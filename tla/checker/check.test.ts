/** The checker: verdicts, counterexamples, counts, and what it says it did not check. */
import { describe, expect, it } from "vitest";
import { counterexampleToItf, showCounterexample, simulateSpecification } from "../index.ts";
import { checkText, loader } from "../testing.test.help.ts";

const counter = `VARIABLES x, y
Init == x = 0 /\\ y = 0
Up == x < 3 /\\ x' = x + 1 /\\ UNCHANGED y
Over == /\\ x = 3
        /\\ y' = 1 - y
        /\\ x' = 0
Next == Up \\/ Over
vars == <<x, y>>
Spec == Init /\\ [][Next]_vars
Fair == Spec /\\ WF_vars(Next)
Small == x < 3
Flips == []<>(y = 1)
Grows == [][x' > x]_x
Both == (y = 0) ~> (y = 1)`;

describe("safety", () => {
  it("finds the shortest counterexample and prints it as TLC does", () => {
    const result = checkText(counter, "SPECIFICATION Spec\nINVARIANT Small");
    expect(result.verdict).toBe("failed");
    expect(result.violations[0]!.message).toBe("Invariant Small is violated.");
    expect(showCounterexample(result.violations[0]!.counterexample!).split("\n\n").slice(-1)[0]).toBe(
      "State 4: <Up line 5, col 7 to line 5, col 40 of module M>\n/\\ x = 3\n/\\ y = 0",
    );
  });

  it("writes counterexamples as ITF", () => {
    const { violations } = checkText(counter, "SPECIFICATION Spec\nINVARIANT Small");
    const itf = counterexampleToItf(violations[0]!.counterexample!) as {
      vars: string[];
      states: Record<string, unknown>[];
    };
    expect(itf.vars).toEqual(["x", "y"]);
    expect(itf.states[3]).toEqual({ "#meta": { index: 3, action: "Up" }, x: 3, y: 0 });
  });

  it("counts everything when told to go on", () => {
    const result = checkText(counter, "SPECIFICATION Spec\nINVARIANT Small", { continueAfterViolation: true });
    expect(result.violations.map(({ count }) => count)).toEqual([2]);
    expect([result.distinct, result.total, result.depth]).toEqual([8, 9, 8]);
  });

  it("finds deadlocks, and not when they are allowed", () => {
    const text = "VARIABLE x\nInit == x = 0\nNext == x < 2 /\\ x' = x + 1\nSpec == Init /\\ [][Next]_x";
    expect(checkText(text, "SPECIFICATION Spec").violations[0]!.kind).toBe("deadlock");
    expect(checkText(text, "SPECIFICATION Spec").violations[0]!.counterexample!.states).toHaveLength(3);
    expect(checkText(text, "SPECIFICATION Spec\nCHECK_DEADLOCK FALSE").verdict).toBe("held");
  });

  it("checks properties of steps, and refinement through an instance", () => {
    expect(checkText(counter, "SPECIFICATION Spec\nPROPERTY Grows").violations[0]!.message).toBe(
      "Action property Grows is violated.",
    );
    const refined = `${counter}
---- MODULE Bit ----
VARIABLE b
BInit == b = 0
BNext == b' = 1 - b
BSpec == BInit /\\ [][BNext]_b
====
B == INSTANCE Bit WITH b <- y
W == INSTANCE Bit WITH b <- x % 2
Refines == B!BSpec
Wrong == W!BSpec /\\ []Small`;
    expect(checkText(refined, "SPECIFICATION Spec\nPROPERTY Refines").verdict).toBe("held");
    expect(checkText(refined, "SPECIFICATION Spec\nPROPERTY Wrong").verdict).toBe("failed");
  });

  it("a false assumption fails, and says where", () => {
    const [found] = checkText("ASSUME Wrong == 1 + 1 = 3", "").violations;
    expect(found).toMatchObject({ kind: "assumption", name: "Wrong", span: { line: 3 } });
  });

  it("a variable without a next value is an error with the action's place", () => {
    const text =
      "VARIABLES x, y\nInit == x = 0 /\\ y = 0\nStep == x' = 1\nNext == Step\nSpec == Init /\\ [][Next]_<<x, y>>";
    const [found] = checkText(text, "SPECIFICATION Spec").violations;
    expect(found!.kind).toBe("evaluation");
    expect(found!.message).toBe("line 5, column 9 of module M: Step gives no value to the variable y");
  });

  it("an endless set of successors is an error", () => {
    const [found] = checkText(
      "VARIABLE x\nInit == x = 0\nNext == x' \\in Nat\nSpec == Init /\\ [][Next]_x",
      "SPECIFICATION Spec",
    ).violations;
    expect(found!.message).toBe(
      "line 5, column 16 of module M: the set Nat is endless, so its elements cannot be enumerated",
    );
  });
});

describe("liveness", () => {
  it("holds under weak fairness and fails without it, by stuttering", () => {
    expect(checkText(counter, "SPECIFICATION Fair\nPROPERTIES Flips Both").verdict).toBe("held");
    const [found] = checkText(counter, "SPECIFICATION Spec\nPROPERTY Flips").violations;
    expect(found!.kind).toBe("liveness");
    expect(showCounterexample(found!.counterexample!)).toMatch(/Stuttering$/);
  });

  it("tells strong fairness from weak", () => {
    const text = `VARIABLE x
Init == x = 0
Turn == x' = 1 - x /\\ x \\in {0, 1}
Leave == x = 1 /\\ x' = 2
Next == Turn \\/ Leave
Weak == Init /\\ [][Next]_x /\\ WF_x(Turn) /\\ WF_x(Leave)
Strong == Init /\\ [][Next]_x /\\ WF_x(Turn) /\\ SF_x(Leave)
Ends == <>(x = 2)`;
    const [found] = checkText(text, "SPECIFICATION Weak\nPROPERTY Ends\nCHECK_DEADLOCK FALSE").violations;
    expect(found!.counterexample!.loopsTo).toBe(0);
    expect(found!.counterexample!.states.map((state) => state.values[0])).toEqual([0, 1]);
    expect(checkText(text, "SPECIFICATION Strong\nPROPERTY Ends\nCHECK_DEADLOCK FALSE").verdict).toBe("held");
  });

  it("expands fairness over sets and checks implications", () => {
    const text = `VARIABLE s
P == {1, 2, 3}
Init == s = {}
Add(p) == p \\notin s /\\ s' = s \\cup {p}
Next == \\E p \\in P : Add(p)
Spec == Init /\\ [][Next]_s /\\ \\A p \\in P : WF_s(Add(p))
Partly == Init /\\ [][Next]_s /\\ \\A p \\in {1, 2} : WF_s(Add(p))
All == \\A p \\in P : <>(p \\in s)
Stays == <>[](s = P)`;
    expect(checkText(text, "SPECIFICATION Spec\nPROPERTIES All Stays\nCHECK_DEADLOCK FALSE").verdict).toBe("held");
    expect(checkText(text, "SPECIFICATION Partly\nPROPERTY All\nCHECK_DEADLOCK FALSE").verdict).toBe("failed");
  });
});

describe("reductions and views", () => {
  const text = `CONSTANT P
VARIABLE s
Init == s = [p \\in P |-> 0]
Next == \\E p \\in P : s[p] < 2 /\\ s' = [s EXCEPT ![p] = @ + 1]
Spec == Init /\\ [][Next]_s
Sym == Permutations(P)
Half == \\A p \\in P : s[p] < 2
Sums == <<FoldFunction(+, 0, s)>>
Show == [sum |-> FoldFunction(+, 0, s)]
Bad == FoldFunction(+, 0, s) < 2`;
  const config = "CONSTANT P = {a, b, c}\nSPECIFICATION Spec\nCHECK_DEADLOCK FALSE\n";

  it("symmetry counts orbits, a view counts its values, a constraint bounds", () => {
    expect(checkText(text, config).distinct).toBe(27);
    expect(checkText(text, `${config}SYMMETRY Sym`).distinct).toBe(10);
    expect(checkText(text, `${config}VIEW Sums`).distinct).toBe(7);
    expect(checkText(text, `${config}CONSTRAINT Half`).distinct).toBe(8);
  });

  it.each([
    ['CONSTANT P = {"a", "b", "c"}', "Permutations(P)"],
    ["CONSTANT P = {1, 2, 3}", "Permutations(P)"],
    ["CONSTANT P = {a, b, c}", "{[p \\in P |-> CHOOSE q \\in P : TRUE]}"],
    ["CONSTANT P = {a, b, c}", "P"],
    ["CONSTANT P = {a, b, c}", "7"],
    ["CONSTANT P = {a, b, c}", "{s}"],
  ])("symmetry of what is no set of permutations of model values is refused: %s, %s", (constant, set) => {
    const spec = `${constant}\nSPECIFICATION Spec\nCHECK_DEADLOCK FALSE\nSYMMETRY Sym`;
    expect(() => checkText(text.replace("Permutations(P)", set), spec)).toThrow(
      /SYMMETRY Sym must be a set of permutations of model values, found|Sym cannot be SYMMETRY: expected a constant/,
    );
  });

  it("ALIAS decides what a counterexample shows", () => {
    const [found] = checkText(text, `${config}ALIAS Show\nINVARIANT Bad`).violations;
    expect(showCounterexample(found!.counterexample!)).toMatch(/sum = 2$/);
  });
});

describe("limits", () => {
  it("a stopped search is unknown and says what is missing", () => {
    const result = checkText(counter, "SPECIFICATION Fair\nPROPERTY Flips", { budget: { depthMax: 3 } });
    expect(result.verdict).toBe("unknown");
    expect(result.notChecked).toEqual([
      "states beyond the budget: stopped at depth 3",
      "liveness of Flips: the search was stopped",
    ]);
  });

  it("a temporal form that cannot be checked is reported, not passed", () => {
    const result = checkText(`${counter}\nOdd == \\EE z : []<>(x = 1)`, "SPECIFICATION Fair\nPROPERTY Odd");
    expect(result.verdict).toBe("unknown");
    expect(result.notChecked[0]).toMatch(/^property Odd: /);
  });

  it("depth first sees the same states", () => {
    const { distinct, total } = checkText(counter, "SPECIFICATION Spec", { order: "depth" });
    expect([distinct, total]).toEqual([8, 9]);
  });

  it("coverage names every action and how often it was taken", () => {
    const { coverage } = checkText(
      `${counter}\nNever == x = 9 /\\ UNCHANGED vars\nMore == Next \\/ Never\nSpec2 == Init /\\ [][More]_vars`,
      "SPECIFICATION Spec2",
    );
    expect(coverage.map(({ action, taken, distinct }) => [action, taken, distinct])).toEqual([
      ["Up", 6, 6],
      ["Over", 2, 1],
      ["Never", 0, 0],
    ]);
  });

  it("simulation finds a deep violation, and never claims to have shown the contrary", () => {
    const source = { load: loader(counter), spec: "M", walks: 20, depthMax: 30, seed: 1 };
    const failed = simulateSpecification({ ...source, config: "SPECIFICATION Spec\nINVARIANT Small" });
    expect(failed.violation!.counterexample.states).toHaveLength(4);
    const held = simulateSpecification({ ...source, config: "SPECIFICATION Spec" });
    expect([held.verdict, held.walks, held.states]).toEqual(["unknown", 20, 600]);
  });
});
