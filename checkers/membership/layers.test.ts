/** The checkers of records, routes, KV and multicast: what they accept, and everything that they must reject. */
import { expect, test } from "vitest";
import type {
  DetectorObservation,
  KvObservation,
  KvReadyObservation,
  MulticastObservation,
  ReachObservation,
  RecordObservation,
} from "../../systems/membership/observation.ts";
import { DetectorFactMonitor, type DetectorRecord } from "./detector-facts.ts";
import { KvMonitor, type KvReady, type KvRecord } from "./kv.ts";
import { MulticastMonitor, type MulticastRecord } from "./multicast.ts";
import { type MembershipRecord, RecordMonitor } from "./records.ts";
import { ReachMonitor, type ReachRecord } from "./routes.ts";

test("the records are what the layers observe", () => {
  const record = (observation: RecordObservation): MembershipRecord => observation;
  const reach = (observation: ReachObservation): ReachRecord => observation;
  const kv = (observation: KvObservation): KvRecord => observation;
  const ready = (observation: KvReadyObservation): KvReady => observation;
  const multicast = (observation: MulticastObservation): MulticastRecord => observation;
  const detector = (observation: DetectorObservation): DetectorRecord => observation;
  const back: [
    (record: DetectorRecord) => DetectorObservation,
    (record: MembershipRecord) => RecordObservation,
    (record: ReachRecord) => ReachObservation,
    (record: KvRecord) => KvObservation,
    (record: KvReady) => KvReadyObservation,
    (record: MulticastRecord) => MulticastObservation,
  ] = [detector, record, reach, kv, ready, multicast];
  expect(back).toHaveLength(6);
});

const messages = (monitor: { readonly violations: readonly { readonly message: string }[] }): string[] =>
  monitor.violations.map(({ message }) => message);

// Records

type Told = readonly [host: string, incarnation: number, about: string, epoch: number, clock: number];

function judgeRecords(records: readonly Told[], prepare?: (monitor: RecordMonitor, i: number) => void): string[] {
  const monitor = new RecordMonitor();
  records.forEach(([host, incarnation, about, epoch, clock], i) => {
    prepare?.(monitor, i);
    monitor.observe(i, { host, incarnation, about, epoch, clock });
  });
  return messages(monitor);
}

test("newer records pass, and older ones after the observer booted", () => {
  expect(
    judgeRecords([
      ["n1", 1, "n2", 5, 1],
      ["n1", 1, "n2", 5, 2],
      ["n1", 1, "n2", 6, 1],
      ["n1", 2, "n2", 5, 1],
      ["n1", 2, "n1", 7, 1],
      ["n1", 3, "n1", 8, 1],
      ["n1", 3, "n1", 8, 2],
    ]),
  ).toEqual([]);
});

test.each<readonly [string, readonly Told[], RegExp]>([
  [
    "an older epoch",
    [
      ["n1", 1, "n2", 5, 1],
      ["n1", 1, "n2", 4, 9],
    ],
    /not newer: \(4, 9\) after \(5, 1\)/,
  ],
  [
    "an older clock",
    [
      ["n1", 1, "n2", 5, 2],
      ["n1", 1, "n2", 5, 1],
    ],
    /not newer/,
  ],
  [
    "the same version",
    [
      ["n1", 1, "n2", 5, 2],
      ["n1", 1, "n2", 5, 2],
    ],
    /not newer/,
  ],
  [
    "a boot with the epoch before",
    [
      ["n1", 1, "n1", 5, 9],
      ["n1", 2, "n1", 5, 1],
    ],
    /booted without a higher epoch/,
  ],
  [
    "a boot with a lower epoch",
    [
      ["n1", 1, "n1", 5, 9],
      ["n1", 2, "n1", 3, 1],
    ],
    /booted without a higher epoch/,
  ],
])("rejects %s", (_name, records, expected) => {
  const found = judgeRecords(records);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});

test("a lower epoch passes after the disk was lost, and an old record after it was trimmed", () => {
  const forgiven = judgeRecords(
    [
      ["n1", 1, "n1", 5, 9],
      ["n1", 2, "n1", 3, 1],
    ],
    (monitor, i) => {
      if (i === 1) monitor.forgive("n1", 1);
    },
  );
  expect(forgiven).toEqual([]);
  // Harm in the second boot, before it told anything: the third may not find what the second wrote, the fourth must find the third's.
  const told: Told[] = [
    ["n1", 1, "n1", 5, 9],
    ["n1", 2, "n1", 6, 1],
    ["n1", 3, "n1", 6, 1],
    ["n1", 4, "n1", 6, 1],
  ];
  const harmed = judgeRecords(told, (monitor, i) => {
    if (i === 1) monitor.forgive("n1", 2);
  });
  expect(harmed).toEqual([expect.stringContaining("epoch 6 in boot 4, epoch 6 in boot 3")]);
  const monitor = new RecordMonitor();
  const record: MembershipRecord = { host: "n1", incarnation: 1, about: "n2", epoch: 1, clock: 1 };
  monitor.observe(1, record);
  monitor.observe(2, { ...record, removed: true });
  monitor.observe(3, record);
  expect(monitor.violations).toEqual([]);
});

// Routes

test("nodes that reach exactly each other pass; every other picture is told", () => {
  const monitor = new ReachMonitor();
  const observe = (timeUs: number, host: string, ...reachable: string[]): void =>
    monitor.observe(timeUs, { host, incarnation: 1, reachable });
  observe(1, "n1", "n1", "n2", "n3");
  observe(2, "n2", "n1", "n2", "n3");
  expect(monitor.fault(["n1", "n2"])).toBe("n1 reaches n3, which does not run");
  expect(monitor.fault(["n1", "n2", "n3"])).toBe("n3 does not reach n1, n2, n3");
  monitor.down(10, "n3");
  observe(15, "n1", "n1", "n2");
  observe(17, "n2", "n1", "n2");
  expect(monitor.fault(["n1", "n2"])).toBeNull();
  expect(monitor.losses).toEqual([
    { observer: "n1", peer: "n3", latencyUs: 5 },
    { observer: "n2", peer: "n3", latencyUs: 7 },
  ]);
  observe(18, "n2", "n2");
  expect(monitor.fault(["n1", "n2"])).toBe("n2 does not reach n1");
  monitor.up("n2");
  expect(monitor.fault(["n1", "n2"])).toBe("n2 does not reach n1, n2");
  expect(monitor.violations).toEqual([]);
  observe(19, "n1", "n2");
  expect(messages(monitor)).toEqual(["n1 reaches n2, but not itself"]);
});

// KV

const held = (host: string, clock: KvRecord["clock"], hash = 1, key = "k", incarnation = 1): KvRecord => ({
  host,
  incarnation,
  key,
  clock,
  hash,
});

test("a KV that only grows and ends equal passes", () => {
  const monitor = new KvMonitor();
  monitor.observe(1, held("n1", { a: 1 }));
  monitor.acknowledge(2, { host: "n1", key: "k", clock: { a: 1 }, expected: {}, invokedUs: 0 });
  monitor.observe(3, held("n2", { b: 1 }, 2));
  expect(monitor.fault(["n1", "n2"])).toBe('n1 and n2 differ in key "k": {a: 1} and {b: 1}');
  monitor.observe(4, held("n2", { a: 1, b: 1 }, 3));
  monitor.observe(5, held("n1", { b: 1, a: 1 }, 3));
  expect(monitor.fault(["n1", "n2"])).toBeNull();
  expect(monitor.fault(["n1", "n3"])).toBe('n1 and n3 differ in key "k": {a: 1, b: 1} and nothing');
  monitor.observe(6, held("n1", { b: 1, a: 1 }, 3, "k", 2));
  monitor.ready(7, { host: "n1", incarnation: 2 });
  expect(monitor.violations).toEqual([]);
});

test.each<readonly [string, (monitor: KvMonitor) => void, string]>([
  [
    "a key that goes back",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 2, b: 1 }));
      monitor.observe(2, held("n1", { a: 2 }, 2, "k", 2));
    },
    'n1 went back on key "k": {a: 2} after {a: 2, b: 1}',
  ],
  [
    "two values under one clock",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 1, b: 2 }, 1));
      monitor.observe(2, held("n2", { b: 2, a: 1 }, 2));
    },
    'n2 and n1 hold different values under one clock of key "k" {a: 1, b: 2}',
  ],
  [
    "an acknowledgement of what is not durable",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 1 }));
      monitor.acknowledge(2, { host: "n1", key: "k", clock: { a: 2 }, invokedUs: 0 });
    },
    'n1 acknowledged {a: 2} of key "k", but it is not durable there',
  ],
  [
    "an operation on another value than the one that was read",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 1 }));
      monitor.acknowledge(2, { host: "n1", key: "k", clock: { a: 1 }, expected: { b: 1 }, invokedUs: 0 });
    },
    'n1 changed key "k" not as it was read: {a: 1} after {b: 1}',
  ],
  [
    "an operation on more than was read",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 2 }));
      monitor.acknowledge(2, { host: "n1", key: "k", clock: { a: 2 }, expected: {}, invokedUs: 0 });
    },
    'n1 changed key "k" not as it was read: {a: 2} after {}',
  ],
  [
    "a key that a boot did not find again",
    (monitor) => {
      monitor.observe(1, held("n1", { a: 1 }));
      monitor.observe(2, held("n1", { a: 1 }, 2, "other"));
      monitor.observe(3, held("n1", { a: 1 }, 2, "other", 2));
      monitor.ready(4, { host: "n1", incarnation: 2 });
    },
    'n1 booted without key "k", which was durable at {a: 1}',
  ],
])("rejects %s", (_name, script, expected) => {
  const monitor = new KvMonitor();
  script(monitor);
  expect(messages(monitor)).toEqual([expected]);
});

test("a node whose disk was lost may come back with nothing, and may have lost what it acknowledged before", () => {
  const monitor = new KvMonitor();
  monitor.observe(1, held("n1", { a: 1 }));
  monitor.forgive(5, "n1", 1);
  monitor.acknowledge(6, { host: "n1", key: "k", clock: { a: 1 }, invokedUs: 0 });
  monitor.ready(7, { host: "n1", incarnation: 2 });
  monitor.observe(8, held("n1", { c: 1 }, 2, "k", 2));
  expect(monitor.violations).toEqual([]);
  monitor.acknowledge(9, { host: "n1", key: "k", clock: { a: 2 }, invokedUs: 8 });
  expect(messages(monitor)).toEqual(['n1 acknowledged {a: 2} of key "k", but it is not durable there']);
});

test("two operations that are answered with one result are one too many", () => {
  const monitor = new KvMonitor();
  monitor.observe(1, held("n1", { a: 1 }));
  monitor.acknowledge(2, { host: "n1", key: "k", clock: { a: 1 }, invokedUs: 0 });
  monitor.acknowledge(3, { host: "n1", key: "k", clock: { a: 1 }, invokedUs: 0 });
  expect(messages(monitor)).toEqual(['n1 answered two operations with one result: "k" {a: 1}']);
});

test("a harmed disk promises nothing until a later boot has written it anew; then it does again", () => {
  const monitor = new KvMonitor();
  monitor.forgive(1, "n1", 1);
  monitor.observe(2, held("n1", { a: 1 }));
  monitor.ready(3, { host: "n1", incarnation: 2 });
  expect(monitor.violations).toEqual([]);
  monitor.observe(4, held("n1", { b: 1 }, 2, "k", 2));
  monitor.ready(5, { host: "n1", incarnation: 3 });
  expect(messages(monitor)).toEqual(['n1 booted without key "k", which was durable at {b: 1}']);
});

// Multicast

const sent = (host: string, id: string): MulticastRecord => ({ host, incarnation: 1, kind: "sent", id, topic: "t" });
const delivered = (host: string, id: string, incarnation = 1): MulticastRecord => ({
  host,
  incarnation,
  kind: "delivered",
  id,
  topic: "t",
});
const OPTIONS = { replication: 2, deliveryUsMax: 100 };

test("copies up to the replication pass, counted for each boot", () => {
  const monitor = new MulticastMonitor(OPTIONS);
  monitor.observe(1, sent("n1", "n1#1/1"));
  for (const incarnation of [1, 1, 2, 2]) monitor.observe(2, delivered("n2", "n1#1/1", incarnation));
  expect(monitor.violations).toEqual([]);
});

test.each<readonly [string, readonly MulticastRecord[], RegExp]>([
  [
    "a third copy",
    [sent("n1", "m"), delivered("n2", "m"), delivered("n2", "m"), delivered("n2", "m")],
    /3 times, at most 2/,
  ],
  ["what nobody sent", [delivered("n2", "m")], /which nobody sent/],
  ["the origin's own message", [sent("n1", "m"), delivered("n1", "m")], /handed its own message/],
  ["an id used twice", [sent("n1", "m"), sent("n1", "m")], /an id that n1 has used/],
])("rejects %s", (_name, records, expected) => {
  const monitor = new MulticastMonitor(OPTIONS);
  for (const record of records) monitor.observe(1, record);
  expect(messages(monitor)).toHaveLength(1);
  expect(messages(monitor)[0]).toMatch(expected);
});

test("in quiet times a message that somebody lacks too long is told, and only then", () => {
  const monitor = new MulticastMonitor(OPTIONS);
  const all = [
    { host: "n1", sinceUs: 0 },
    { host: "n2", sinceUs: 0 },
    { host: "n3", sinceUs: 260 },
  ];
  monitor.observe(50, sent("n1", "early"));
  monitor.quiet(200);
  monitor.observe(250, sent("n1", "late"));
  expect(monitor.fault(350, all)).toBeNull();
  expect(monitor.fault(351, all)).toBe("n2 lacks late after 101 us without faults");
  monitor.observe(360, delivered("n2", "late"));
  expect(monitor.fault(400, all)).toBeNull();
});

// What failure detectors go by

type Fact = DetectorRecord extends infer R ? (R extends DetectorRecord ? Partial<R> : never) : never;

function judgeFacts(...facts: readonly Fact[]): string[] {
  const monitor = new DetectorFactMonitor({ suspectUs: 100 });
  for (const [i, fact] of facts.entries())
    monitor.observe(i, { host: "n1", incarnation: 1, atUs: i, peer: "n2", ...fact } as DetectorRecord);
  return messages(monitor);
}

const heard = (condition: "alive" | "suspect" | "dead", version: number, more: Fact = {}): Fact => ({
  kind: "heard",
  condition,
  version,
  ...more,
});
const concluded = (version: number, atUs: number): Fact => ({ kind: "concluded", condition: "dead", version, atUs });
const own = (version: number, more: Fact = {}): Fact => ({ kind: "own", version, peer: "n1", ...more });
const answered = (sequence: number, more: Fact = {}): Fact => ({ kind: "answered", sequence, ...more });

test("news that is newer, answers in order and conclusions in time pass", () => {
  expect(judgeFacts(heard("alive", 1), heard("suspect", 1), heard("alive", 2), heard("suspect", 2))).toEqual([]);
  expect(judgeFacts(heard("dead", 2), heard("alive", 1, { incarnation: 2 }))).toEqual([]);
  expect(judgeFacts(heard("suspect", 1, { atUs: 5 }), concluded(1, 105), concluded(1, 300))).toEqual([]);
  expect(judgeFacts(own(1), own(2, { incarnation: 2 }), own(3, { incarnation: 2 }))).toEqual([]);
  expect(judgeFacts(answered(3), answered(4), answered(1, { peer: "n3" }), answered(1, { incarnation: 2 }))).toEqual(
    [],
  );
});

test.each<readonly [string, readonly Fact[], RegExp]>([
  [
    "alive in the incarnation that is accused",
    [heard("suspect", 1), heard("alive", 1)],
    /not newer: alive in 1 after s/,
  ],
  ["news that is known", [heard("suspect", 1), heard("suspect", 1)], /not newer/],
  ["a lower incarnation", [heard("alive", 3), heard("dead", 2)], /not newer: dead in 2 after alive in 3/],
  ["an incarnation that the peer never told", [own(1, { host: "n2" }), heard("alive", 2)], /never told one above 1/],
  ["a death without an accusation", [heard("alive", 1), concluded(1, 500)], /after an accusation of 0 us/],
  [
    "a death before the time is up",
    [heard("suspect", 1, { atUs: 5 }), concluded(1, 104)],
    /accusation of 99 us in inc/,
  ],
  [
    "a death by the time of an accusation that was refuted",
    [heard("suspect", 1, { atUs: 5 }), heard("suspect", 2, { atUs: 90 }), concluded(2, 106)],
    /accusation of 16 us in incarnation 2/,
  ],
  ["an own incarnation that another boot told", [own(2), own(2, { incarnation: 2 })], /tells incarnation 2 of itself/],
  ["an answer to an earlier probe", [answered(4), answered(3)], /answer 3 of n2 for evidence after answer 4/],
  ["an answer that came twice", [answered(4), answered(4)], /answer 4 of n2 for evidence/],
])("a detector that goes by %s is rejected", (_name, facts, expected) => {
  expect(judgeFacts(...facts)).toEqual([expect.stringMatching(expected)]);
});

test("a node whose disk was harmed may tell a lower incarnation, until a later boot", () => {
  const monitor = new DetectorFactMonitor({ suspectUs: 100 });
  const tell = (incarnation: number, version: number): void =>
    monitor.observe(1, { host: "n1", incarnation, atUs: 1, peer: "n1", kind: "own", version });
  tell(1, 5);
  monitor.forgive("n1", 1);
  tell(2, 1);
  expect(monitor.violations).toEqual([]);
  tell(3, 1);
  expect(monitor.violations).toHaveLength(1);
});
