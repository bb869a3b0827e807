/**
 * Multicast: nobody is handed more copies than there may be, nor what nobody sent; and in a time without faults a message reaches everyone.
 *
 * Copies are counted for each boot of a receiver. The origin's own subscribers are never called.
 */
import { VIOLATIONS_MAX, type ViewViolation } from "./views.ts";

export type MulticastRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly kind: "sent" | "delivered";
  readonly id: string;
  readonly topic: string;
};

export type MulticastOptions = {
  readonly replication: number;
  /** In quiet times everyone has a message within this. */
  readonly deliveryUsMax: number;
};

/** A node that subscribes and has run without a pause since then. */
export type Subscriber = { readonly host: string; readonly sinceUs: number };

type Sent = { readonly origin: string; readonly timeUs: number; readonly receivers: Set<string> };

export class MulticastMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #options: MulticastOptions;
  readonly #sent: Map<string, Sent> = new Map();
  /** By receiver and boot, by id. */
  readonly #copies: Map<string, Map<string, number>> = new Map();
  #quietUs = Number.POSITIVE_INFINITY;

  constructor(options: MulticastOptions) {
    this.#options = options;
  }

  /** No faults from now on, and the overlay has healed: messages sent later reach everyone. */
  quiet(timeUs: number): void {
    this.#quietUs = timeUs;
  }

  observe(timeUs: number, record: MulticastRecord): void {
    const { host, id, kind } = record;
    const sent = this.#sent.get(id);
    if (kind === "sent") {
      if (sent !== undefined) this.#violate(timeUs, host, `${host} sent ${id}, an id that ${sent.origin} has used`);
      this.#sent.set(id, { origin: host, timeUs, receivers: new Set() });
      return;
    }
    if (sent === undefined) {
      this.#violate(timeUs, host, `${host} was handed ${id}, which nobody sent`);
      return;
    }
    if (sent.origin === host) this.#violate(timeUs, host, `${host} was handed its own message ${id}`);
    sent.receivers.add(host);
    this.#count(timeUs, record);
  }

  /** One sentence of who lacks a message of a quiet time; null when nobody does. */
  fault(timeUs: number, subscribers: readonly Subscriber[]): string | null {
    for (const [id, { origin, timeUs: sentUs, receivers }] of this.#sent) {
      if (sentUs < this.#quietUs || timeUs - sentUs <= this.#options.deliveryUsMax) continue;
      for (const { host, sinceUs } of subscribers) {
        if (host === origin || sinceUs > sentUs || receivers.has(host)) continue;
        return `${host} lacks ${id} after ${timeUs - sentUs} us without faults`;
      }
    }
    return null;
  }

  #count(timeUs: number, { host, incarnation, id }: MulticastRecord): void {
    const receiver = `${host}#${incarnation}`;
    let copies = this.#copies.get(receiver);
    if (copies === undefined) this.#copies.set(receiver, (copies = new Map()));
    const count = (copies.get(id) ?? 0) + 1;
    copies.set(id, count);
    const { replication } = this.#options;
    if (count > replication)
      this.#violate(timeUs, host, `${host} was handed ${id} ${count} times, at most ${replication}`);
  }

  #violate(timeUs: number, host: string, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ host, timeUs, message });
  }
}
