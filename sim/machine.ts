/**
 * A machine: a named host that boots a program, dies, and boots again with what its disk kept.
 *
 * An incarnation is fenced: once it has ended, its Host is inert, its timers are gone and its events are dropped unseen. The end
 * takes effect at once, also in the middle of an event of its own.
 */
import type { HostClock } from "./clock.ts";
import type { HostDisk } from "./disk/host-disk.ts";
import type { HostGlobals } from "./engine.ts";
import type { QueuedEvent } from "./event-queue.ts";
import { SimulatedHost } from "./host-object.ts";
import type { Program } from "./host.ts";
import type { ActiveFault, EventKind, Incarnation } from "./kernel.ts";
import type { Network } from "./net/network.ts";
import type { World } from "./world.ts";

export type MachineState = "down" | "up" | "paused";

export type MachineParts = {
  readonly index: number;
  readonly name: string;
  readonly program: Program;
  readonly groups: readonly string[];
  readonly clock: HostClock;
  readonly disk: HostDisk;
  readonly network: Network;
  readonly world: World;
  readonly driftPpmMax: number;
  /** One site in four of `buggify` is active when on. */
  readonly isBuggified: boolean;
  /** The program ended itself. */
  readonly onExit: () => void;
  /** The state of the machine has changed. For the test side: it must change nothing in the world. */
  readonly onChange: (change: LifecycleChange) => void;
};

/** What happened to a machine; "wiped" comes after its "down". */
export type LifecycleChange = "up" | "down" | "paused" | "resumed" | "wiped";

type Parked = QueuedEvent<EventKind, Incarnation | null>;

const BOOT: EventKind = { name: "host.boot", sync: false, run: (boot: () => void | Promise<void>) => boot() };

/** What waits for a paused host is bounded: beyond this the oldest go on waiting and new ones are lost, as in a full socket. */
const PARKED_MAX = 100_000;

export class Machine {
  readonly index: number;
  readonly name: string;
  readonly groups: readonly string[];
  readonly clock: HostClock;
  readonly disk: HostDisk;
  /** A fault keeps the machine down: the supervisor must not boot it. */
  isHeldDown = false;
  readonly #parts: MachineParts;
  #incarnation: (Incarnation & { readonly globals: HostGlobals }) | null = null;
  #host: SimulatedHost | null = null;
  #boots = 0;
  #parked: Parked[] = [];

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.index = parts.index;
    this.name = parts.name;
    this.groups = parts.groups;
    this.clock = parts.clock;
    this.disk = parts.disk;
    parts.network.addHost(parts.index, parts.name);
  }

  get state(): MachineState {
    if (this.#incarnation === null) return "down";
    return this.#incarnation.isPaused ? "paused" : "up";
  }

  /** The number of the present boot, or of the last one; 0 before the first. */
  get incarnationNumber(): number {
    return this.#boots;
  }

  get incarnation(): Incarnation | null {
    return this.#incarnation;
  }

  /** Boots a new incarnation as an event of its own; does nothing when the machine is up. */
  boot(isClusterFirst: boolean): void {
    if (this.#incarnation !== null) return;
    const { world, network, clock, program } = this.#parts;
    const number = ++this.#boots;
    clock.boot(world.nowUs);
    const host = new SimulatedHost(this.#parts, { incarnation: number, isClusterFirst });
    const incarnation = host.incarnation;
    this.#incarnation = incarnation;
    this.#host = host;
    host.connect(network.attach(incarnation), this.disk.attach(incarnation), (reason) => {
      this.end("kill", reason);
      this.#parts.onExit();
    });
    world.trace("host.boot", this.name, { incarnation: number, isClusterFirst });
    this.#parts.onChange("up");
    world.at(world.nowUs, incarnation, BOOT, () => program(host.face));
  }

  /**
   * Ends the incarnation at once. kill: the process dies, the operating system lives: cached pages stay, peers see resets.
   * power-loss: everything stops in silence, and what was not synced is judged, also when the process had died before. False when
   * there was no process to end.
   */
  end(how: "kill" | "power-loss", reason: string): boolean {
    const incarnation = this.#incarnation;
    if (incarnation === null) {
      // The operating system was still there, with its cached pages.
      if (how === "power-loss") this.disk.powerLoss();
      return false;
    }
    const { world, network } = this.#parts;
    incarnation.isAlive = false;
    incarnation.isPaused = false;
    this.#incarnation = null;
    this.#parked = [];
    this.#host!.end();
    this.#host = null;
    world.note(how === "kill" ? 0x6b111 : 0x10551);
    world.trace(`host.${how}`, this.name, { reason, incarnation: incarnation.number });
    network.detach(incarnation, how);
    if (how === "power-loss") this.disk.powerLoss();
    else this.disk.kill(incarnation);
    this.#parts.onChange("down");
    return true;
  }

  /** Memory stays, nothing runs, what arrives waits. False unless the machine was up. */
  pause(): boolean {
    if (this.#incarnation === null || this.#incarnation.isPaused) return false;
    this.#incarnation.isPaused = true;
    this.#parts.network.setPaused(this.#incarnation, true);
    this.#parts.world.trace("host.pause", this.name);
    this.#parts.onChange("paused");
    return true;
  }

  resume(): boolean {
    if (this.#incarnation === null || !this.#incarnation.isPaused) return false;
    this.#incarnation.isPaused = false;
    const parked = this.#parked;
    this.#parked = [];
    for (const event of parked) this.#parts.world.requeue(event);
    this.#parts.network.setPaused(this.#incarnation, false);
    this.#parts.world.trace("host.resume", this.name, { waited: parked.length });
    this.#parts.onChange("resumed");
    return true;
  }

  /** The disk is gone. */
  wipe(): void {
    this.disk.wipe();
    this.#parts.world.trace("host.wipe", this.name);
    this.#parts.onChange("wiped");
  }

  /** An event that came for the paused incarnation. False when too many wait already. */
  park(event: Parked): boolean {
    if (this.#parked.length >= PARKED_MAX) return false;
    this.#parked.push(event);
    return true;
  }

  /** Changes the rate of the oscillator; pending timers move with it, and each that moves is an effect of the fault. */
  setDrift(driftPpm: number | null, fault: ActiveFault | null): void {
    const { world, clock } = this.#parts;
    if (!clock.setDrift(world.nowUs, driftPpm, fault)) return;
    this.#host?.moveTimers(() => {
      if (fault !== null) world.effect(fault);
    });
  }
}
