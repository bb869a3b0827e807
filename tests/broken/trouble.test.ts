/** Whatever a scenario's functions do, the run that asked has a verdict and says whose trouble it was. */
import { expect, test } from "vitest";
import { linearizable } from "../../scenarios/checks.ts";
import { type Scenario, scenario } from "../../scenarios/scenario.ts";
import { jsonCodec } from "../../systems/json-codec.ts";
import { run } from "../../campaign/execute.ts";

type Message = { readonly type: string; readonly id: number; readonly value: unknown };

/** A register in memory on one node; two processes ask it twenty times. */
const SOUND: Scenario = {
  name: "probe",
  title: "a register in memory",
  settings: {
    nodes: { kind: "choice", of: [1], about: "nodes" },
    clients: { kind: "choice", of: [2], about: "clients" },
    chaosUs: { kind: "integer", min: 200_000, max: 200_000, about: "length" },
  },
  node: () => (host) => {
    let value: unknown = null;
    const socket = host.net.open<Message>({
      port: 7,
      codec: jsonCodec<Message>(),
      onMessage: (message, from) => {
        if (message.type === "write") value = message.value;
        socket.send(from, { type: "answer", id: message.id, value });
      },
    });
  },
  client: (host) => {
    const waiting = new Map<number, (message: Message) => void>();
    const socket = host.net.open<Message>({
      port: 0,
      codec: jsonCodec<Message>(),
      onMessage: (message) => waiting.get(message.id)?.(message),
    });
    return {
      invoke: ({ f, value }) =>
        new Promise((resolve) => {
          waiting.set(waiting.size, (message) =>
            resolve(f === "read" ? { type: "ok", value: message.value as number | null } : { type: "ok" }),
          );
          socket.send({ host: "n1", port: 7 }, { type: f, id: waiting.size - 1, value });
        }),
    };
  },
  operations: () =>
    Array.from({ length: 20 }, (_, i) => ({
      process: i % 2,
      afterUs: 1_000,
      ...(i % 3 === 0 ? { f: "write", value: i } : { f: "read", value: null }),
    })),
  faults: { kinds: ["kill", "pause"] },
  checks: [linearizable("register")],
};

/** As plain JavaScript would have it: no type stands in the way. */
function probe(fields: { readonly [field: string]: unknown }): Scenario {
  return scenario({ ...SOUND, ...fields } as Scenario);
}

async function failure(fields: { readonly [field: string]: unknown }): Promise<string> {
  const result = await run(probe(fields), { seed: "1" });
  expect(result.verdict).toBe("failed");
  const [first] = result.properties.filter(({ verdict }) => verdict === "invalid");
  return `${first!.name}: ${first!.reason}`;
}

const operation = { process: 0, afterUs: 0, f: "read", value: null };
const write = (value: unknown) => ({ operations: () => [{ ...operation, f: "write", value }] });
const answering = (outcome: unknown) => ({ client: () => ({ invoke: async () => outcome }) });
const checking = (check: unknown) => ({ checks: [{ name: "own", check }] });

/** The list with a hole at this place. */
function holed(list: unknown[], place: number): unknown[] {
  delete list[place];
  return list;
}

const WRONG: readonly (readonly [what: string, fields: { readonly [field: string]: unknown }, told: RegExp])[] = [
  [
    "operations that throw",
    {
      operations: () => {
        throw new Error("none");
      },
    },
    /^scenario-error: operations\(\) threw Error: none \(tests.broken.trouble\.test\.ts:\d+:\d+\)$/,
  ],
  [
    "operations that are a promise",
    {
      operations: async () => {
        throw new Error("late");
      },
    },
    /operations\(\): expected a list of operations, found a promise/,
  ],
  [
    "a hole in operations",
    { operations: () => holed([operation, operation], 1) },
    /operations\(\)\[1\]: expected an entry, found nothing/,
  ],
  [
    "a negative process",
    { operations: () => [{ ...operation, process: -1 }] },
    /operations\(\)\[0\]\.process: expected an integer from 0 to 1, found -1/,
  ],
  [
    "a process that is not there",
    { operations: () => [{ ...operation, process: 99 }] },
    /process: expected an integer from 0 to 1, found 99/,
  ],
  [
    "a fraction of a microsecond",
    { operations: () => [{ ...operation, afterUs: 0.5 }] },
    /afterUs: expected an integer from 0 to \d+, found 0\.5/,
  ],
  ["an operation without f", { operations: () => [{ ...operation, f: "" }] }, /\[0\]\.f: expected a text/],
  [
    "a misspelt field",
    { operations: () => [{ ...operation, afterus: 1 }] },
    /unknown field "afterus"; did you mean "afterUs"\?/,
  ],
  [
    "too many operations",
    { operations: () => Array.from({ length: 1_000_001 }, () => operation) },
    /at most 1000000 operations, found 1000001/,
  ],
  [
    "NaN deep in a value",
    write({ a: [1, Number.NaN] }),
    /operations\(\)\[0\]\.value\.a\[1\]: expected JSON .*, found NaN/,
  ],
  ["an infinite value", write(Number.POSITIVE_INFINITY), /value: expected JSON .*, found Infinity/],
  ["no value", write(undefined), /value: expected JSON .*, found nothing/],
  ["undefined in a value", write({ a: undefined }), /value\.a: expected JSON .*, found nothing/],
  ["a function", write(() => 1), /expected JSON .*, found the function|found a function/],
  ["a BigInt", write(5n), /found the BigInt 5/],
  ["a Map", write(new Map()), /found a Map/],
  ["a list with a hole", write(holed([1, 1], 0)), /value\[0\]: expected an entry, found nothing/],
  [
    "an operation of process 7 after healing",
    { livenessOperations: () => [{ ...operation, process: 7 }] },
    /livenessOperations\(0\)\[0\]\.process: .* found 7/,
  ],
  [
    "final operations that are no list",
    { finalOperations: () => 5 },
    /finalOperations\(\): expected a list of operations, found 5/,
  ],
  [
    "a program in the place of what makes it",
    { node: (host: { net: { open(): void } }) => host.net.open() },
    /node\(\) threw TypeError.*\nnode makes the program of a node: node: \(\) => program/,
  ],
  ["no program", { node: () => 5 }, /node\(\): expected a program.*, found 5/],
  ["no client", { client: () => undefined }, /client\(\): expected a client, \{ invoke\(operation\) \}, found nothing/],
  [
    "an outcome of unknown type",
    answering({ type: "okay" }),
    /client\(\)\.invoke\(write\)\.type: expected "ok", "fail" or "info", found "okay"/,
  ],
  ["no outcome", answering(undefined), /invoke\(write\): expected an outcome.*, found nothing/],
  ["an outcome with NaN", answering({ type: "ok", value: [Number.NaN] }), /invoke\(write\)\.value\[0\]: expected JSON/],
  [
    "a misspelt field of an outcome",
    answering({ type: "ok", vlaue: 1 }),
    /unknown field "vlaue"; did you mean "value"\?/,
  ],
  [
    "watch that throws",
    {
      watch: () => {
        throw new Error("blind");
      },
    },
    /^scenario-error: watch\(\) threw Error: blind/,
  ],
  ["watch that gives a number", { watch: () => 5 }, /watch\(\): expected a record .* found 5/],
  [
    "a declared target that watch does not give",
    { targets: ["leader"], watch: () => ({}) },
    /watch\(\)\.targets\.leader: expected a function/,
  ],
  [
    "a target that is no host",
    {
      targets: ["leader"],
      watch: () => ({ targets: { leader: () => ["n9"] } }),
      plan: () => ({ format: 1, faults: [{ kind: "kill", hosts: ["leader"], atUs: 650_000, forUs: 9 }] }),
    },
    /watch\(\)\.targets\.leader\(\)\[0\]: expected one of the hosts n1, c1, c2, found "n9"/,
  ],
  [
    "an eventually that answers false",
    { watch: () => ({ eventually: [{ name: "whole", withinUs: 9, pending: () => false }] }) },
    /eventually "whole": expected a text, or null when it holds, found false/,
  ],
  [
    "counts that are no numbers",
    { watch: () => ({ counts: () => ({ terms: "many" }) }) },
    /watch\(\)\.counts\(\)\.terms: expected a number/,
  ],
  [
    "a plan of its own that no host can execute",
    { plan: () => ({ format: 1, faults: [{ kind: "kill", hosts: ["n9"], atUs: 1, forUs: 1 }] }) },
    /plan\(\): faults\[0\]\.hosts\[0\]: no host "n9"/,
  ],
  [
    "a plan that is a promise",
    { plan: () => Promise.reject(new Error("late")) },
    /plan\(\): expected an answer at once, found a promise/,
  ],
  [
    "options of the network that do not exist",
    { network: () => ({ lnik: {} }) },
    /network\(\): unknown field "lnik"; did you mean "link"\?/,
  ],
  [
    "options of the network out of range",
    { network: () => ({ link: { latency: { shape: "constant", minUs: -1, meanUs: 5 } } }) },
    /network\(\) or disk\(\) threw RangeError: link\.latency\.minUs/,
  ],
  [
    "options of the disk out of range",
    { disk: () => ({ sectorBytes: 3 }) },
    /disk\(\) threw RangeError: disk option sectorBytes: 3/,
  ],
  [
    "groups of a node that is not there",
    { groups: () => ({ n7: ["rack"] }) },
    /groups\(\): expected names of nodes \(n1\), found "n7"/,
  ],
  [
    "a check that throws",
    checking(() => {
      throw new Error("boom");
    }),
    /^scenario-error: check "own" threw Error: boom \(/,
  ],
  [
    "a check that gives nothing",
    checking(() => undefined),
    /check "own": expected a verdict: validVerdict.*, found nothing/,
  ],
  ["a check that gives true", checking(() => true), /found true/],
  [
    "a check that is async",
    checking(async () => {
      throw new Error("late");
    }),
    /found a promise/,
  ],
  [
    "a verdict of another shape",
    checking(() => ({ kind: "invalid", checker: "own", operations: 1 })),
    /check "own"\.evidence: expected evidence/,
  ],
  [
    "recursion without end in a handler",
    {
      node: () => (host: { timers: { after(us: number, then: () => void): void } }) => {
        const f = (): number => 1 + f();
        host.timers.after(1, () => void f());
      },
    },
    /^system-error: RangeError: Maximum call stack size exceeded.*\nDoes a function call itself/,
  ],
];

test.each(WRONG)("%s fails the run, and says where", async (_what, fields, told) => {
  expect(await failure(fields)).toMatch(told);
});

test("the sound one holds, and the check beside one that throws is still asked", async () => {
  expect((await run(probe({}), { seed: "1" })).verdict).toBe("held");
  const boom = { name: "own", check: () => JSON.parse("{") };
  const both = await run(probe({ checks: [boom, linearizable("register")] }), { seed: "1" });
  expect(both.properties.map(({ name, verdict }) => [name, verdict])).toEqual([
    ["scenario-error", "invalid"],
    ["linearizable", "valid"],
  ]);
});

test("an observer that throws is the scenario's trouble, not that of the host that it watches", async () => {
  const fields = {
    node: () => (host: { observe(kind: string, data: () => unknown): void }) => host.observe("seen", () => 1),
    watch: (control: { world: { onObservation(kind: string, then: () => void): void } }) => {
      control.world.onObservation("seen", () => {
        throw new Error("observer");
      });
      return {};
    },
  };
  expect(await failure(fields)).toMatch(/^scenario-error: watch\(\), which observes "seen" threw Error: observer/);
});

test("the same trouble has the same digest, and one that no seed decides has none", async () => {
  const digest = async (fields: { readonly [field: string]: unknown }) =>
    (await run(probe(fields), { seed: "1" })).digest;
  const wrong = answering({ type: "okay" });
  expect(await digest(wrong)).toBe(await digest(wrong));
  expect(await digest(wrong)).toMatch(/^[0-9a-f]{16}$/);
  expect(await digest({ operations: () => 5 })).toBeNull();
});

test("what invoke throws counts as info, and is told with how often it came", async () => {
  const result = await run(
    probe({
      client: () => ({
        invoke: () => {
          throw new TypeError("not today");
        },
      }),
    }),
    { seed: "1" },
  );
  expect(result.verdict).toBe("unknown");
  expect(result.thrown).toEqual([
    { error: expect.stringMatching(/^TypeError: not today \(.*trouble\.test\.ts:\d+:\d+\)$/), times: 20 },
  ]);
  expect(result.properties[0]!).toMatchObject({ name: "enough-operations", verdict: "unknown" });
  expect(result.properties[0]!.reason).toMatch(
    /^only 0 operations completed; .*; invoke threw 20 times TypeError: not today/,
  );
});

test("what a client or node changes later does not change the history", async () => {
  const list: number[] = [];
  const growing = {
    invoke: async () => {
      list.push(list.length);
      return { type: "ok", value: list };
    },
  };
  const lengths: number[] = [];
  const check = ({ history }: { history: readonly { type: string; value: unknown }[] }) => {
    for (const { type, value } of history) if (type === "ok") lengths.push((value as number[]).length);
    return { kind: "valid", checker: "own", operations: lengths.length };
  };
  await run(probe({ client: () => growing, checks: [{ name: "own", check }] }), { seed: "1" });
  expect(lengths).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test("a plan none of whose faults strikes is told of, and is unknown where it must strike", async () => {
  const when = { on: "message", name: "no-such", count: 1 };
  const plan = { format: 1, faults: [{ kind: "kill", hosts: ["n1"], when, forUs: 1_000 }] };
  const held = await run(probe({}), { seed: "1", plan });
  expect(held).toMatchObject({ verdict: "held", planned: 1, faults: {} });
  expect(held.unstruck).toEqual([
    {
      index: 0,
      kind: "kill",
      code: "point-never-reached",
      reason: 'no message "no-such" was reached (reached were answer, read, write)',
    },
  ]);
  const idle = await run(probe({}), { seed: "1", plan }, { mustStrike: true });
  expect(idle.verdict).toBe("unknown");
  expect(idle.properties.find(({ name }) => name === "plan-struck")!.reason).toMatch(
    /^the one fault of the plan never struck: faults\[0\] \(kill\): no message "no-such"/,
  );
  expect(idle.digest).toBe(held.digest);
  const late = { format: 1, faults: [{ kind: "kill", hosts: ["n1"], atUs: 900_000_000_000, forUs: 1 }] };
  expect((await run(probe({}), { seed: "1", plan: late }, { mustStrike: true })).verdict).toBe("unknown");
  const struck = { format: 1, faults: [{ kind: "pause", hosts: ["n1"], atUs: 700_000, forUs: 1 }] };
  expect((await run(probe({}), { seed: "1", plan: struck }, { mustStrike: true })).verdict).toBe("held");
});

test("a run without any judge is unknown, never held", async () => {
  const bare = probe({ checks: [], watch: () => ({}) });
  const result = await run(bare, { seed: "1" });
  expect(result).toMatchObject({ verdict: "unknown" });
  expect(result.properties[0]!.reason).toMatch(/^no property was judged/);
});

test("a workload that is given is checked like one that is drawn, as an error of usage", async () => {
  const workload = [{ ...operation, process: 9 }];
  await expect(run(probe({}), { seed: "1", workload })).rejects.toThrow(
    "workload[0].process: expected an integer from 0 to 1, found 9.",
  );
});
