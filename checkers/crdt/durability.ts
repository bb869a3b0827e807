/**
 * Watches what replicas hold durably: an update that reached the disk of a replica must survive as long as that disk does.
 *
 * Obligations. An acknowledged update is durable at its replica, and with everything the replica held when it took it (a journal keeps
 * the order). Acknowledged with `copies` k, it is also durable at k others, so it must survive harm of any k disks. Harm is a
 * disk that was wiped, or lied, or whose bytes were damaged: what it alone held may be gone.
 *
 * Demanded at each boot: a disk without harm brings back all that was durable on it. Demanded at the end, of every replica that has converged: all
 * that a disk without harm holds, and all that had more copies than disks were harmed since.
 */
import { type Contents, firstMissing, holds, nameOf, uniteInto, type UpdateId } from "./contents.ts";

export type DurabilityRecord =
  | {
      readonly kind: "boot";
      readonly replica: string;
      readonly holds: Contents;
      /** True when the disk was harmed since the boot before. */
      readonly isHarmed: boolean;
    }
  | {
      readonly kind: "update";
      readonly replica: string;
      readonly id: UpdateId;
      readonly saw: Contents;
      readonly copies: number;
    }
  | { readonly kind: "acknowledged"; readonly id: UpdateId }
  /** The replica has told its peer, or was seen, to hold this durably. */
  | { readonly kind: "durable"; readonly replica: string; readonly holds: Contents };

type Promised = {
  readonly replica: string;
  readonly id: UpdateId;
  readonly saw: Contents;
  readonly copies: number;
  /** Disks harmed since the update was taken: an acknowledgement of a peer may be that old. */
  readonly harmed: Set<string>;
  isAcknowledged: boolean;
};

export class DurabilityMonitor {
  /** Sentences, the first violation first. */
  readonly violations: string[] = [];
  readonly #durable: Map<string, Map<string, readonly number[]>> = new Map();
  readonly #promised: Map<string, Promised> = new Map();

  observe(record: DurabilityRecord): void {
    if (record.kind === "boot") this.#boot(record);
    else if (record.kind === "update") {
      this.#promised.set(nameOf(record.id), { ...record, harmed: new Set(), isAcknowledged: false });
    } else if (record.kind === "acknowledged") this.#acknowledge(record.id);
    else uniteInto(this.#durableOf(record.replica), record.holds);
  }

  /** The end of a run whose replicas have converged to these contents; null, or the first update that is missing. */
  judgeEnd(replica: string, contents: Contents): string | null {
    for (const [owner, durable] of this.#durable) {
      const lost = firstMissing(contents, durable);
      if (lost !== null) return `${replica} does not hold ${nameOf(lost)} in the end, which was durable at ${owner}.`;
    }
    for (const { id, replica: owner, copies, harmed, isAcknowledged } of this.#promised.values()) {
      if (!isAcknowledged || harmed.size > copies || holds(contents, id)) continue;
      const promise = `was acknowledged by ${owner} with ${copies} copies`;
      return `${replica} does not hold ${nameOf(id)} in the end, which ${promise}; harmed since: ${[...harmed].join() || "none"}.`;
    }
    return null;
  }

  #boot({ replica, holds: contents, isHarmed }: DurabilityRecord & { readonly kind: "boot" }): void {
    if (isHarmed) {
      for (const promised of this.#promised.values()) promised.harmed.add(replica);
      this.#durable.delete(replica);
    }
    const durable = this.#durableOf(replica);
    const lost = firstMissing(contents, durable);
    if (lost !== null) {
      this.violations.push(`${replica} booted without ${nameOf(lost)}, which had been durable on its disk.`);
    }
    // What was read back is on the disk, and the boot has written it again.
    uniteInto(durable, contents);
  }

  #acknowledge(id: UpdateId): void {
    const promised = this.#promised.get(nameOf(id));
    if (promised === undefined) return;
    promised.isAcknowledged = true;
    const durable = this.#durableOf(promised.replica);
    uniteInto(durable, promised.saw);
    uniteInto(durable, new Map([[id.actor, [id.counter, id.counter]]]));
  }

  #durableOf(replica: string): Map<string, readonly number[]> {
    let durable = this.#durable.get(replica);
    if (durable === undefined) this.#durable.set(replica, (durable = new Map()));
    return durable;
  }
}
