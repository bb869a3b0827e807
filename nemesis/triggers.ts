/**
 * Triggers: faults that wait for a point of the run (a disk operation, a message, a mark, a state) instead of a time.
 *
 * Points are offered in the middle of events, and most of them interest nobody: one lookup decides that.
 */
import type { Incarnation } from "../sim/kernel.ts";
import type { Struck, When } from "./plan.ts";

export type Fired = NonNullable<Struck["at"]>;

type Watcher = {
  readonly when: When;
  /** The exact point, when the plan says where it struck before. */
  readonly at: Fired | null;
  readonly matches: (host: string) => boolean;
  readonly fire: (at: Fired) => void;
  seen: number;
};

type Watched = {
  watchers: Watcher[];
  /** How many points of this name each incarnation has had. */
  readonly ordinals: Map<Incarnation, number>;
};

export class Triggers {
  readonly #watched: Map<string, Map<string, Watched>> = new Map();
  /** The names that were reached, by what they are points of; only of the sorts that a trigger waits for. */
  readonly #reached: Map<string, Set<string>> = new Map();
  // A fault that strikes at a point makes points of its own (a power loss marks what it tore): they count for nobody.
  #isFiring = false;

  get isEmpty(): boolean {
    return this.#watched.size === 0;
  }

  /** Returns what tells how many points have counted for this trigger. */
  add(when: When, at: Fired | null, matches: (host: string) => boolean, fire: (at: Fired) => void): () => number {
    const byName = this.#watched.get(when.on) ?? new Map<string, Watched>();
    this.#watched.set(when.on, byName);
    if (!this.#reached.has(when.on)) this.#reached.set(when.on, new Set());
    const watched: Watched = byName.get(when.name) ?? { watchers: [], ordinals: new Map() };
    byName.set(when.name, watched);
    const watcher: Watcher = { when, at, matches, fire, seen: 0 };
    watched.watchers.push(watcher);
    return () => watcher.seen;
  }

  /** The names of the points of this sort that were reached since the triggers were set. */
  reached(on: When["on"]): readonly string[] {
    return [...(this.#reached.get(on) ?? [])].sort();
  }

  offer(on: string, name: string, incarnation: Incarnation | null, nowUs: number): void {
    this.#reached.get(on)?.add(name);
    const watched = this.#watched.get(on)?.get(name);
    if (watched === undefined || incarnation === null || this.#isFiring) return;
    if (watched.watchers.length === 0) return;
    const ordinal = (watched.ordinals.get(incarnation) ?? 0) + 1;
    watched.ordinals.set(incarnation, ordinal);
    const at = { host: incarnation.hostName, incarnation: incarnation.number, ordinal };
    const fired = watched.watchers.filter((watcher) => isHit(watcher, at, nowUs));
    if (fired.length === 0) return;
    watched.watchers = watched.watchers.filter((watcher) => !fired.includes(watcher));
    this.#isFiring = true;
    try {
      for (const watcher of fired) watcher.fire(at);
    } finally {
      this.#isFiring = false;
    }
  }
}

function isHit(watcher: Watcher, at: Fired, nowUs: number): boolean {
  if (watcher.at !== null) {
    const { host, incarnation, ordinal } = watcher.at;
    return host === at.host && incarnation === at.incarnation && ordinal === at.ordinal;
  }
  if (nowUs < (watcher.when.afterUs ?? 0) || !watcher.matches(at.host)) return false;
  watcher.seen++;
  return watcher.seen === watcher.when.count;
}
