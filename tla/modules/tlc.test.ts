/** What TLC and TLCExt tell about the search: the level, the counts and the behaviour belong to the state that is looked at. */
import { describe, expect, it } from "vitest";
import { showCounterexample, simulateSpecification } from "../index.ts";
import { checkText } from "../testing.test.help.ts";

const counter = "EXT == TRUE\nVARIABLE x\nInit == x = 0\nNext == x < 3 /\\ x' = x + 1";
const config = "INIT Init\nNEXT Next\nCHECK_DEADLOCK FALSE\n";

function printed(body: string, more: string): string[] {
  const lines: string[] = [];
  const { violations } = checkText(body, config + more, { surroundings: { print: (text) => lines.push(text) } });
  expect(violations).toEqual([]);
  return lines;
}

describe("TLCGet", () => {
  it("gives each formula the level of the state it is about", () => {
    const lines = printed(
      `VARIABLE x
Init == PrintT(<<"init", TLCGet("level")>>) /\\ x = 1
Next == x < 2 /\\ x' = x + 1 /\\ PrintT(<<"next", x, TLCGet("level")>>)
Inv == PrintT(<<"inv", x, TLCGet("level")>>)
C == PrintT(<<"con", x, TLCGet("level")>>)
AC == PrintT(<<"act", x, TLCGet("level"), TLCGet("level")'>>)
Post == PrintT(<<"post", TLCGet("level"), TLCGet("distinct"), TLCGet("generated"), TLCGet("queue"), TLCGet("diameter")>>)`,
      "INVARIANT Inv\nCONSTRAINT C\nACTION_CONSTRAINT AC\nPOSTCONDITION Post",
    );
    expect(lines).toEqual([
      '<<"init", 0>>',
      '<<"con", 1, 1>>',
      '<<"inv", 1, 1>>',
      '<<"next", 1, 1>>',
      '<<"con", 2, 2>>',
      '<<"act", 1, 1, 2>>',
      '<<"inv", 2, 2>>',
      '<<"post", 0, 2, 2, 0, 2>>',
    ]);
  });

  it("bounds a search by a constraint on the level, and finds what lies beyond a level", () => {
    const endless = `VARIABLE x\nInit == x = 0\nNext == x' = x + 1\nC == TLCGet("level") < 3`;
    const { distinct, total, depth } = checkText(endless, `${config}CONSTRAINT C`);
    expect([distinct, total, depth]).toEqual([2, 3, 2]);
    const [found] = checkText(endless, `${config}INVARIANT C`).violations;
    expect(found!.counterexample!.states).toHaveLength(3);
    const viewed = checkText(`${endless}\nV == <<x % 2, TLCGet("level")>>`, `${config}CONSTRAINT C\nVIEW V`);
    expect(viewed.distinct).toBe(2);
  });

  it("counts during the search, and tells how it is checked", () => {
    const text = `${counter}\nInv == TLCGet("distinct") = x + 1 /\\ TLCGet("generated") = x + 1 /\\ TLCGet("stats").distinct = x + 1`;
    expect(checkText(text, `${config}INVARIANT Inv`).violations).toEqual([]);
    const mode = `${counter}\nASSUME TLCGet("config").mode = "bfs" /\\ ~TLCGet("config").deadlock`;
    expect(checkText(mode, config).verdict).toBe("held");
  });

  it("gives all registers, each with the value of the one worker", () => {
    const text = `${counter.replace("x' = x + 1", "x' = x + 1 /\\ TLCSet(7, x) /\\ TLCSet(2, {x})")}
ASSUME TLCGet("all") = <<>> /\\ TLCSet(1, "a") /\\ TLCGet("all") = <<<<"a">>>>
Post == TLCGet("all") = (1 :> <<"a">>) @@ (2 :> <<{2}>>) @@ (7 :> <<2>>)`;
    expect(checkText(text, `${config}POSTCONDITION Post`).verdict).toBe("held");
  });

  it.each(["action", "spec", "revision", "levle"])("refuses %s by name, before anything is searched", (name) => {
    expect(() => checkText(`${counter}\nI == TLCGet("${name}") # 0`, `${config}INVARIANT I`)).toThrow(
      `TLCGet("${name}"): this engine keeps no such figure`,
    );
  });

  it("TLCSet ends the search, which then has not seen everything", () => {
    const text = `${counter}\nI == TLCSet("exit", x = 1)`;
    const { verdict, distinct, notChecked } = checkText(text, `${config}INVARIANT I`);
    expect([verdict, distinct]).toEqual(["unknown", 2]);
    expect(notChecked).toEqual(['states beyond the budget: stopped: TLCSet("exit", TRUE) was evaluated']);
    expect(checkText(text, `${config}INVARIANT I`, { order: "depth" }).verdict).toBe("unknown");
    const load = (name: string): string | undefined =>
      name === "M" ? `---- MODULE M ----\nEXTENDS Integers, Sequences, TLC\n${text}\n====` : undefined;
    const walks = simulateSpecification({
      load,
      spec: "M",
      walks: 9,
      depthMax: 9,
      seed: 1,
      config: `${config}INVARIANT I`,
    });
    expect(walks.notChecked).toContain('stopped: TLCSet("exit", TRUE) was evaluated');
  });

  it("duration needs a clock", () => {
    const text = `${counter}\nI == TLCGet("duration") = 7`;
    expect(checkText(text, `${config}INVARIANT I`).verdict).toBe("failed");
    const surroundings = { secondsElapsed: () => 7 };
    expect(checkText(text, `${config}INVARIANT I`, { surroundings }).verdict).toBe("held");
  });

  it("a temporal formula that asks for it is not judged on the graph", () => {
    const text = `${counter}\nL == TLCGet("level")\nP == <>(L > 99)`;
    const { verdict, notChecked } = checkText(text, `${config}PROPERTY P`);
    expect([verdict, notChecked.length]).toEqual(["unknown", 1]);
    expect(notChecked[0]).toMatch(/^property P: it asks for more than a state says/);
  });
});

describe("TLCExt", () => {
  const traced = `---- MODULE Ext ----\nEXTENDS TLCExt\n====\n${counter}
E == INSTANCE Ext
Level == Len(E!Trace) = TLCGet("level") /\\ E!Trace[Len(E!Trace)].x = x
Short == Len(E!Trace) < 3
Grows == [][Len(E!Trace') = Len(E!Trace) + 1 /\\ E!Trace[Len(E!Trace)].x = x]_x
All == \\A i \\in 1..Len(E!Trace) : E!Trace[i].x = i - 1
Ali == [n |-> Len(E!Trace), l |-> TLCGet("level"), x |-> x]`;

  it("Trace is the behaviour up to the state, in invariants, properties and ALIAS", () => {
    expect(checkText(traced, `${config}INVARIANTS Level All\nPROPERTY Grows`).violations).toEqual([]);
    expect(checkText(traced, `${config}INVARIANTS Level All`, { order: "depth" }).violations).toEqual([]);
    const [found] = checkText(traced, `${config}INVARIANT Short\nALIAS Ali`).violations;
    expect(found!.counterexample!.states).toHaveLength(3);
    expect(showCounterexample(found!.counterexample!)).toMatch(/\/\\ x = 2\n\/\\ n = 3\n\/\\ l = 3$/);
  });

  it("and so it is in random walks", () => {
    const load = (name: string): string | undefined =>
      name === "M" ? `---- MODULE M ----\nEXTENDS Integers, Sequences, TLC\n${traced}\n====` : undefined;
    const walk = { load, spec: "M", walks: 3, depthMax: 9, seed: 1 };
    expect(simulateSpecification({ ...walk, config: `${config}INVARIANTS Level All\nPROPERTY Grows` }).violation).toBe(
      undefined,
    );
    const { violation } = simulateSpecification({ ...walk, config: `${config}INVARIANT Short` });
    expect(violation!.counterexample.states).toHaveLength(3);
  });

  it("an ALIAS that cannot be evaluated does not hide the violation", () => {
    const [found] = checkText(`${traced}\nBad == [a |-> 1 + "a"]`, `${config}INVARIANT Short\nALIAS Bad`).violations;
    expect(found!.name).toBe("Short");
    expect(showCounterexample(found!.counterexample!)).toMatch(/ALIAS Bad cannot be shown: .*needs a number/);
  });

  it("AssertEq says what differs; registers have defaults", () => {
    const lines = printed(
      `---- MODULE Ext ----\nEXTENDS TLCExt\n====\n${counter}\nE == INSTANCE Ext
ASSUME ~E!AssertEq(1, 2) /\\ E!AssertEq(3, 3)
ASSUME E!TLCGetOrDefault(7, 5) = 5 /\\ E!TLCGetAndSet(7, LAMBDA a, b : a + b, 2, 10) = 10 /\\ TLCGet(7) = 12
ASSUME E!TLCNoOp(4) = 4 /\\ E!TLCCache(6, <<>>) = 6`,
      "",
    );
    expect(lines).toEqual(['"Assertion failed"', "1", "2"]);
  });
});

describe("reductions", () => {
  const hide = `VARIABLES x, y
Init == x = 0 /\\ y = 0
Next == x' = 1 - x /\\ y' \\in {0, 1}
View == x
Low == y = 0
Inv == ~(x = 0 /\\ y = 1)
Spec == Init /\\ [][Next]_<<x, y>> /\\ WF_<<x, y>>(Next)
Live == []<>(y = 0)`;
  const spec = "SPECIFICATION Spec\n";

  it.each(["INVARIANT Inv", "PROPERTY Live"])("a VIEW is never said to have held: %s", (what) => {
    expect(checkText(hide, `${spec}${what}`).verdict).toBe("failed");
    const { verdict, notChecked } = checkText(hide, `${spec}VIEW View\n${what}`);
    expect(verdict).toBe("unknown");
    expect(notChecked[0]).toMatch(/^states that VIEW View takes for one already seen/);
  });

  it.each(["CONSTRAINT Low", "ACTION_CONSTRAINT Low"])("liveness within a %s is bounded by it", (what) => {
    const { verdict, notChecked } = checkText(hide, `${spec}${what}\nPROPERTY Live`);
    expect([verdict, notChecked.length]).toEqual(["unknown", 1]);
    expect(notChecked[0]).toBe("liveness of Live in behaviours that leave the constraints (Low)");
  });
});
