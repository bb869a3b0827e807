/** Trace validation: complete and partial observations, hidden steps, stuttering, and what a mismatch says. */
import { describe, expect, it } from "vitest";
import {
  createTraceModel,
  modelValue,
  type Observation,
  type TraceMapping,
  type TraceResult,
  validateTrace,
} from "../index.ts";
import { loader } from "../testing.test.help.ts";

/** Nodes pass a token round and count; messages may be lost unseen. */
const ring = `CONSTANT Node
VARIABLES count, holder, net
vars == <<count, holder, net>>
Init == /\\ count = [n \\in Node |-> 0]
        /\\ holder \\in Node
        /\\ net = {}
Work(n) == /\\ holder = n
           /\\ count[n] < 2
           /\\ count' = [count EXCEPT ![n] = @ + 1]
           /\\ UNCHANGED <<holder, net>>
Send(n, to) == /\\ holder = n
               /\\ net' = net \\cup {[from |-> n, to |-> to]}
               /\\ UNCHANGED <<count, holder>>
Receive(n) == \\E m \\in net : /\\ m.to = n
                             /\\ holder' = n
                             /\\ net' = net \\ {m}
                             /\\ UNCHANGED count
Lose == \\E m \\in net : net' = net \\ {m} /\\ UNCHANGED <<count, holder>>
Next == \\/ \\E n \\in Node : Work(n) \\/ Receive(n)
        \\/ \\E n, to \\in Node : Send(n, to)
        \\/ Lose
Spec == Init /\\ [][Next]_vars
Bounded == \\A n \\in Node : count[n] < 2`;
const config = "CONSTANT Node = {a, b}\nSPECIFICATION Spec\n";
const a = modelValue("a");
const b = modelValue("b");
const zero = new Map([
  [a, 0],
  [b, 0],
]);
const start: Observation = {
  event: "start",
  changes: [
    { variable: "count", value: zero },
    { variable: "holder", value: a },
    { variable: "net", value: new Set([]) },
  ],
};
const events: TraceMapping["events"] = {
  start: { kind: "skip" },
  work: { kind: "action", action: "Work" },
  send: { kind: "action", action: "Send" },
  receive: { kind: "action", action: "Receive" },
  tick: { kind: "stutter" },
  debug: { kind: "skip" },
  hop: { kind: "composed", actions: ["Send", "ReceiveAt"] },
  any: { kind: "next" },
};

function validate(
  observations: readonly Observation[],
  mapping: Partial<TraceMapping> = {},
  settings = config,
  spec = ring,
): TraceResult {
  const { hop, ...plain } = events;
  const chosen = spec === ring ? plain : { ...plain, hop: hop! };
  const model = createTraceModel(
    { load: loader(spec), spec: "M", config: settings },
    { events: chosen, unobserved: "unchanged", ...mapping },
  );
  return validateTrace(model, observations);
}

const message = { from: a, to: b };
const sent: Observation = { event: "send", args: [a, b], changes: [{ variable: "net", value: new Set([message]) }] };
const received: Observation = {
  event: "receive",
  args: [b],
  changes: [
    { variable: "holder", value: b },
    { variable: "net", value: new Set([]) },
  ],
};

describe("complete observations", () => {
  it("accepts a behaviour, counts what it matched and what it skipped", () => {
    const work: Observation = { event: "work", args: [a], changes: [{ variable: "count", path: [a], value: 1 }] };
    const result = validate([start, work, { event: "tick" }, sent, { event: "debug" }, received]);
    expect(result).toMatchObject({ verdict: "valid", events: 6, steps: 3, stuttered: 1, skipped: 1 });
    expect(result.matched).toEqual({ Work: 1, Send: 1, Receive: 1 });
  });

  it("names the first false conjunct, its place and its values", () => {
    const { verdict, mismatch } = validate([
      start,
      { event: "work", args: [b], changes: [{ variable: "count", path: [b], value: 1 }] },
    ]);
    expect(verdict).toBe("invalid");
    expect(mismatch!.message).toBe(
      "event 1 (work): Work does not allow this step: line 9, col 15 to line 9, col 24 of module M: a = b is false",
    );
    expect(mismatch!.enabled).toEqual(["Work", "Send"]);
    expect(mismatch!.state).toEqual({ count: "(a :> 0 @@ b :> 0)", holder: "a", net: "{}" });
  });

  it("sees a change that the action does not make", () => {
    const { mismatch } = validate([start, { ...sent, changes: [...sent.changes!, { variable: "holder", value: b }] }]);
    expect(mismatch!.falsehood!.detail).toBe("changed from <<(a :> 0 @@ b :> 0), a>> to <<(a :> 0 @@ b :> 0), b>>");
  });

  it("refuses a first state that is not initial, and a stutter that changes something", () => {
    const wrong: Observation = {
      event: "start",
      changes: [start.changes![0]!, start.changes![1]!, { variable: "net", value: new Set([message]) }],
    };
    expect(validate([wrong]).mismatch!.message).toContain("the first state is not an initial state");
    expect(
      validate([start, { event: "tick", changes: [{ variable: "holder", value: b }] }]).mismatch!.message,
    ).toContain("changed holder");
  });

  it("checks invariants on the way", () => {
    const work = (value: number): Observation => ({
      event: "work",
      args: [a],
      changes: [{ variable: "count", path: [a], value }],
    });
    const { mismatch } = validate([start, work(1), work(2)], {}, `${config}INVARIANT Bounded`);
    expect(mismatch!.index).toBe(2);
    expect(mismatch!.message).toContain("the invariant Bounded is violated");
    expect(validate([start, work(1), work(2)], { invariantsEvery: 0 }, `${config}INVARIANT Bounded`).verdict).toBe(
      "valid",
    );
  });
});

describe("partial observations", () => {
  const partly: Partial<TraceMapping> = { unobserved: "unknown" };

  it("follows every state that agrees, and drops those that do not", () => {
    const result = validate(
      [{ event: "start" }, { event: "send", args: [a, b] }, { event: "receive", args: [b] }],
      partly,
    );
    expect(result).toMatchObject({ verdict: "valid", steps: 2 });
    expect(validate([{ event: "start" }, { event: "receive", args: [b] }], partly).verdict).toBe("invalid");
  });

  it("needs the declared hidden action where a message got lost", () => {
    const lost: Observation[] = [
      start,
      sent,
      { event: "work", args: [a], changes: [{ variable: "net", value: new Set([]) }] },
    ];
    expect(validate(lost, partly).verdict).toBe("invalid");
    const result = validate(lost, { ...partly, hidden: ["Lose"] });
    expect(result).toMatchObject({ verdict: "valid", hiddenSteps: 1 });
  });

  it("takes any step of the relation when the event does not say which", () => {
    expect(
      validate([start, { event: "any", changes: [{ variable: "net", value: new Set([message]) }] }], partly).verdict,
    ).toBe("valid");
    expect(validate([start, { event: "any", changes: [{ variable: "holder", value: b }] }], partly).verdict).toBe(
      "invalid",
    );
  });

  it("reads two actions as one event where the mapping says so", () => {
    const spec = `${ring}\nReceiveAt(n, to) == Receive(to)`;
    const hop: Observation = { event: "hop", args: [a, b], changes: [{ variable: "holder", value: b }] };
    expect(validate([start, hop], partly, config, spec)).toMatchObject({ verdict: "valid", steps: 2 });
  });

  it("says unknown when too many states agree", () => {
    const result = validate([{ event: "start" }, { event: "any" }, { event: "any" }], { ...partly, candidatesMax: 3 });
    expect(result.verdict).toBe("unknown");
    expect(result.reason).toBe("more than 3 states agree with what was observed");
  });
});

describe("mappings", () => {
  it("that name no operator, and events they do not know, are refused", () => {
    const bad: Partial<TraceMapping> = { events: { start: { kind: "skip" }, x: { kind: "action", action: "Nope" } } };
    expect(() => validate([start], bad)).toThrow("the mapping names Nope");
    expect(validate([start, { event: "unheard" }]).mismatch!.message).toContain("does not know the event unheard");
  });
});
