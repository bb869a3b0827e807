/**
 * The Control: the test side of a simulation. It makes hosts, crashes and restarts them, reaches into network, disks and
 * clocks, and looks at what is durable. Code under test never gets one.
 *
 * Verbs of faults take effect at once. They are called between runs of the world, or in a test-side event (`after`, `every`), or
 * from a trigger in the middle of an event of the host that they crash.
 */
import { HostClock, type WallFault } from "./clock.ts";
import { HostDisk, type HostDiskOptions } from "./disk/host-disk.ts";
import type { Address, Program } from "./host.ts";
import { scale } from "./hash.ts";
import { type ActiveFault, type Incarnation, PURPOSE } from "./kernel.ts";
import { type LifecycleChange, Machine, type MachineState } from "./machine.ts";
import { Network, type NetworkOptions } from "./net/network.ts";
import type { Random } from "./random.ts";
import { type Stop, World, type WorldOptions } from "./world.ts";

export type ControlOptions = WorldOptions & {
  readonly clocks?: {
    /** True time zero on the wall clocks, microseconds since 1970. */
    readonly epochUs?: number;
    /** Wall clocks start within plus or minus this. */
    readonly wallOffsetUsMax?: number;
    /** The declared bound rho: each oscillator drifts by a constant within plus or minus this. */
    readonly driftPpmMax?: number;
  };
  readonly network?: NetworkOptions;
  readonly disk?: HostDiskOptions;
  /** Lets `host.buggify` be true now and then. */
  readonly isBuggified?: boolean;
  /** An exited or crashed process is booted again after this long; null leaves it down. */
  readonly supervisorDelayUs?: number | null;
};

export type HostSpec = {
  readonly name: string;
  readonly program: Program;
  /** Racks, zones: names of groups that fail together. */
  readonly groups?: readonly string[];
  /** False: an exited process stays down whatever supervisorDelayUs says. */
  readonly isSupervised?: boolean;
};

export const EPOCH_US = 1_700_000_000_000_000;

export class Control {
  readonly world: World;
  readonly network: Network;
  readonly #options: ControlOptions;
  readonly #machines: Machine[] = [];
  readonly #byName: Map<string, Machine> = new Map();
  readonly #supervised: Set<Machine> = new Set();
  readonly #lifecycleListeners: ((host: string, change: LifecycleChange) => void)[] = [];
  #isSupervising = true;

  /** Hosts that a fault plan cut off for the rest of the run, since their disks lie: nothing that they send arrives any more. */
  readonly quarantined: Set<string> = new Set();

  constructor(options: ControlOptions) {
    this.#options = options;
    this.world = new World(options);
    this.world.epochUs = options.clocks?.epochUs ?? EPOCH_US;
    this.network = new Network(this.world, options.network);
    this.world.onUncaught = (incarnation, error) => this.#crash(incarnation, error);
    this.world.onPaused = (event) => {
      const machine = this.#machines[event.owner!.hostIndex]!;
      if (!machine.park(event)) this.world.mark("host.parked-overflow");
    };
  }

  get nowUs(): number {
    return this.world.nowUs;
  }

  /** A named stream of the test side. */
  random(name: string): Random {
    return this.world.stream(name);
  }

  /** Runs the world; see World.run. */
  run(untilUs: number): Promise<Stop> {
    return this.world.run(untilUs);
  }

  /** Adds a machine, switched off. Throws RangeError for a second one of the same name. */
  addHost(spec: HostSpec): Machine {
    if (this.#byName.has(spec.name)) throw new RangeError(`there is a host ${JSON.stringify(spec.name)} already`);
    const { clocks } = this.#options;
    const driftPpmMax = clocks?.driftPpmMax ?? 200;
    const consumer = this.world.consumer(`clock/${spec.name}`);
    const within = (bound: number, ordinal: number): number =>
      scale(this.world.outcome(consumer, ordinal, PURPOSE.clock), 2 * bound + 1) - bound;
    const clock = new HostClock(
      {
        epochUs: clocks?.epochUs ?? EPOCH_US,
        wallOffsetUs: within(clocks?.wallOffsetUsMax ?? 50_000, 0),
        driftPpm: within(driftPpmMax, 1),
      },
      (fault) => this.world.effect(fault),
    );
    const index = this.#machines.length;
    const machine = new Machine({
      index,
      name: spec.name,
      program: spec.program,
      groups: spec.groups ?? [],
      clock,
      disk: new HostDisk(this.world, spec.name, this.#options.disk),
      network: this.network,
      world: this.world,
      driftPpmMax,
      isBuggified: this.#options.isBuggified ?? false,
      onExit: () => this.#superviseAfter(machine),
      onChange: (change) => {
        for (const listener of this.#lifecycleListeners) listener(spec.name, change);
      },
    });
    this.#machines.push(machine);
    this.#byName.set(spec.name, machine);
    if (spec.isSupervised !== false) this.#supervised.add(machine);
    return machine;
  }

  get hosts(): readonly Machine[] {
    return this.#machines;
  }

  /** Throws RangeError for an unknown name. */
  host(name: string): Machine {
    const machine = this.#byName.get(name);
    if (machine === undefined) {
      const known = this.#machines.map((other) => other.name).join(", ");
      throw new RangeError(`there is no host ${JSON.stringify(name)} (hosts are ${known})`);
    }
    return machine;
  }

  /** Calls back whenever a machine boots, ends, pauses, resumes or loses its disk, for monitors; the callback must change nothing. */
  onLifecycle(listener: (host: string, change: LifecycleChange) => void): void {
    this.#lifecycleListeners.push(listener);
  }

  stateOf(name: string): MachineState {
    return this.host(name).state;
  }

  /** Switches a machine on. `isClusterFirst` tells its program that this boot forms the cluster. */
  boot(name: string, isClusterFirst = false): void {
    this.host(name).boot(isClusterFirst);
  }

  kill(name: string, reason = "kill"): boolean {
    return this.host(name).end("kill", reason);
  }

  powerLoss(name: string, reason = "power loss"): boolean {
    return this.host(name).end("power-loss", reason);
  }

  restart(name: string): void {
    const machine = this.host(name);
    machine.end("kill", "restart");
    machine.boot(false);
  }

  pause(name: string): boolean {
    return this.host(name).pause();
  }

  resume(name: string): boolean {
    return this.host(name).resume();
  }

  /** Power loss, and the disk is gone; the name and the address stay. */
  wipe(name: string): void {
    const machine = this.host(name);
    machine.end("power-loss", "wipe");
    machine.wipe();
  }

  /** The machines that are members of a group. */
  group(name: string): readonly Machine[] {
    return this.#machines.filter((machine) => machine.groups.includes(name));
  }

  /** Starts a wall-clock fault; the function returned ends it. */
  addWallFault(name: string, spec: WallFault): () => void {
    return this.host(name).clock.addWallFault(this.nowUs, spec);
  }

  /** Sets the drift of a host; null returns to its own. */
  setDrift(name: string, driftPpm: number | null, fault: ActiveFault | null): void {
    this.host(name).setDrift(driftPpm, fault);
  }

  /** Calls back in a test-side event. */
  after(delayUs: number, callback: () => void): { cancel(): void } {
    const id = this.world.schedule(this.nowUs + delayUs, callback);
    return { cancel: () => void this.world.cancel(id) };
  }

  /** Stops booting exited processes again; for the end of a run. */
  set isSupervising(value: boolean) {
    this.#isSupervising = value;
  }

  /** What would survive if the power failed now. */
  durableView(name: string): ReturnType<HostDisk["durableView"]> {
    return this.host(name).disk.durableView();
  }

  address(name: string, port: number): Address {
    return { host: this.host(name).name, port };
  }

  #crash(incarnation: Incarnation, error: unknown): void {
    const { world } = this;
    const event = { timeUs: world.nowUs, eventIndex: world.eventCount };
    const name = error instanceof Error ? error.name : typeof error;
    world.noteText(name);
    const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
    world.properties.recordUncaught({
      host: incarnation.hostName,
      incarnation: incarnation.number,
      ...event,
      error: text,
    });
    const machine = this.#machines[incarnation.hostIndex]!;
    machine.end("kill", `uncaught ${name}`);
    this.#superviseAfter(machine);
  }

  #superviseAfter(machine: Machine): void {
    const delayUs = this.#options.supervisorDelayUs ?? null;
    if (delayUs === null || !this.#isSupervising || !this.#supervised.has(machine)) return;
    const incarnation = machine.incarnationNumber;
    this.world.schedule(this.nowUs + delayUs, () => {
      // A fault may have taken the machine down or booted it in between: then it is not ours to boot.
      if (
        this.#isSupervising &&
        machine.state === "down" &&
        machine.incarnationNumber === incarnation &&
        !machine.isHeldDown
      ) {
        machine.boot(false);
      }
    });
  }
}
