/**
 * Aim: from the entries of a fault to the hosts that it strikes now, in three steps: what the entries stand for, which of these can
 * be struck, and what of them the budget covers.
 */
import type { Control } from "../sim/control.ts";
import { scale } from "../sim/hash.ts";
import { PURPOSE } from "../sim/kernel.ts";
import { HarmBudget, type HarmOptions } from "./budget.ts";
import { familyOf } from "./kinds.ts";
import { laneOf } from "./lanes.ts";
import type { Fault } from "./plan.ts";
import type { Field, Strike, Where } from "./strike.ts";
import {
  type Pick,
  resolveEntry,
  resolveHosts,
  resolveLinks,
  type Surroundings,
  shuffled,
  type TargetResolvers,
} from "./targets.ts";

export class Aim {
  readonly budget: HarmBudget;
  readonly #control: Control;
  readonly #field: Field;
  readonly #targets: TargetResolvers;
  /** "n1/drift" and so on: who has taken what of which host. */
  readonly #lanes: Map<string, Strike> = new Map();

  constructor(field: Field, targets: TargetResolvers, harm: HarmOptions) {
    this.#control = field.control;
    this.#field = field;
    this.#targets = targets;
    this.budget = new HarmBudget(harm);
  }

  /** The hosts whose points a trigger counts. */
  watched(target: string | undefined): readonly string[] {
    if (target === undefined) return this.#field.nodes;
    // Asked at every point of the name: what needs no picking is answered without the rest.
    const resolver = this.#targets[target];
    if (resolver !== undefined) return resolver();
    if (this.#field.nodes.includes(target)) return [target];
    return resolveEntry(
      target,
      [],
      null,
      this.#surroundings(() => true),
      () => 0,
    );
  }

  /** Null when the fault has to wait: a target matches nobody, no host can be struck, or the time of its strike has not come yet. */
  at(strike: Strike, triggerHost: string | null): Where | null {
    const where = this.#resolve(strike, triggerHost);
    if (where === null || where.hosts.length === 0) return where;
    const hosts = where.hosts.filter((host) => this.#canStrike(strike.fault, host));
    return hosts.length === 0 ? null : { ...where, hosts };
  }

  /** What of the hosts the budget covers; harm is charged, of those that are struck and no others. */
  cover(fault: Fault, hosts: readonly string[]): readonly string[] {
    const { nodes } = this.#field;
    const covered: string[] = [];
    let room = this.budget.downMax - nodes.filter((node) => this.#control.stateOf(node) !== "up").length;
    for (const host of hosts) {
      // A paused host that is killed takes no more room than it did.
      const takesRoom =
        familyOf(fault.kind) === "process" && nodes.includes(host) && this.#control.stateOf(host) !== "paused";
      if (takesRoom && room <= 0) continue;
      if (this.budget.charge(fault, [host]).length === 0) continue;
      if (takesRoom) room--;
      covered.push(host);
    }
    return covered;
  }

  occupy(strike: Strike, hosts: readonly string[]): void {
    for (const host of hosts) {
      const lane = laneOf(strike.fault, host);
      if (lane !== null) this.#lanes.set(lane, strike);
    }
  }

  release(strike: Strike): void {
    for (const [lane, holder] of this.#lanes) if (holder === strike) this.#lanes.delete(lane);
  }

  #resolve({ fault, index }: Strike, triggerHost: string | null): Where | null {
    const { struck } = fault;
    if (struck !== undefined) {
      if (this.#control.nowUs < struck.timeUs) return null;
      return { hosts: struck.hosts, order: struck.order ?? [], links: struck.links ?? [] };
    }
    const pick = this.#picker(index);
    const around = this.#surroundings((host) => this.#isPickable(fault, host));
    const entries = "hosts" in fault ? (fault.hosts ?? []) : [];
    const hosts = resolveHosts(entries, fault.groups ?? [], triggerHost, around, pick);
    const named = "links" in fault ? fault.links : undefined;
    const links = resolveLinks(named ?? [], triggerHost, around, pick);
    if (hosts === null || links === null) return null;
    const order = fault.kind === "partition" ? orderOf(fault, hosts, this.#field.nodes, pick) : [];
    return { hosts, order, links };
  }

  #canStrike(fault: Fault, host: string): boolean {
    const { state } = this.#control.host(host);
    if (familyOf(fault.kind) === "process" && state === "down") return false;
    if (fault.kind === "pause" && state === "paused") return false;
    const lane = laneOf(fault, host);
    return lane === null || !this.#lanes.has(lane);
  }

  /** Random picks are made among hosts that run and that the budget still covers. */
  #isPickable(fault: Fault, host: string): boolean {
    const isRunning = this.#control.stateOf(host) !== "down";
    return isRunning && this.#canStrike(fault, host) && this.budget.allows(fault, host);
  }

  #surroundings(isUp: (host: string) => boolean): Surroundings {
    return {
      ...this.#field,
      targets: this.#targets,
      groupMembers: (group) => this.#control.group(group).map((machine) => machine.name),
      isUp,
    };
  }

  /** Picks of a fault are keyed by its place in the plan. */
  #picker(index: number): Pick {
    const { world } = this.#control;
    const consumer = world.consumer(`nemesis/${index}`);
    let ordinal = 0;
    return (bound) => scale(world.outcome(consumer, ++ordinal, PURPOSE.nemesisPick), bound);
  }
}

function orderOf(
  fault: Fault & { readonly kind: "partition" },
  hosts: readonly string[],
  nodes: readonly string[],
  pick: Pick,
): readonly string[] {
  if (fault.shape === "bridge") return shuffled(nodes, pick);
  if (fault.shape === "ring") return shuffled(hosts.length === 0 ? nodes : hosts, pick);
  return [];
}
