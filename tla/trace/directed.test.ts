/** Runs that tell everything but ghosts: the network of a specification, which no implementation has. */
import { describe, expect, it } from "vitest";
import { createTraceModel, type Observation, startValidation, type TraceMapping, validateTrace } from "../index.ts";
import { loader } from "../testing.test.help.ts";

/** Nodes keep logs; what was sent stays in the network. An extension counts crashes. */
const logs = String.raw`CONSTANT Node
VARIABLES log, net, crashes
Init == /\ log = [n \in Node |-> <<>>]
        /\ net = {}
        /\ crashes = 0
Append1(n, v) == /\ log' = [log EXCEPT ![n] = Append(@, v)]
                 /\ UNCHANGED net
Send(n) == /\ Len(log[n]) > 0
           /\ net' = net \cup {log[n]}
           /\ UNCHANGED log
Receive(n) == /\ net # {}
              /\ \E m \in net : log' = [log EXCEPT ![n] = m]
              /\ UNCHANGED net
Crash(n) == /\ log' = [log EXCEPT ![n] = <<>>]
            /\ crashes' = crashes + 1
            /\ UNCHANGED net
Next == \E n \in Node : \/ Send(n) /\ UNCHANGED crashes
                        \/ Receive(n) /\ UNCHANGED crashes
                        \/ Crash(n)
Spec == Init /\ [][Next]_<<log, net, crashes>>
Short == \A n \in Node : Len(log[n]) < 3`;
const config = "CONSTANT Node = {1, 2}\nSPECIFICATION Spec\n";
const mapping: TraceMapping = {
  events: {
    start: { kind: "skip" },
    append: { kind: "action", action: "Append1" },
    send: { kind: "action", action: "Send" },
    receive: { kind: "action", action: "Receive" },
    crash: { kind: "action", action: "Crash" },
    tick: { kind: "stutter" },
  },
  unobserved: "unchanged",
  ghosts: ["net", "crashes"],
  isFramed: true,
};

function validate(observations: readonly Observation[], changed: Partial<TraceMapping> = {}, more = "") {
  const model = createTraceModel({ load: loader(logs), spec: "M", config: config + more }, { ...mapping, ...changed });
  return validateTrace(model, [{ event: "start" }, ...observations]);
}

const append = (node: number, from: number, value: number): Observation => ({
  event: "append",
  args: [node, value],
  changes: [{ variable: "log", path: [node], from, value: [value] }],
});
const send = (node: number): Observation => ({ event: "send", args: [node] });
const receive = (node: number, from: number, end: readonly number[]): Observation => ({
  event: "receive",
  args: [node],
  changes: [{ variable: "log", path: [node], from, value: end, before: "not seen" }],
});

describe("a run that tells everything but ghosts", () => {
  it("is followed without any search: the action moves what was not seen", () => {
    const result = validate([append(1, 1, 7), append(1, 2, 8), send(1), receive(2, 1, [7, 8]), { event: "tick" }]);
    expect(result).toMatchObject({ verdict: "valid", steps: 4, stuttered: 1 });
    expect(result.matched).toEqual({ Append1: 2, Send: 1, Receive: 1, Crash: 0 });
  });

  it("settles by what was observed which of several outcomes it was", () => {
    const both = [append(1, 1, 7), send(1), append(1, 2, 8), send(1)];
    expect(validate([...both, receive(2, 1, [7])]).verdict).toBe("valid");
    expect(validate([...both, receive(2, 2, [8])]).verdict).toBe("valid");
    expect(validate([...both, receive(2, 2, [9])]).verdict).toBe("invalid");
  });

  it("is refused where a guard on a ghost is false, with its place", () => {
    const { mismatch } = validate([receive(2, 1, [7])]);
    expect(mismatch!.message).toBe(
      "event 1 (receive): Receive does not allow this step: line 13, col 18 to line 13, col 25 of module M: {} # {} is false",
    );
  });

  it("is refused where a variable changed that the action keeps, or did not change as it says", () => {
    const wrong = validate([append(1, 1, 7), { ...send(1), changes: [{ variable: "log", path: [1], value: [8] }] }]);
    expect(wrong.mismatch!.falsehood!.detail).toContain("changed from");
    const still = validate([{ event: "append", args: [1, 7] }]);
    expect(still.mismatch!.message).toContain("Append1 does not allow this step");
    expect(validate([{ event: "tick", changes: [{ variable: "log", path: [1], value: [8] }] }]).verdict).toBe(
      "invalid",
    );
  });

  it("leaves alone what an action does not mention, if the mapping says so", () => {
    expect(validate([{ event: "crash", args: [1] }, append(1, 1, 7)]).verdict).toBe("valid");
    const { mismatch } = validate([append(1, 1, 7)], { isFramed: false });
    expect(mismatch!.message).toContain("the step gives no value to the variable crashes");
  });

  it("may not speak of ghosts, nor of places that a sequence does not have", () => {
    const spoken: Observation = { ...send(1), changes: [{ variable: "net", value: new Set([]) }] };
    expect(() => validate([append(1, 1, 7), spoken])).toThrow("declares to be a ghost");
    expect(validate([append(1, 3, 7)]).mismatch!.message).toContain("log has no place 3: it ends at 0");
  });

  it("names the invariant that a step breaks", () => {
    const steps = [append(1, 1, 7), append(1, 2, 8), append(1, 3, 9)];
    expect(validate(steps, {}, "INVARIANT Short").mismatch).toMatchObject({ index: 3, violated: "Short" });
  });
});

describe("a validation that is told of a run while it happens", () => {
  it("says when there is nothing more to be said", () => {
    const model = createTraceModel({ load: loader(logs), spec: "M", config }, mapping);
    const validation = startValidation(model);
    const told = [{ event: "start" }, append(1, 1, 7), receive(2, 1, [7]), send(1)];
    expect(told.map((observation) => validation.observe(observation))).toEqual([true, true, false, false]);
    expect(validation.result()).toMatchObject({ verdict: "invalid", events: 3, steps: 1 });
  });
});

it("a mapping with ghosts must name variables, and tell everything else", () => {
  const make = (changed: Partial<TraceMapping>) =>
    createTraceModel({ load: loader(logs), spec: "M", config }, { ...mapping, ...changed });
  expect(() => make({ ghosts: ["nett"] })).toThrow("the mapping names the ghost nett");
  expect(() => make({ unobserved: "unknown" })).toThrow("unobserved has to be unchanged");
});
