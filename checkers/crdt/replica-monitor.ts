/**
 * Watches replicas step by step: at every change of what one contains, not only where a client reads.
 *
 * Demanded: replicas that contain the same updates of an object, and have forgotten the same history, have the same state, whenever
 * and wherever that is; within one boot what is contained and what is durable only grow; what is durable is contained.
 */
import { type Contents, firstMissing, keyOfContents, nameOf } from "./contents.ts";

export type ReplicaStep = {
  readonly replica: string;
  readonly incarnation: number;
  /** The object; "" for a replica of one. */
  readonly key: string;
  readonly holds: Contents;
  /** What a power loss now would not take. */
  readonly durable: Contents;
  /** Names the history that the state has forgotten. */
  readonly trimmed: string;
  /** A digest of the state. */
  readonly state: string;
};

export class ReplicaMonitor {
  /** Sentences, the first violation first. */
  readonly violations: string[] = [];
  readonly #last: Map<string, ReplicaStep> = new Map();
  readonly #states: Map<string, ReplicaStep> = new Map();

  observe(step: ReplicaStep): void {
    const { replica, key, holds, durable } = step;
    const place = `${replica} ${key}`;
    const before = this.#last.get(place);
    this.#last.set(place, step);
    if (before !== undefined && before.incarnation === step.incarnation) {
      this.#demandAll(holds, before.holds, `${replica} no longer contains`);
      this.#demandAll(durable, before.durable, `${replica} no longer has durably`);
    }
    this.#demandAll(holds, durable, `${replica} has durably, and does not contain,`);
    const name = `${key} ${keyOfContents(holds)} | ${step.trimmed}`;
    const twin = this.#states.get(name);
    if (twin === undefined) this.#states.set(name, step);
    else if (twin.state !== step.state) {
      const states = `states ${twin.state} and ${step.state}`;
      this.violations.push(
        `${twin.replica} and ${replica} contain the same and have ${states}: ${keyOfContents(holds)}`,
      );
    }
  }

  #demandAll(whole: Contents, part: Contents, lacks: string): void {
    const missing = firstMissing(whole, part);
    if (missing !== null) this.violations.push(`${lacks} ${nameOf(missing)}.`);
  }
}
