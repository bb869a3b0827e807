/**
 * A world with one disk and nothing else: what the tests of the disk run on. A boot runs a body as the program of one
 * incarnation until nothing is left to happen.
 */
import { makeDrive } from "../../runtime/barrier.ts";
import { HostDisk, type HostDiskOptions } from "../../sim/disk/host-disk.ts";
import type { Disk } from "../../sim/host.ts";
import type { ActiveFault, EventKind, Incarnation } from "../../sim/kernel.ts";
import { World } from "../../sim/world.ts";

const BODY: EventKind = { name: "rig.body", sync: false, run: (body: () => Promise<void>) => body() };

/** A body that is not done by then hangs. */
const BODY_US_MAX = 1_000_000_000;

export type RigOptions = HostDiskOptions & { readonly seed?: string; readonly isTracing?: boolean };

export type Crash = { readonly atUs: number; readonly how: "kill" | "power-loss" };

export class DiskRig {
  readonly world: World;
  readonly disk: HostDisk;
  #incarnation: (Incarnation & { isAlive: boolean }) | null = null;
  #boots = 0;
  #faults = 0;

  constructor(options: RigOptions = {}) {
    const { seed, isTracing, ...disk } = options;
    const engine = { drive: makeDrive(), setCurrent: () => {}, jobCount: null };
    this.world = new World({ seed: seed ?? "disk", engine, isTracing: isTracing ?? false });
    this.disk = new HostDisk(this.world, "n1", disk);
  }

  get incarnation(): Incarnation | null {
    return this.#incarnation;
  }

  /** Boots, runs the body to its end (or to the crash), and tells how it ended; a rejection of the body is thrown. */
  async boot<T>(body: (disk: Disk) => Promise<T>, crash?: Crash): Promise<{ readonly value: T } | null> {
    this.#boots += 1;
    const incarnation = {
      hostIndex: 0,
      hostName: "n1",
      number: this.#boots,
      isAlive: true,
      isPaused: false,
      globals: null as never,
    };
    this.#incarnation = incarnation;
    const disk = this.disk.attach(incarnation);
    let result: { readonly value: T } | null = null;
    let failure: unknown = null;
    this.world.at(this.world.nowUs, incarnation, BODY, async () => {
      try {
        result = { value: await body(disk) };
      } catch (error) {
        failure = error;
      }
      this.world.pause();
    });
    if (crash !== undefined) {
      this.world.schedule(this.world.nowUs + crash.atUs, () => {
        this.crash(crash.how);
        this.world.pause();
      });
    }
    await this.world.run(this.world.nowUs + BODY_US_MAX);
    if (failure !== null) throw failure;
    return result;
  }

  /** Like boot, for bodies that must come to their end. */
  async run<T>(body: (disk: Disk) => Promise<T>): Promise<T> {
    const result = await this.boot(body);
    if (result === null) throw new Error("the body never ended: an operation of the disk did not settle");
    return result.value;
  }

  crash(how: "kill" | "power-loss"): void {
    if (this.#incarnation === null) return;
    this.#incarnation.isAlive = false;
    if (how === "kill") this.disk.kill(this.#incarnation);
    else this.disk.powerLoss();
    this.#incarnation = null;
  }

  powerLoss(): void {
    this.#incarnation ??= { hostIndex: 0, hostName: "n1", number: 0, isAlive: true, isPaused: false };
    this.crash("power-loss");
  }

  fault(kind: string): ActiveFault {
    this.#faults += 1;
    return { index: this.#faults, kind, effects: 0 };
  }

  marked(name: string): boolean {
    return this.world.properties.marks.has(name);
  }
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function bytesOf(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
