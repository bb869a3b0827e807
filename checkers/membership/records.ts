/**
 * Records of global membership, at every observer and at every moment: only newer ones are accepted, and a node's epochs grow over its boots.
 *
 * Records live in memory, so an observer that boots begins anew; one that it trimmed may come again. The epoch of a node is on its disk: it
 * grows with every boot, except after the disk was lost or harmed (`forgive`), when the node needs the others to find its way.
 */
import { VIOLATIONS_MAX, type ViewViolation } from "./views.ts";

/** A record was accepted at an observer, or trimmed. */
export type MembershipRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly about: string;
  readonly epoch: number;
  readonly clock: number;
  readonly removed?: true;
};

type Version = { readonly epoch: number; readonly clock: number };
type Observer = { readonly incarnation: number; readonly versions: Map<string, Version> };

export class RecordMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #observers: Map<string, Observer> = new Map();
  /** By node: the last epoch that it told of itself, and in which boot. */
  readonly #own: Map<string, { readonly incarnation: number; readonly epoch: number }> = new Map();

  /** By node: the boot in which its disk was wiped or harmed. What that boot wrote may be lost, what a later one writes is not. */
  readonly #harmed: Map<string, number> = new Map();

  /** The disk of this node was wiped or harmed in this boot, or after it: its epochs so far are no promise any more. */
  forgive(host: string, incarnation: number): void {
    this.#own.delete(host);
    this.#harmed.set(host, incarnation);
  }

  observe(timeUs: number, record: MembershipRecord): void {
    const { host, incarnation, about } = record;
    const known = this.#observers.get(host);
    const observer = known?.incarnation === incarnation ? known : { incarnation, versions: new Map() };
    if (observer !== known) this.#observers.set(host, observer);
    if (record.removed === true) {
      observer.versions.delete(about);
      return;
    }
    const before = observer.versions.get(about);
    if (before !== undefined && !isNewer(record, before)) {
      const found = `${told(record)} after ${told(before)}`;
      this.#violate(timeUs, host, `${host} accepted a record of ${about} that is not newer: ${found}`);
    }
    observer.versions.set(about, { epoch: record.epoch, clock: record.clock });
    if (about === host) this.#checkEpoch(timeUs, record);
  }

  #checkEpoch(timeUs: number, { host, incarnation, epoch }: MembershipRecord): void {
    if (incarnation <= (this.#harmed.get(host) ?? 0)) return;
    const before = this.#own.get(host);
    this.#own.set(host, { incarnation, epoch });
    if (before === undefined || before.incarnation === incarnation || epoch > before.epoch) return;
    const found = `epoch ${epoch} in boot ${incarnation}, epoch ${before.epoch} in boot ${before.incarnation}`;
    this.#violate(timeUs, host, `${host} booted without a higher epoch, though its disk was kept: ${found}`);
  }

  #violate(timeUs: number, host: string, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ host, timeUs, message });
  }
}

function isNewer(a: Version, b: Version): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.clock > b.clock);
}

function told({ epoch, clock }: Version): string {
  return `(${epoch}, ${clock})`;
}
