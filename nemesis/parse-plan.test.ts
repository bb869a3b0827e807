import fc from "fast-check";
import { expect, test } from "vitest";
import { FAULT_KINDS } from "./kinds.ts";
import { type PlanContext, PlanError, parsePlan, undeclaredTriggers } from "./parse-plan.ts";
import type { Plan } from "./plan.ts";
import { editDistance, nearest } from "./suggest.ts";

const CONTEXT: PlanContext = {
  hosts: ["n1", "n2", "n3", "c1"],
  groups: ["rack1"],
  targets: ["leader"],
  kinds: FAULT_KINDS.filter((kind) => kind !== "disk-rot"),
  scenario: "kv",
};

function complaint(faults: unknown, context: PlanContext = CONTEXT): string {
  try {
    parsePlan(Array.isArray(faults) ? { format: 1, faults } : faults, context);
  } catch (error) {
    if (error instanceof PlanError) return error.message;
    throw error;
  }
  throw new Error("the plan was accepted");
}

const kill = { kind: "kill", atUs: 1, forUs: 5, hosts: ["n1"] };

test("a sound plan comes back as it is", () => {
  const faults = [
    kill,
    { kind: "partition", shape: "halves", hosts: ["leader", "another"], cutClients: true, atUs: 0, forUs: 9 },
    { kind: "loss", links: ["leader>n2"], perMillion: 5, correlationPerMillion: 750_000, atUs: 0, forUs: 9 },
    {
      kind: "power-loss",
      hosts: ["trigger"],
      when: { on: "disk", name: "sync", target: "leader", count: 3, afterUs: 100 },
      forUs: 9,
      struck: { timeUs: 120, hosts: ["n2"], at: { host: "n2", incarnation: 1, ordinal: 3 } },
    },
  ];
  expect(parsePlan({ format: 1, faults }, CONTEXT)).toEqual({ format: 1, faults });
});

test("an unknown host is named, with the hosts that exist", () => {
  const faults = [kill, kill, { ...kill, hosts: ["n4"] }];
  expect(complaint(faults)).toMatchInlineSnapshot(`
    "plan.json: faults[2].hosts[0]: no host "n4" (hosts are n1, n2, n3, c1).
    Name one of these hosts or a target (leader, all, clients, majority, minority, one, another), or run the scenario with more nodes."
  `);
});

test("a misspelled target is answered with what was meant", () => {
  expect(complaint([{ ...kill, hosts: ["n1", "leadr"] }])).toMatchInlineSnapshot(`
    "plan.json: faults[0].hosts[1]: no host "leadr" (hosts are n1, n2, n3, c1).
    Did you mean "leader"?"
  `);
});

test("an unknown kind is named, with the nearest one", () => {
  expect(complaint([{ ...kill, kind: "power-los" }])).toMatchInlineSnapshot(`
    "plan.json: faults[0].kind: unknown kind "power-los".
    Did you mean "power-loss"?"
  `);
  expect(complaint([{ ...kill, kind: "earthquake" }])).toMatchInlineSnapshot(`
    "plan.json: faults[0].kind: unknown kind "earthquake".
    Kinds are partition, loss, delay, duplicate, reorder, corrupt, hold, slow-link, kill, power-loss, pause, wipe, group-crash, clock-step, clock-drift, clock-strobe, clock-freeze, clock-backward, clock-rho, disk-torn, disk-lost-sync, disk-failed-sync, disk-rot, disk-latent, disk-misdirect, disk-phantom, disk-rollback, disk-eio, disk-full, disk-short-read, disk-stall, disk-slow."
  `);
  expect(complaint([{ atUs: 1, forUs: 1 }])).toMatchInlineSnapshot(`
    "plan.json: faults[0].kind: the kind of the fault is missing.
    docs/plan.md lists the kinds and their fields."
  `);
});

test("an unknown field is named, with the nearest one of that kind", () => {
  expect(complaint([{ ...kill, host: ["n1"] }])).toMatchInlineSnapshot(`
    "plan.json: faults[0]: unknown field "host" of "kill".
    Did you mean "hosts"?"
  `);
  expect(complaint({ format: 1, faults: [], fault: [] })).toMatchInlineSnapshot(`
    "plan.json: unknown field "fault".
    Did you mean "faults"?"
  `);
});

test("a kind that the scenario cannot execute is an error, never ignored", () => {
  expect(complaint([{ kind: "disk-rot", sectors: 1, bits: 1, hosts: ["n1"], atUs: 1, forUs: 1 }])).toMatch(
    /^plan\.json: faults\[0\]\.kind: scenario "kv" cannot execute "disk-rot"\.\nIt executes partition, /,
  );
});

const broken: readonly (readonly [string, unknown])[] = [
  ["no plan", 7],
  ["another format", { format: 2, faults: [] }],
  ["no faults", { format: 1 }],
  ["a string for a number", [{ ...kill, atUs: "soon" }]],
  ["a fraction", [{ ...kill, atUs: 1.5 }]],
  ["a negative time", [{ ...kill, atUs: -1 }]],
  ["no time", [{ kind: "kill", forUs: 5, hosts: ["n1"] }]],
  ["two times", [{ ...kill, when: { on: "disk", name: "sync", count: 1 } }]],
  ["an unknown point", [{ kind: "kill", forUs: 5, hosts: ["n1"], when: { on: "dsk", name: "sync", count: 1 } }]],
  ["a rate above one", [{ kind: "loss", perMillion: 2_000_000, atUs: 1, forUs: 1 }]],
  ["empty hosts", [{ ...kill, hosts: [] }]],
  ["no hosts", [{ kind: "kill", atUs: 1, forUs: 1 }]],
  ["a link that is none", [{ kind: "hold", links: ["n1-n2"], atUs: 1, forUs: 1 }]],
  ["links and hosts", [{ kind: "hold", links: ["n1>n2"], hosts: ["n1"], atUs: 1, forUs: 1 }]],
  ["a direction of nobody", [{ kind: "hold", direction: "out", atUs: 1, forUs: 1 }]],
  ["a trigger target without a trigger", [{ ...kill, hosts: ["trigger"] }]],
  ["an unknown group", [{ kind: "group-crash", groups: ["rack9"], how: "kill", atUs: 1, forUs: 1 }]],
  ["one way without a direction", [{ kind: "partition", shape: "one-way", hosts: ["n1"], atUs: 1, forUs: 1 }]],
  ["a ring with links", [{ kind: "partition", shape: "ring", links: ["n1>n2"], atUs: 1, forUs: 1 }]],
  ["a drift beyond the bound", [{ kind: "clock-drift", driftPpm: 500, hosts: ["n1"], atUs: 1, forUs: 1 }]],
  ["a slow link that is not slow", [{ kind: "slow-link", atUs: 1, forUs: 1 }]],
  [
    "a correlation of nothing",
    [{ kind: "delay", shape: "constant", meanUs: 5, correlationPerMillion: 5, atUs: 1, forUs: 1 }],
  ],
  ["a step of nothing", [{ kind: "clock-step", byUs: 0, hosts: ["n1"], atUs: 1, forUs: 1 }]],
  [
    "a point of a fault without a trigger",
    [{ ...kill, struck: { timeUs: 1, hosts: ["n1"], at: { host: "n1", incarnation: 1, ordinal: 1 } } }],
  ],
  [
    "a random trigger target",
    [{ kind: "kill", when: { on: "disk", name: "sync", target: "one", count: 1 }, forUs: 5, hosts: ["n1"] }],
  ],
];

test("every other mistake has a message that says where, what and what next", () => {
  expect(broken.map(([what, json]) => `${what}:\n${complaint(json)}`).join("\n\n")).toMatchInlineSnapshot(`
    "no plan:
    plan.json: expected an object, found 7.
    docs/plan.md lists the kinds and their fields.

    another format:
    plan.json: format: expected 1, found 2.
    docs/plan.md lists the kinds and their fields.

    no faults:
    plan.json: faults: is missing; expected a list.
    docs/plan.md lists the kinds and their fields.

    a string for a number:
    plan.json: faults[0].atUs: expected an integer, found "soon".
    docs/plan.md lists the kinds and their fields.

    a fraction:
    plan.json: faults[0].atUs: expected an integer, found 1.5.
    docs/plan.md lists the kinds and their fields.

    a negative time:
    plan.json: faults[0].atUs: -1 is below 0.
    docs/plan.md lists the kinds and their fields.

    no time:
    plan.json: faults[0]: has neither "atUs" nor "when".
    A fault strikes at a time, or when a point is reached.

    two times:
    plan.json: faults[0]: has both "atUs" and "when".
    A fault strikes at a time, or when a point is reached.

    an unknown point:
    plan.json: faults[0].when.on: expected one of "disk", "message", "mark", "state", found "dsk".
    docs/plan.md lists the kinds and their fields.

    a rate above one:
    plan.json: faults[0].perMillion: 2000000 is above 1000000.
    docs/plan.md lists the kinds and their fields.

    empty hosts:
    plan.json: faults[0].hosts: is empty.
    Fill it, or leave the field out.

    no hosts:
    plan.json: faults[0]: needs "hosts" or "groups".
    docs/plan.md lists the kinds and their fields.

    a link that is none:
    plan.json: faults[0].links[0]: "n1-n2" is not a link: write it as "n1>n2".
    docs/plan.md lists the kinds and their fields.

    links and hosts:
    plan.json: faults[0]: has both "links" and hosts or groups.
    Links are exact; name one or the other.

    a direction of nobody:
    plan.json: faults[0].direction: a direction needs hosts or groups.
    docs/plan.md lists the kinds and their fields.

    a trigger target without a trigger:
    plan.json: faults[0].hosts[0]: "trigger" means the host of a "when", and this fault has "atUs".
    docs/plan.md lists the kinds and their fields.

    an unknown group:
    plan.json: faults[0].groups[0]: no group "rack9" (groups are rack1).
    A scenario names its racks and zones as groups.

    one way without a direction:
    plan.json: faults[0]: a partition of shape "one-way" needs "direction".
    docs/plan.md lists the kinds and their fields.

    a ring with links:
    plan.json: faults[0]: a partition of shape "ring" has no "links".
    docs/plan.md lists the kinds and their fields.

    a drift beyond the bound:
    plan.json: faults[0].driftPpm: 500 is beyond the declared bound of 200 ppm.
    A clock-rho fault breaks the bound.

    a slow link that is not slow:
    plan.json: faults[0]: needs one of "bytesPerSecond", "latencyTimes" and "capacityPackets".
    docs/plan.md lists the kinds and their fields.

    a correlation of nothing:
    plan.json: faults[0].correlationPerMillion: needs "perMillion".
    Without a rate every message is delayed.

    a step of nothing:
    plan.json: faults[0].byUs: 0 moves no clock.
    docs/plan.md lists the kinds and their fields.

    a point of a fault without a trigger:
    plan.json: faults[0].struck: "at" belongs to a fault with "when", and only to one.
    Remove "struck" to resolve the fault anew.

    a random trigger target:
    plan.json: faults[0].when.target: "one" is drawn anew each time.
    A trigger watches a host, a target of the scenario, or all nodes."
  `);
});

test("anything at all is either a plan or a PlanError with a path that exists", () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record({
      format: fc.constant(1),
      faults: fc.array(fc.dictionary(fc.constantFrom(...Object.keys(kill), "shape"), fc.jsonValue())),
    }),
  );
  fc.assert(
    fc.property(anything, (json) => {
      try {
        parsePlan(json, CONTEXT);
      } catch (error) {
        expect(error).toBeInstanceOf(PlanError);
      }
    }),
    { numRuns: 300 },
  );
});

test("the edit distance is a metric that counts a swap as one", () => {
  expect(editDistance("leader", "laeder")).toBe(1);
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
  expect(nearest("partiton", FAULT_KINDS)).toBe("partition");
  expect(nearest("earthquake", FAULT_KINDS)).toBe(null);
});

test("a kind is refused in words that are true also for a scenario without faults", () => {
  expect(complaint([kill], { ...CONTEXT, kinds: [] })).toMatchInlineSnapshot(`
    "plan.json: faults[0].kind: scenario "kv" cannot execute "kill".
    It has no faults: its faults.kinds is empty."
  `);
});

test("documents of any depth and values that are no JSON are refused in one line each", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown;
  expect(complaint({ format: deep, faults: [] })).toContain("found a list that cannot be shown");
  expect(complaint([{ ...kill, hosts: deep }])).toContain("faults[0].hosts[0]: expected a text");
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  expect(complaint({ format: circular, faults: [] })).toContain("found an object that cannot be shown");
  expect(complaint([{ ...kill, forUs: 5n }])).toContain("found the BigInt 5");
});

test("a trigger on a disk names an operation that disks have", () => {
  const when = { on: "disk", name: "fsync", count: 1 };
  expect(complaint([{ ...kill, atUs: undefined, when }])).toContain("is missing");
  const { atUs: _, ...open } = kill;
  expect(complaint([{ ...open, when }])).toMatchInlineSnapshot(`
    "plan.json: faults[0].when.name: no disk operation "fsync".
    Did you mean "sync"?"
  `);
});

test("triggers on names that the scenario does not declare are warned of, where it declares any", () => {
  const faults = [
    { ...kill, when: { on: "message", name: "apend", count: 1 } },
    { ...kill, when: { on: "message", name: "append", count: 1 } },
    { ...kill, when: { on: "mark", name: "anything", count: 1 } },
  ] as unknown as Plan["faults"];
  expect(undeclaredTriggers({ format: 1, faults }, { message: ["append", "vote"] })).toEqual([
    'faults[0].when.name: the scenario declares no message "apend". Did you mean "append"?',
  ]);
});
