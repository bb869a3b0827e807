/**
 * Those who want to know of changes: first all that is there, then what changed, gathered for a moment.
 *
 * A notice holds the values of the moment in which it is made, so the last one shows the final value, however many changes it stands for.
 */
import type { Host } from "../../../sim/host.ts";
import type { KvNotice, KvReading } from "../membership.ts";

type Subscription = {
  readonly prefix: string;
  readonly listener: (notice: KvNotice) => void;
  readonly changed: Set<string>;
  isTold: boolean;
  isTimed: boolean;
  isOver: boolean;
};

export type SubscriptionsParts = {
  readonly host: Host;
  readonly flushUs: number;
  readonly keys: (prefix: string) => readonly string[];
  readonly read: (key: string) => KvReading;
};

export class Subscriptions {
  readonly #parts: SubscriptionsParts;
  #subscriptions: Subscription[] = [];

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
  }

  add(prefix: string, listener: (notice: KvNotice) => void): () => void {
    const subscription: Subscription = {
      prefix,
      listener,
      changed: new Set(),
      isTold: false,
      isTimed: true,
      isOver: false,
    };
    this.#subscriptions.push(subscription);
    this.#parts.host.timers.after(0, () => this.#flush(subscription));
    return () => {
      subscription.isOver = true;
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }

  changed(key: string): void {
    for (const subscription of this.#subscriptions) {
      if (!key.startsWith(subscription.prefix)) continue;
      subscription.changed.add(key);
      if (subscription.isTimed) continue;
      subscription.isTimed = true;
      this.#parts.host.timers.after(this.#parts.flushUs, () => this.#flush(subscription));
    }
  }

  #flush(subscription: Subscription): void {
    const { prefix, listener, changed, isTold, isOver } = subscription;
    subscription.isTimed = false;
    if (isOver) return;
    const { keys, read } = this.#parts;
    const told = isTold ? [...changed] : keys(prefix);
    subscription.isTold = true;
    changed.clear();
    listener({ kind: isTold ? "changed" : "present", entries: told.map(read) });
  }
}
