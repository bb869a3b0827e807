/**
 * The two views of one node. Every change makes new lists, so a list that was handed out never changes.
 *
 * Invariants: disjoint; without the node itself; without duplicates; sorted by code units; at most activeMax and
 * passiveMax.
 */
import type { HostRandom } from "../../../sim/host.ts";

export type ViewsOptions = { readonly self: string; readonly activeMax: number; readonly passiveMax: number };

export class Views {
  readonly #options: ViewsOptions;
  readonly #random: HostRandom;
  #active: readonly string[] = [];
  #passive: readonly string[] = [];
  #version = 0;

  constructor(options: ViewsOptions, random: HostRandom) {
    this.#options = options;
    this.#random = random;
  }

  get active(): readonly string[] {
    return this.#active;
  }

  get passive(): readonly string[] {
    return this.#passive;
  }

  /** Grows with every change of either view. */
  get version(): number {
    return this.#version;
  }

  get isFull(): boolean {
    return this.#active.length >= this.#options.activeMax;
  }

  has(peer: string): boolean {
    return this.#active.includes(peer);
  }

  /** Moves the peer into the active view; the caller has made room. False for the node itself and for a neighbour. */
  addActive(peer: string): boolean {
    if (peer === this.#options.self || this.has(peer)) return false;
    this.removePassive(peer);
    this.#active = insert(this.#active, peer);
    this.#version += 1;
    return true;
  }

  /** Moves a neighbour into the passive view: it may come back. False when it was none. */
  removeActive(peer: string): boolean {
    if (!this.has(peer)) return false;
    this.#active = this.#active.filter((other) => other !== peer);
    this.#version += 1;
    this.addPassive([peer]);
    return true;
  }

  /** Adds what is in neither view; whoever is too many goes, drawn among all. */
  addPassive(peers: readonly string[]): void {
    const added = peers.filter(
      (peer) => peer !== this.#options.self && !this.has(peer) && !this.#passive.includes(peer),
    );
    if (added.length === 0) return;
    const merged = [...new Set([...this.#passive, ...added])];
    while (merged.length > this.#options.passiveMax) merged.splice(this.#random.below(merged.length), 1);
    this.#passive = merged.sort(compare);
    this.#version += 1;
  }

  removePassive(peer: string): void {
    if (!this.#passive.includes(peer)) return;
    this.#passive = this.#passive.filter((other) => other !== peer);
    this.#version += 1;
  }

  /** What is wrong with the views; null when the invariants hold. */
  fault(): string | null {
    const { self, activeMax, passiveMax } = this.#options;
    if (this.#active.length > activeMax) return `${this.#active.length} active nodes, at most ${activeMax}`;
    if (this.#passive.length > passiveMax) return `${this.#passive.length} passive nodes, at most ${passiveMax}`;
    if (this.#active.includes(self) || this.#passive.includes(self)) return "the node is in its own view";
    const both = this.#active.find((peer) => this.#passive.includes(peer));
    if (both !== undefined) return `${both} is in both views`;
    return isSorted(this.#active) && isSorted(this.#passive) ? null : "a view is not sorted, or holds a node twice";
  }
}

export function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A sorted list with one more entry. */
export function insert(list: readonly string[], value: string): readonly string[] {
  return [...list, value].sort(compare);
}

function isSorted(list: readonly string[]): boolean {
  return list.every((value, i) => i === 0 || list[i - 1]! < value);
}
