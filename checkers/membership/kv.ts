/**
 * The KV of membership: what nodes hold durably, against what they acknowledged and against each other.
 *
 * - What a node holds of a key never goes back, also over its boots, while its disk is kept.
 * - One clock of a key stands for one value, whoever holds it.
 * - An acknowledged operation is durable at the node that acknowledged it. So it survives as long as one node that came to hold it
 *   keeps its disk.
 * - An operation that was to happen only to what had been read has seen exactly that.
 * - Each operation has a clock of its own: no two are acknowledged with the same.
 * - After healing all running nodes come to hold the same, with every operation that one of them has.
 */
import { VIOLATIONS_MAX, type ViewViolation } from "./views.ts";

/** A value of a key is durable at a node. */
export type KvRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly key: string;
  readonly clock: KvClock;
  readonly hash: number;
};

/** A node has booted, and told of all that it found on its disk. */
export type KvReady = { readonly host: string; readonly incarnation: number };

export type KvClock = { readonly [actor: string]: number };

/** A node told a caller that its operation is durable; `clock` is that of the key after it. */
export type KvAck = {
  readonly host: string;
  readonly key: string;
  readonly clock: KvClock;
  /** What the caller had read, when the operation was to happen only to that. */
  readonly expected?: KvClock;
  /** When the caller asked: a node whose disk was lost after that may have lost the operation. */
  readonly invokedUs: number;
};

type Held = { readonly clock: KvClock; readonly hash: number };

/** One boot of a node. */
type Boot = {
  readonly incarnation: number;
  /** What it told that it holds, by key. */
  readonly held: Map<string, Held>;
};

export class KvMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #boots: Map<string, Boot> = new Map();
  /** What a node must find on its disk when it boots: by host, by key. */
  readonly #promised: Map<string, Map<string, KvClock>> = new Map();
  /** Nodes whose disk was wiped or harmed, and in which boot: until a later one has read what is left, and written it anew, they promise nothing. */
  readonly #harmed: Map<string, number> = new Map();
  readonly #forgivenUs: Map<string, number> = new Map();
  /** Key and clock of what was acknowledged. */
  readonly #acknowledged: Set<string> = new Set();
  /** By key and clock. */
  readonly #hashes: Map<string, { readonly hash: number; readonly host: string }> = new Map();

  /** The disk of this host was wiped or harmed in this boot, or after it: what it held is no promise any more. */
  forgive(timeUs: number, host: string, incarnation: number): void {
    this.#promised.delete(host);
    this.#harmed.set(host, incarnation);
    this.#forgivenUs.set(host, timeUs);
  }

  observe(timeUs: number, record: KvRecord): void {
    const { host, incarnation, key, clock, hash } = record;
    const boot = this.#bootOf(host, incarnation);
    const before = boot.held.get(key)?.clock ?? this.#promised.get(host)?.get(key);
    if (before !== undefined && !covers(clock, before)) {
      const found = `${told(clock)} after ${told(before)}`;
      this.#violate(timeUs, host, `${host} went back on key ${JSON.stringify(key)}: ${found}`);
    }
    boot.held.set(key, { clock, hash });
    if (!this.#harmed.has(host)) this.#promisesOf(host).set(key, clock);
    const name = `${JSON.stringify(key)} ${told(clock)}`;
    const other = this.#hashes.get(name);
    if (other === undefined) this.#hashes.set(name, { hash, host });
    else if (other.hash !== hash) {
      this.#violate(timeUs, host, `${host} and ${other.host} hold different values under one clock of key ${name}`);
    }
  }

  /** The node has booted and told of everything that it found on its disk. */
  ready(timeUs: number, { host, incarnation }: KvReady): void {
    const boot = this.#bootOf(host, incarnation);
    for (const [key, clock] of this.#promised.get(host) ?? []) {
      if (boot.held.has(key)) continue;
      const what = `${host} booted without key ${JSON.stringify(key)}, which was durable at ${told(clock)}`;
      this.#violate(timeUs, host, what);
    }
    const harmedIn = this.#harmed.get(host);
    if (harmedIn !== undefined && harmedIn < incarnation) this.#harmed.delete(host);
    if (!this.#harmed.has(host)) {
      this.#promised.set(host, new Map([...boot.held].map(([key, { clock }]) => [key, clock])));
    }
  }

  /** To be called when the caller has the answer. */
  acknowledge(timeUs: number, ack: KvAck): void {
    const { host, key, clock, expected, invokedUs } = ack;
    const name = `${JSON.stringify(key)} ${told(clock)}`;
    if (this.#acknowledged.has(name))
      this.#violate(timeUs, host, `${host} answered two operations with one result: ${name}`);
    this.#acknowledged.add(name);
    if (expected !== undefined && !isNext(expected, clock)) {
      const found = `${told(clock)} after ${told(expected)}`;
      this.#violate(timeUs, host, `${host} changed key ${JSON.stringify(key)} not as it was read: ${found}`);
    }
    if ((this.#forgivenUs.get(host) ?? -1) >= invokedUs) return;
    if (this.#holds(host, key, clock)) return;
    const message = `${host} acknowledged ${told(clock)} of key ${JSON.stringify(key)}, but it is not durable there`;
    this.#violate(timeUs, host, message);
  }

  /** One sentence of what these nodes, all that run, do not agree about; null when they hold the same. */
  fault(running: readonly string[]): string | null {
    const [first, ...others] = running;
    if (first === undefined) return null;
    const reference = this.#heldBy(first);
    for (const host of others) {
      const held = this.#heldBy(host);
      for (const key of new Set([...reference.keys(), ...held.keys()])) {
        const [a, b] = [reference.get(key), held.get(key)];
        if (a?.hash === b?.hash && a !== undefined) continue;
        return `${first} and ${host} differ in key ${JSON.stringify(key)}: ${told(a?.clock)} and ${told(b?.clock)}`;
      }
    }
    return null;
  }

  #bootOf(host: string, incarnation: number): Boot {
    const known = this.#boots.get(host);
    if (known?.incarnation === incarnation) return known;
    const boot: Boot = { incarnation, held: new Map() };
    this.#boots.set(host, boot);
    return boot;
  }

  #heldBy(host: string): ReadonlyMap<string, Held> {
    return this.#boots.get(host)?.held ?? new Map();
  }

  #promisesOf(host: string): Map<string, KvClock> {
    let promised = this.#promised.get(host);
    if (promised === undefined) this.#promised.set(host, (promised = new Map()));
    return promised;
  }

  /** An answer may come after a crash: then what was promised counts. */
  #holds(host: string, key: string, clock: KvClock): boolean {
    const held = this.#boots.get(host)?.held.get(key)?.clock;
    const promised = this.#promised.get(host)?.get(key);
    return (held !== undefined && covers(held, clock)) || (promised !== undefined && covers(promised, clock));
  }

  #violate(timeUs: number, host: string, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ host, timeUs, message });
  }
}

function covers(a: KvClock, b: KvClock): boolean {
  return Object.entries(b).every(([actor, count]) => (a[actor] ?? 0) >= count);
}

/** One operation on exactly that. */
function isNext(before: KvClock, after: KvClock): boolean {
  const count = (clock: KvClock): number => Object.values(clock).reduce((sum, operations) => sum + operations, 0);
  return covers(after, before) && count(after) === count(before) + 1;
}

function told(clock: KvClock | undefined): string {
  if (clock === undefined) return "nothing";
  const entries = Object.entries(clock).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([actor, count]) => `${actor}: ${count}`).join(", ")}}`;
}
