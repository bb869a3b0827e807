/**
 * A cluster of pure cores on an in-memory network and in-memory disks, for tests: every message, save, crash and tick
 * is a step that the test, or a seeded schedule, chooses. Whoever watches gets the observation of each step.
 */
import { crc32 } from "./bytes.ts";
import { type HardState, RaftCore, type Unsaved } from "./core.ts";
import { RaftLog } from "./log.ts";
import type { Entry, Message, NodeId, Snapshot } from "./message.ts";
import {
  type LogChange,
  nextAppliedHash,
  observationOf,
  type RaftObservation,
  suffixChange,
  wholeChange,
} from "./observation.ts";
import { RAFT_DEFAULTS, type RaftOptions } from "./options.ts";

/** mulberry32: small, seeded, good enough to choose steps. */
export class TestRandom {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }
}

type TestDisk = { hardState: HardState; base: Snapshot | null; entries: Entry[] };
type TestRead = { readonly node: NodeId; readonly floor: number };

export type TestNode = {
  readonly id: NodeId;
  readonly disk: TestDisk;
  incarnation: number;
  /** Null while the node is down. */
  core: RaftCore | null;
  saving: Unsaved | null;
  installing: Snapshot | null;
  snapshot: Snapshot | null;
  applied: number;
  appliedHash: number;
  /** Commands applied, in order; what a snapshot replaced is not repeated. */
  readonly appliedCommands: Map<number, string>;
};

export type TestClusterInit = {
  readonly size: number;
  readonly seed: number;
  readonly observe: (observation: RaftObservation) => void;
  readonly options?: Partial<RaftOptions>;
};

export class TestCluster {
  readonly nodes: readonly TestNode[];
  readonly #observe: (observation: RaftObservation) => void;
  readonly random: TestRandom;
  readonly options: RaftOptions;
  readonly marks: Map<string, number> = new Map();
  /** Reads answered below what was committed before they were asked. */
  readonly staleReads: string[] = [];
  readsConfirmed = 0;
  network: Message[] = [];
  nowUs = 0;
  #nextContext = 1;
  #nextCommand = 1;
  readonly #reads: Map<number, TestRead> = new Map();

  constructor(init: TestClusterInit) {
    const { size, seed, observe, options } = init;
    this.options = { ...RAFT_DEFAULTS, ...options };
    this.random = new TestRandom(seed);
    this.#observe = observe;
    this.nodes = Array.from({ length: size }, (_, i) => ({
      id: i + 1,
      disk: { hardState: { term: 0, vote: 0, commit: 0 }, base: null, entries: [] },
      incarnation: 0,
      core: null,
      saving: null,
      installing: null,
      snapshot: null,
      applied: 0,
      appliedHash: 0,
      appliedCommands: new Map(),
    }));
    for (const node of this.nodes) this.boot(node);
  }

  node(id: NodeId): TestNode {
    return this.nodes[id - 1]!;
  }

  core(id: NodeId): RaftCore {
    return this.node(id).core!;
  }

  boot(node: TestNode): void {
    const { hardState, base, entries } = node.disk;
    node.incarnation += 1;
    node.saving = null;
    node.installing = null;
    node.snapshot = base;
    node.applied = base?.index ?? 0;
    node.appliedHash = base === null ? 0 : Number(new TextDecoder().decode(base.data).split(" ")[0]);
    const log = new RaftLog(base ?? { index: 0, term: 0 }, entries);
    const voters = this.nodes.map(({ id }) => id);
    const randomBetween = (min: number, max: number): number => this.random.between(min, max);
    const { options, nowUs } = this;
    node.core = new RaftCore({ id: node.id, voters, options, randomBetween, hardState, log, snapshot: base, nowUs });
    this.#after(node, wholeChange(node.core, "boot"));
  }

  crash(node: TestNode): void {
    node.core = null;
  }

  /** Does what a driver does after an input. */
  #after(node: TestNode, change: LogChange | null = null): void {
    const core = node.core!;
    const from = core.takeChangedFrom();
    for (const mark of core.takeMarks()) this.marks.set(mark, (this.marks.get(mark) ?? 0) + 1);
    for (let index = node.applied + 1; index <= core.commit; index += 1) {
      const entry = core.log.at(index);
      node.applied = index;
      node.appliedHash = nextAppliedHash(node.appliedHash, entry, 0);
      node.appliedCommands.set(index, new TextDecoder().decode(entry.data));
    }
    node.installing ??= core.takeInstall();
    const context = {
      host: `n${node.id}`,
      incarnation: node.incarnation,
      applied: node.applied,
      appliedHash: node.appliedHash,
      snapshotIndex: node.snapshot?.index ?? 0,
    };
    this.#observe(observationOf(core, context, change ?? (from === 0 ? null : suffixChange(core, from))));
    this.network.push(...core.takeMessages());
    for (const { context: id, index } of core.takeReadStates()) this.#checkRead(id, index);
    for (const id of core.takeReadFailures()) this.#reads.delete(id);
  }

  #checkRead(id: number, index: number): void {
    const read = this.#reads.get(id);
    this.#reads.delete(id);
    if (read === undefined) return;
    this.readsConfirmed += 1;
    if (index < read.floor)
      this.staleReads.push(`read at node ${read.node} got ${index}, committed before: ${read.floor}`);
  }

  tick(node: TestNode): void {
    if (node.core === null) return;
    node.core.tick(this.nowUs);
    this.#after(node);
  }

  /** Lets time pass until the node's deadline, and ticks it. */
  timeOut(id: NodeId): void {
    const node = this.node(id);
    this.nowUs = Math.max(this.nowUs, node.core!.nextDeadlineUs());
    this.tick(node);
  }

  deliver(message: Message): void {
    const node = this.node(message.to);
    if (node.core === null) return;
    node.core.step(message, this.nowUs);
    this.#after(node);
  }

  propose(node: TestNode, command?: string): number {
    if (node.core === null) return 0;
    const text = command ?? `c${this.#nextCommand++}`;
    const index = node.core.propose(new TextEncoder().encode(text), this.nowUs);
    this.#after(node);
    return index;
  }

  read(node: TestNode): void {
    if (node.core === null) return;
    const context = this.#nextContext++;
    let floor = 0;
    for (const { core } of this.nodes) if (core !== null && core.commit > floor) floor = core.commit;
    this.#reads.set(context, { node: node.id, floor });
    node.core.readIndex(context, this.nowUs);
    this.#after(node);
  }

  /** Starts writing what the core wants persisted; nothing is durable before finishSave. */
  startSave(node: TestNode): boolean {
    if (node.core === null || node.saving !== null) return false;
    node.saving = node.core.takeUnsaved();
    return node.saving !== null;
  }

  finishSave(node: TestNode): void {
    const { saving, core, disk } = node;
    if (saving === null || core === null) return;
    node.saving = null;
    const { term, vote, commit } = saving;
    disk.hardState = { term, vote, commit };
    if (saving.entries.length > 0) {
      const first = saving.entries[0]!.index;
      disk.entries = [...disk.entries.filter((entry) => entry.index < first), ...saving.entries];
    }
    core.saved(saving, this.nowUs);
    this.#after(node);
  }

  finishInstall(node: TestNode): void {
    const { installing, core, disk } = node;
    if (installing === null || core === null || node.saving !== null) return;
    node.installing = null;
    disk.base = installing;
    disk.entries = [];
    disk.hardState = { ...disk.hardState, commit: installing.index };
    node.snapshot = installing;
    node.applied = installing.index;
    node.appliedHash = Number(new TextDecoder().decode(installing.data).split(" ")[0]);
    core.snapshotInstalled(installing, this.nowUs);
    this.#after(node, wholeChange(core, "install"));
  }

  takeSnapshot(node: TestNode, keep: number): void {
    const { core, disk } = node;
    if (core === null || node.installing !== null || node.applied > core.durableIndex) return;
    if (node.applied <= (node.snapshot?.index ?? 0)) return;
    const text = `${node.appliedHash} ${"x".repeat(this.random.below(40))}`;
    const data = new TextEncoder().encode(text);
    const snapshot = { index: node.applied, term: core.log.termAt(node.applied), data, checksum: crc32(data) };
    disk.base = snapshot;
    disk.entries = disk.entries.filter((entry) => entry.index > snapshot.index);
    node.snapshot = snapshot;
    core.snapshotTaken(snapshot, Math.max(0, snapshot.index - keep));
    this.#after(node);
  }

  transfer(node: TestNode, to: NodeId): void {
    if (node.core === null) return;
    node.core.transferLeadership(to, this.nowUs);
    this.#after(node);
  }

  /** Saves and delivers until nothing moves; `isBlocked` drops messages. For scripts. */
  settle(isBlocked: (message: Message) => boolean = () => false): void {
    for (let round = 0; round < 10_000; round += 1) {
      for (const node of this.nodes) {
        if (this.startSave(node)) this.finishSave(node);
        this.finishInstall(node);
      }
      const message = this.network.shift();
      if (message === undefined && this.nodes.every(({ core }) => core === null || !core.hasUnsaved)) return;
      if (message !== undefined && !isBlocked(message)) this.deliver(message);
    }
    throw new Error("The cluster does not settle.");
  }
}
