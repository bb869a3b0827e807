/**
 * The harm budget: which nodes may suffer what, over a whole run.
 *
 * No replicated system survives lasting harm everywhere, so harm is charged by node: all classes together to at most
 * `lastingHarmMax` nodes. What no system can detect (a sync that lied, an older image) would make even a correct voter break
 * its word; before it strikes, the node is put in quarantine, so that it never votes, acks or counts again. Protocol-aware
 * recovery (Alagappan et al., FAST 2018) and TigerBeetle's fault atlas are where the idea comes from.
 */
import { type FaultKind, harmOf } from "./kinds.ts";
import type { Fault } from "./plan.ts";

export type HarmOptions = {
  /** At most this many nodes may suffer lasting harm; 0 refuses every kind that leaves any. */
  readonly lastingHarmMax: number;
  /** Undetectable kinds after which the system itself keeps the node out of every quorum (an empty disk refuses to vote). */
  readonly selfQuarantined: readonly FaultKind[];
  /** At most this many nodes down or paused at once by faults. */
  readonly downMax: number;
};

export class HarmBudget {
  readonly #options: HarmOptions;
  /** Invariant: never more than lastingHarmMax. */
  readonly #harmed: Set<string> = new Set();

  constructor(options: HarmOptions) {
    this.#options = options;
  }

  /** Nodes charged so far, in the order they were harmed. */
  get harmed(): readonly string[] {
    return [...this.#harmed];
  }

  get downMax(): number {
    return this.#options.downMax;
  }

  /** True when this fault could strike the node without exceeding the budget. */
  allows(fault: Fault, node: string): boolean {
    if (harmOf(fault) === "passing") return true;
    return this.#harmed.has(node) || this.#harmed.size < this.#options.lastingHarmMax;
  }

  needsQuarantine(fault: Fault): boolean {
    return harmOf(fault) === "undetectable" && !this.#options.selfQuarantined.includes(fault.kind);
  }

  /** Charges the nodes that the budget still covers and returns them. */
  charge(fault: Fault, nodes: readonly string[]): readonly string[] {
    if (harmOf(fault) === "passing") return nodes;
    return nodes.filter((node) => {
      if (!this.allows(fault, node)) return false;
      this.#harmed.add(node);
      return true;
    });
  }
}
