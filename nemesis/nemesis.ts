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
import type { Fault, Plan, Struck, When } from "./plan.ts";
import { strikeProcess } from "./process-faults.ts";
import { type Field, makeStrike, type Miss, type MissCode, type Strike, type Where } from "./strike.ts";
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

/** A fault of the plan that never struck: its place in the plan, and why. */
export type Unstruck = {
  readonly index: number;
  readonly kind: FaultKind;
  readonly code: MissCode;
  readonly reason: string;
};

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
  /** How many points have counted for the trigger of a fault; and the faults whose trigger has fired. */
  readonly #counted: Map<Strike, () => number> = new Map();
  readonly #fired: Set<Strike> = new Set();
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
      const counted = this.#triggers.add(
        when,
        strike.fault.struck?.at ?? null,
        (host) => this.#aim.watched(when.target).includes(host),
        (at) => {
          this.#fired.add(strike);
          this.#attempt(strike, at, null);
        },
      );
      this.#counted.set(strike, counted);
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
      else if (strike.state === "waiting") this.#miss(strike, this.#whyWaiting(strike));
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

  /** Faults of the plan that did not strike, and why. Those that still wait when the run is over are among them. */
  notInjected(): readonly Unstruck[] {
    return this.#strikes.flatMap((strike) => {
      const { index, fault, struck } = strike;
      if (struck !== null) return [];
      const { code, reason } = strike.miss ?? this.#whyWaiting(strike);
      return [{ index, kind: fault.kind, code, reason }];
    });
  }

  #whyWaiting(strike: Strike): Miss {
    const { nowUs } = this.#control;
    const { when, atUs } = strike.fault;
    if (when === undefined && (atUs ?? 0) >= nowUs) {
      const reason = `it was to strike at ${atUs} us, and the faults ended at ${nowUs} us`;
      return { code: "after-end", reason };
    }
    if (when === undefined || this.#fired.has(strike)) {
      return { code: "no-target", reason: "its target matched no host until the faults ended" };
    }
    return this.#whyNotFired(strike, when);
  }

  #whyNotFired(strike: Strike, when: When): Miss {
    const reached = this.#triggers.reached(when.on);
    const point = `${when.on} ${JSON.stringify(when.name)}`;
    if (!reached.includes(when.name)) {
      const others = reached.length === 0 ? `no ${when.on} at all was` : `reached were ${listed(reached)}`;
      return { code: "point-never-reached", reason: `no ${point} was reached (${others})` };
    }
    const counted = this.#counted.get(strike)?.() ?? 0;
    const where = when.target === undefined ? "" : ` of ${when.target}`;
    const after = when.afterUs === undefined ? "" : ` after ${when.afterUs} us`;
    const exact = strike.fault.struck?.at;
    const reason =
      exact === undefined
        ? `only ${counted} of the ${when.count} points ${point}${where}${after} were reached`
        : `point ${exact.ordinal} of ${point} in boot ${exact.incarnation} of ${exact.host} was not reached`;
    return { code: "too-few-points", reason };
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
      const reason = `its target matched no host for ${this.#waitUsMax / 1000} ms`;
      this.#miss(strike, { code: "no-target", reason });
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

  #miss(strike: Strike, miss: Miss): void {
    strike.state = "missed";
    strike.miss = miss;
    const { index, fault } = strike;
    this.#control.world.trace("nemesis.miss", null, { fault: index, kind: fault.kind, reason: miss.reason });
  }

  #refuse(strike: Strike, hosts: readonly string[]): void {
    const isHarm = hosts.every((host) => !this.#aim.budget.allows(strike.fault, host));
    const what = isHarm ? "harmed" : "down";
    strike.state = "refused";
    const reason = `the budget allows no further node to be ${what} (wanted ${hosts.join(", ")})`;
    strike.miss = { code: "over-budget", reason };
    const { index, fault } = strike;
    this.#control.world.trace("nemesis.refuse", null, { fault: index, kind: fault.kind, reason });
  }

  /** Nothing that the node sends arrives any more: it never votes, acks or counts. No fault is credited for it. */
  #quarantine(host: string): void {
    if (this.#quarantined.has(host)) return;
    this.#quarantined.add(host);
    const { network, quarantined, world } = this.#control;
    quarantined.add(host);
    const others = [...this.#field.nodes, ...this.#field.clients];
    network.addRule({ pairs: pairsBetween([host], others), props: { block: true }, fault: null });
    world.trace("nemesis.quarantine", host);
  }
}

const LISTED_MAX = 12;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return `${names.slice(0, LISTED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
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
