/**
 * SWIM cores that talk to each other over a network of fixed delay which a test can cut; time and disks belong to the
 * bench.
 */
import type { HostRandom } from "../../../sim/host.ts";
import { SWIM_DEFAULTS, type SwimOptions } from "./options.ts";
import type { DetectorFact } from "../observation.ts";
import { SwimCore } from "./swim-core.ts";
import type { SwimMessage } from "./swim-message.ts";

const DELAY_US = 1_000;
const STORE_US = 5_000;

type Task = { readonly atUs: number; readonly run: () => void };

export type SwimEvent = {
  readonly at: string;
  readonly kind: "down" | "suspect" | "alive";
  readonly peer: string;
  readonly atUs: number;
};

export type SwimBenchOptions = {
  readonly names: readonly string[];
  readonly random: HostRandom;
  readonly options?: Partial<SwimOptions>;
};

export class SwimBench {
  readonly events: SwimEvent[] = [];
  /** What the cores took for true. */
  readonly facts: {
    readonly host: string;
    readonly peer: string;
    readonly atUs: number;
    readonly fact: DetectorFact;
  }[] = [];
  readonly cores: Map<string, SwimCore> = new Map();
  /** What each disk holds; delete an entry to wipe it. */
  readonly stored: Map<string, number> = new Map();
  nowUs = 0;
  /** True for what is lost. */
  isLost: (from: string, to: string, message: SwimMessage) => boolean = () => false;
  readonly #start: SwimBenchOptions;
  #tasks: Task[] = [];

  constructor(start: SwimBenchOptions) {
    this.#start = start;
    for (const name of start.names) this.boot(name);
  }

  core(name: string): SwimCore {
    return this.cores.get(name)!; // the names of the bench
  }

  /** Boots a node with what its disk holds; an earlier process of it is gone. Nobody is watched. */
  boot(name: string): void {
    const { random, options, names } = this.#start;
    const incarnation = (this.stored.get(name) ?? 0) + 1;
    this.stored.set(name, incarnation);
    const tell =
      (kind: SwimEvent["kind"]) =>
      (peer: string): void =>
        void this.events.push({ at: name, kind, peer, atUs: this.nowUs });
    const core: SwimCore = new SwimCore({
      self: name,
      options: { ...SWIM_DEFAULTS, startUs: 1, ...options },
      random,
      incarnation,
      nowUs: this.nowUs,
      output: {
        send: (to, message) => this.#send(name, to, message),
        store: (wanted) =>
          this.#after(STORE_US, () => {
            if (this.cores.get(name) !== core) return;
            this.stored.set(name, wanted);
            core.onStored(wanted);
          }),
        down: tell("down"),
        suspect: tell("suspect"),
        alive: tell("alive"),
        fact: (peer, fact) => void this.facts.push({ host: name, peer, atUs: this.nowUs, fact }),
        clusterSize: () => names.length,
      },
    });
    this.cores.set(name, core);
  }

  /** Everybody watches everybody. */
  watchAll(): void {
    for (const [name, core] of this.cores)
      for (const peer of this.cores.keys()) if (peer !== name) core.watch(peer, this.nowUs);
  }

  runUntil(untilUs: number): void {
    for (;;) {
      this.#tasks.sort((x, y) => x.atUs - y.atUs);
      const [task] = this.#tasks;
      let dueUs = task?.atUs ?? Number.POSITIVE_INFINITY;
      let due: SwimCore | null = null;
      for (const core of this.cores.values()) {
        if (core.dueUs >= dueUs) continue;
        dueUs = core.dueUs;
        due = core;
      }
      if (dueUs > untilUs) break;
      this.nowUs = Math.max(this.nowUs, dueUs);
      if (due !== null) due.tick(this.nowUs);
      else {
        this.#tasks.shift();
        task!.run(); // dueUs is the task's time
      }
    }
    this.nowUs = untilUs;
  }

  crash(name: string): void {
    this.cores.delete(name);
  }

  of(kind: SwimEvent["kind"], peer: string): readonly SwimEvent[] {
    return this.events.filter((event) => event.kind === kind && event.peer === peer);
  }

  #send(from: string, to: string, message: SwimMessage): void {
    if (this.isLost(from, to, message)) return;
    this.#after(DELAY_US, () => this.cores.get(to)?.receive(from, message, this.nowUs));
  }

  #after(delayUs: number, run: () => void): void {
    this.#tasks.push({ atUs: this.nowUs + delayUs, run });
  }
}
