/**
 * The nemesis: executes a plan on a running simulation.
 *
 * Every fault strikes at its time or at its trigger, is healed after its duration, and is counted as effective only when
 * somebody observed a difference. A fault whose target matches nobody tries again for a while; one that the harm budget does
 * not cover is refused. Faults never overlap incoherently: what is down cannot be killed, and one oscillator has one drift.
 */
import type { Control } from "../sim/control.ts";
import { Aim } from "./aim.ts";
import type { HarmOptions } from "./budget.ts";
import { strikeClock } from "./clock-faults.ts";
import { strikeDisk } from "./disk-faults.ts";
import { type FaultKind, familyOf } from "./kinds.ts";
import { strikeNetwork, strikePartition } from "./network-faults.ts";
import type { Fault, Plan, Struck } from "./plan.ts";
import { strikeProcess } from "./process-faults.ts";
import { type Field, makeStrike, type Strike, type Where } from "./strike.ts";
import { pairsBetween, type TargetResolvers } from "./targets.ts";
import { type Fired, Triggers } from "./triggers.ts";

export type NemesisOptions = {
  /** Members of the system. */
  readonly nodes: readonly string[];
  readonly clients?: readonly string[];
  /** What the scenario's symbolic targets match now. A name that is also built in is the scenario's. */
  readonly targets?: TargetResolvers;
  /** How long a fault waits for a target that matches nobody; default 1 s. */
  readonly waitUsMax?: number;
} & Partial<HarmOptions>;

export type FaultWindow = { readonly kind: FaultKind; readonly startUs: number; readonly endUs: number };

export type FaultStats = { readonly [kind: string]: { readonly injected: number; readonly effective: number } };

const RETRY_US = 5_000;
const WAIT_US_MAX = 1_000_000;
/** Mixed into the digest with the fault's index: a strike is part of what happened. */
const STRIKE_NOTE = 0x5712_0000;
const HEAL_NOTE = 0x4ea1_0000;

export class Nemesis {
  readonly #control: Control;
  readonly #field: Field;
  readonly #aim: Aim;
  readonly #waitUsMax: number;
  readonly #strikes: readonly Strike[];
  readonly #triggers: Triggers = new Triggers();
  readonly #quarantined: Set<string> = new Set();
  #isOver = false;

  constructor(control: Control, plan: Plan, options: NemesisOptions) {
    this.#control = control;
    this.#field = { control, nodes: options.nodes, clients: options.clients ?? [], keptDown: new Set() };
    this.#waitUsMax = options.waitUsMax ?? WAIT_US_MAX;
    this.#aim = new Aim(this.#field, options.targets ?? {}, {
      lastingHarmMax: options.lastingHarmMax ?? 0,
      selfQuarantined: options.selfQuarantined ?? [],
      downMax: options.downMax ?? options.nodes.length,
    });
    this.#strikes = plan.faults.map(makeStrike);
  }

  /** Schedules every fault. A fault whose time has passed strikes at once. */
  start(): void {
    const { world } = this.#control;
    for (const strike of this.#strikes) {
      const { atUs, when } = strike.fault;
      if (when === undefined) {
        world.schedule(Math.max(atUs ?? 0, world.nowUs), () => this.#attempt(strike, null, null));
        continue;
      }
      this.#triggers.add(
        when,
        strike.fault.struck?.at ?? null,
        (host) => this.#aim.watched(when.target).includes(host),
        (at) => this.#attempt(strike, at, null),
      );
    }
    if (this.#triggers.isEmpty) return;
    const before = world.onPoint;
    world.onPoint = (on, name, incarnation) => {
      before?.(on, name, incarnation);
      if (!this.#isOver) this.#triggers.offer(on, name, incarnation, world.nowUs);
    };
  }

  /**
   * The end of chaos: every fault ends, paused hosts go on, dead ones boot. Lasting harm and quarantine stay. Hosts named in
   * `keepDown` are taken down and stay so.
   */
  healAll(options: { readonly keepDown?: readonly string[] } = {}): void {
    this.#isOver = true;
    for (const name of options.keepDown ?? []) {
      this.#field.keptDown.add(name);
      this.#control.host(name).isHeldDown = true;
      this.#control.kill(name, "left out of the core");
    }
    for (const strike of this.#strikes) {
      if (strike.state === "active") this.#heal(strike);
      else if (strike.state === "waiting") this.#miss(strike, "the chaos phase ended before it could strike");
    }
    for (const name of [...this.#field.nodes, ...this.#field.clients]) {
      if (this.#field.keptDown.has(name)) continue;
      const machine = this.#control.host(name);
      machine.isHeldDown = false;
      if (machine.state === "paused") machine.resume();
      else machine.boot(false);
    }
  }

  /** The plan with the point at which each fault struck. Run again as input of the same seed, it gives the same run. */
  resolved(): Plan {
    const faults = this.#strikes.map(({ fault, struck }): Fault => (struck === null ? fault : { ...fault, struck }));
    return { format: 1, faults };
  }

  /** By kind, in the order of the plan: how many struck, and how many of these made an observed difference. */
  stats(): FaultStats {
    const stats: Record<string, { injected: number; effective: number }> = {};
    for (const { fault, active, struck } of this.#strikes) {
      if (struck === null) continue;
      stats[fault.kind] ??= { injected: 0, effective: 0 };
      const counts = stats[fault.kind]!; // set in the line before
      counts.injected++;
      if (active.effects > 0) counts.effective++;
    }
    return stats;
  }

  /** When which kinds were active; a fault that is not healed yet lasts until now. */
  windows(): readonly FaultWindow[] {
    return this.#strikes.flatMap(({ fault, struck, state, endUs }) => {
      if (struck === null) return [];
      return [{ kind: fault.kind, startUs: struck.timeUs, endUs: state === "active" ? this.#control.nowUs : endUs }];
    });
  }

  /** Nodes with lasting harm, quarantined ones among them. */
  harmedNodes(): readonly string[] {
    return this.#aim.budget.harmed;
  }

  /** Faults of the plan that did not strike, and why. */
  notInjected(): readonly { readonly index: number; readonly kind: FaultKind; readonly reason: string }[] {
    return this.#strikes.flatMap(({ index, fault, reason }) =>
      reason === null ? [] : [{ index, kind: fault.kind, reason }],
    );
  }

  // ---- Striking ----

  #attempt(strike: Strike, at: Fired | null, deadlineUs: number | null): void {
    if (this.#isOver || strike.state !== "waiting") return;
    const { world } = this.#control;
    const where = this.#aim.at(strike, at?.host ?? null);
    if (where !== null) {
      this.#execute(strike, where, at);
      return;
    }
    const untilUs = deadlineUs ?? world.nowUs + this.#waitUsMax;
    if (world.nowUs + RETRY_US > untilUs) {
      this.#miss(strike, `its target matched no host for ${this.#waitUsMax / 1000} ms`);
      return;
    }
    world.schedule(world.nowUs + RETRY_US, () => this.#attempt(strike, at, untilUs));
  }

  #execute(strike: Strike, found: Where, at: Fired | null): void {
    const { world } = this.#control;
    const { fault } = strike;
    const hosts = this.#aim.cover(fault, found.hosts);
    if (hosts.length === 0 && found.hosts.length > 0) {
      this.#refuse(strike, found.hosts);
      return;
    }
    const where = { ...found, hosts };
    if (this.#aim.budget.needsQuarantine(fault)) for (const host of hosts) this.#quarantine(host);
    this.#aim.occupy(strike, hosts);
    strike.state = "active";
    strike.struck = struckAt(world.nowUs, where, at);
    world.note(STRIKE_NOTE ^ strike.index);
    world.trace("nemesis.strike", null, { fault: strike.index, kind: fault.kind, hosts, links: where.links });
    strike.heal = this.#start(fault, where, strike);
    world.schedule(world.nowUs + fault.forUs, () => {
      if (strike.state === "active") this.#heal(strike);
    });
  }

  #start(fault: Fault, where: Where, strike: Strike): () => void {
    switch (familyOf(fault.kind)) {
      case "network":
        return fault.kind === "partition"
          ? strikePartition(fault, where, strike.active, this.#field)
          : strikeNetwork(fault as Parameters<typeof strikeNetwork>[0], where, strike.active, this.#field);
      case "process":
        return strikeProcess(fault as Parameters<typeof strikeProcess>[0], where, strike.active, this.#field);
      case "clock":
        return strikeClock(fault as Parameters<typeof strikeClock>[0], where, strike.active, this.#field);
      case "disk":
        return strikeDisk(fault as Parameters<typeof strikeDisk>[0], where, strike.active, this.#field);
    }
  }

  #heal(strike: Strike): void {
    const { world } = this.#control;
    strike.state = "healed";
    strike.endUs = world.nowUs;
    this.#aim.release(strike);
    world.note(HEAL_NOTE ^ strike.index);
    world.trace("nemesis.heal", null, { fault: strike.index, kind: strike.fault.kind, effects: strike.active.effects });
    strike.heal();
  }

  #miss(strike: Strike, reason: string): void {
    strike.state = "missed";
    strike.reason = reason;
    this.#control.world.trace("nemesis.miss", null, { fault: strike.index, kind: strike.fault.kind, reason });
  }

  #refuse(strike: Strike, hosts: readonly string[]): void {
    const isHarm = hosts.every((host) => !this.#aim.budget.allows(strike.fault, host));
    const what = isHarm ? "harmed" : "down";
    strike.state = "refused";
    strike.reason = `the budget allows no further node to be ${what} (wanted ${hosts.join(", ")})`;
    const { index, fault, reason } = strike;
    this.#control.world.trace("nemesis.refuse", null, { fault: index, kind: fault.kind, reason });
  }

  /** Nothing that the node sends arrives any more: it never votes, acks or counts. No fault is credited for it. */
  #quarantine(host: string): void {
    if (this.#quarantined.has(host)) return;
    this.#quarantined.add(host);
    const { network, world } = this.#control;
    const others = [...this.#field.nodes, ...this.#field.clients];
    network.addRule({ pairs: pairsBetween([host], others), props: { block: true }, fault: null });
    world.trace("nemesis.quarantine", host);
  }
}

function struckAt(timeUs: number, { hosts, order, links }: Where, at: Fired | null): Struck {
  return {
    timeUs,
    hosts,
    ...(order.length === 0 ? {} : { order }),
    ...(links.length === 0 ? {} : { links }),
    ...(at === null ? {} : { at }),
  };
}
