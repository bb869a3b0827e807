/**
 * The workload of a run: processes on client hosts, each with one outstanding operation, and the history they leave.
 *
 * An invocation is an event of the client's host; what it was told is recorded in the event that settles it. After an `info` the
 * process goes on under a new number, as Jepsen's do.
 */
import type { HistoryEvent, PlainJson } from "../checkers/history.ts";
import { requireOutcome } from "../scenarios/answers.ts";
import type { Client, Outcome, PlannedOperation } from "../scenarios/scenario.ts";
import type { Control } from "../sim/control.ts";
import { hashText } from "../sim/hash.ts";
import type { EventKind, Incarnation } from "../sim/kernel.ts";
import { describeThrown } from "./place.ts";
import type { Thrown } from "./result.ts";

type Slot = {
  readonly host: string;
  readonly place: number;
  client: Client | null;
  /** The process number in the history; grows by the number of processes after an `info`. */
  process: number;
  queue: readonly PlannedOperation[];
  next: number;
  mustSucceed: boolean;
  outstanding: PlannedOperation | null;
  invokedUs: number;
};

const RETRY_PAUSE_US = 20_000;
/** Different errors that are kept. */
const THROWN_MAX = 20;

const INVOKE: EventKind = { name: "client.invoke", sync: false, run: (invoke: () => void) => invoke() };

export class Workload {
  readonly history: HistoryEvent[] = [];
  readonly counts: { ok: number; fail: number; info: number } = { ok: 0, fail: 0, info: 0 };
  readonly #control: Control;
  readonly #slots: Slot[];
  readonly #thrown: Map<string, { readonly error: string; times: number }> = new Map();
  /** Called when a process has nothing left to do. */
  onIdle: () => void = () => {};

  constructor(control: Control, hosts: readonly string[]) {
    this.#control = control;
    this.#slots = hosts.map((host, place) => ({
      host,
      place,
      client: null,
      process: place,
      queue: [],
      next: 0,
      mustSucceed: false,
      outstanding: null,
      invokedUs: 0,
    }));
  }

  /** The client host of a process has booted. What an earlier boot had outstanding stays pending for ever. */
  setClient(place: number, client: Client): void {
    const slot = this.#slots[place]!;
    slot.client = client;
    if (slot.outstanding !== null) {
      slot.outstanding = null;
      slot.process += this.#slots.length;
    }
    this.#scheduleNext(slot);
  }

  /** Gives each process its next operations; with `mustSucceed` an operation is tried again until it is `ok`. */
  assign(operations: readonly PlannedOperation[], options: { readonly mustSucceed: boolean }): void {
    const queues: PlannedOperation[][] = this.#slots.map(() => []);
    for (const operation of operations) queues[operation.process % this.#slots.length]!.push(operation);
    this.#slots.forEach((slot, i) => {
      const wasIdle = slot.outstanding === null && slot.next >= slot.queue.length;
      slot.queue = queues[i]!;
      slot.next = 0;
      slot.mustSucceed = options.mustSucceed;
      if (wasIdle) this.#scheduleNext(slot);
    });
  }

  /** True when no process has an operation outstanding or waiting. */
  get isIdle(): boolean {
    return this.#slots.every((slot) => slot.outstanding === null && slot.next >= slot.queue.length);
  }

  /** Who waits for what, for a run that is stuck. */
  waiting(): string[] {
    return this.#slots
      .filter((slot) => slot.outstanding !== null || slot.next < slot.queue.length)
      .map((slot) => {
        const operation = slot.outstanding ?? slot.queue[slot.next]!;
        const what = `${operation.f}${operation.key === undefined ? "" : ` ${operation.key}`}`;
        if (slot.outstanding === null) return `${slot.host} (process ${slot.process}) could not complete ${what}`;
        return `${slot.host} (process ${slot.process}) waits for ${what} since ${(slot.invokedUs / 1000).toFixed(3)} ms`;
      });
  }

  #scheduleNext(slot: Slot, pauseUs = 0): void {
    const operation = slot.queue[slot.next];
    if (operation === undefined) {
      this.onIdle();
      return;
    }
    const incarnation = this.#control.host(slot.host).incarnation;
    if (incarnation === null) return;
    const world = this.#control.world;
    world.at(world.nowUs + operation.afterUs + pauseUs, incarnation, INVOKE, () => this.#invoke(slot));
  }

  #invoke(slot: Slot): void {
    const operation = slot.queue[slot.next];
    // The queue may have been replaced since this was scheduled, or the client host may still be booting.
    if (operation === undefined || slot.outstanding !== null || slot.client === null) return;
    slot.next++;
    slot.outstanding = operation;
    slot.invokedUs = this.#control.nowUs;
    this.#record(slot, operation, "invoke", operation.value);
    const lost = (error: unknown): Outcome => {
      this.#noteThrown(error);
      return { type: "info", error: error instanceof Error ? error.name : String(error) };
    };
    let answer: Promise<Outcome>;
    try {
      // In plain JavaScript it may be no promise.
      answer = Promise.resolve(slot.client.invoke(operation));
    } catch (error) {
      answer = Promise.resolve(lost(error));
    }
    const { incarnation } = this.#control.host(slot.host);
    void answer.then(
      (outcome) => this.#take(slot, operation, outcome, incarnation),
      (error: unknown) => this.#complete(slot, operation, lost(error)),
    );
  }

  /** An outcome that nobody can use ends the run. */
  #take(slot: Slot, operation: PlannedOperation, outcome: Outcome, incarnation: Incarnation | null): void {
    let sound: Outcome;
    try {
      sound = requireOutcome(outcome, `client().invoke(${operation.f})`);
    } catch (error) {
      if (incarnation !== null) this.#control.world.uncaught(incarnation, error);
      return;
    }
    this.#complete(slot, operation, sound);
  }

  #noteThrown(error: unknown): void {
    if (this.#thrown.size >= THROWN_MAX && !this.#thrown.has(String(error))) return;
    const entry = this.#thrown.get(String(error)) ?? { error: describeThrown(error), times: 0 };
    this.#thrown.set(String(error), entry);
    entry.times++;
  }

  /** What `invoke` threw, each error once, the most frequent first. */
  thrown(): readonly Thrown[] {
    return [...this.#thrown.values()].sort((x, y) => y.times - x.times || (x.error < y.error ? -1 : 1));
  }

  #complete(slot: Slot, operation: PlannedOperation, outcome: Outcome): void {
    slot.outstanding = null;
    this.counts[outcome.type]++;
    if (outcome.type === "ok") {
      const value = outcome.value === undefined ? operation.value : outcome.value;
      this.#record(slot, operation, "ok", value, outcome.result);
    } else {
      this.#record(slot, operation, outcome.type, operation.value, undefined, outcome.error);
    }
    if (outcome.type === "info") slot.process += this.#slots.length;
    const isAgain =
      slot.mustSucceed && outcome.type !== "ok" && slot.next > 0 && slot.queue[slot.next - 1] === operation;
    if (isAgain) slot.next--;
    this.#scheduleNext(slot, isAgain ? RETRY_PAUSE_US : 0);
  }

  #record(
    slot: Slot,
    operation: PlannedOperation,
    type: HistoryEvent["type"],
    value: PlainJson,
    result?: PlainJson,
    error?: string,
  ): void {
    const { world } = this.#control;
    const event: HistoryEvent = {
      index: this.history.length,
      timeUs: world.nowUs,
      process: slot.process,
      type,
      f: operation.f,
      ...(operation.key === undefined ? {} : { key: operation.key }),
      value,
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
    };
    this.history.push(event);
    world.note(slot.process);
    world.note(
      hashText(`${type} ${operation.f} ${operation.key ?? ""} ${JSON.stringify(value)} ${JSON.stringify(result)}`).lo,
    );
    if (world.isTracing) {
      const { index: _index, timeUs: _timeUs, ...data } = event;
      world.trace(`client.${type}`, slot.host, data);
    }
  }
}
