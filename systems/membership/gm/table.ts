/**
 * The records that one node knows: the newest of each node, when it was last heard of, and a summary of all.
 *
 * Records are shared with whoever sent them; the table adds to each only its time and the hash of its name. What was trimmed leaves its version
 * behind for as long again, so that a node that trims later cannot bring a dead record back by a sync.
 */
import type { MemberRecord, RecordVersion } from "../membership.ts";
import type { Summary } from "./message.ts";
import { compareVersions } from "./record.ts";

type Entry = { record: MemberRecord; heardUs: number };
type Trimmed = { readonly version: RecordVersion; readonly atUs: number };

export type Accepted =
  | { readonly kind: "new"; readonly before: MemberRecord | null }
  /** Not newer: `known` is what the table has, or the version that was trimmed. */
  | { readonly kind: "same" | "older"; readonly known: RecordVersion }
  | { readonly kind: "full" };

export class RecordTable {
  readonly #entries: Map<string, Entry> = new Map();
  readonly #trimmed: Map<string, Trimmed> = new Map();
  readonly #sizeMax: number;
  // Invariant: the keys of #entries, ascending.
  readonly #names: string[] = [];
  // Invariant: the exclusive or of the hashes of all versions.
  #high = 0;
  #low = 0;

  constructor(options: { readonly sizeMax: number }) {
    this.#sizeMax = options.sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Sorted. */
  get names(): readonly string[] {
    return this.#names;
  }

  get summary(): Summary {
    return { count: this.#entries.size, high: this.#high >>> 0, low: this.#low >>> 0 };
  }

  get(node: string): MemberRecord | undefined {
    return this.#entries.get(node)?.record;
  }

  records(): MemberRecord[] {
    return this.#names.map((name) => this.#entries.get(name)!.record); // names are the keys
  }

  /** The names above `after`, up to and with `through`: from one position to before the other. */
  range(after: string, through: string | null): readonly [number, number] {
    return [this.#positionAfter(after), through === null ? this.#names.length : this.#positionAfter(through)];
  }

  /** The version that a record must exceed to be news; undefined for none. */
  versionOf(node: string): RecordVersion | undefined {
    return this.#entries.get(node)?.record ?? this.#trimmed.get(node)?.version;
  }

  accept(record: MemberRecord, nowUs: number): Accepted {
    const entry = this.#entries.get(record.node);
    if (entry !== undefined) {
      const order = compareVersions(record, entry.record);
      if (order <= 0) return { kind: order === 0 ? "same" : "older", known: entry.record };
      const before = entry.record;
      this.#toggle(before);
      this.#toggle(record);
      entry.record = record;
      entry.heardUs = nowUs;
      return { kind: "new", before };
    }
    const trimmed = this.#trimmed.get(record.node);
    if (trimmed !== undefined) {
      const order = compareVersions(record, trimmed.version);
      if (order <= 0) return { kind: order === 0 ? "same" : "older", known: trimmed.version };
      this.#trimmed.delete(record.node);
    }
    if (this.#entries.size >= this.#sizeMax) return { kind: "full" };
    this.#entries.set(record.node, { record, heardUs: nowUs });
    this.#names.splice(this.#positionAfter(record.node), 0, record.node);
    this.#toggle(record);
    return { kind: "new", before: null };
  }

  /** Takes out, and returns, the records of nodes unheard since `beforeUs`, except that of `self`. */
  trim(self: string, { beforeUs, nowUs }: { readonly beforeUs: number; readonly nowUs: number }): MemberRecord[] {
    for (const [node, { atUs }] of this.#trimmed) if (atUs < beforeUs) this.#trimmed.delete(node);
    const gone: MemberRecord[] = [];
    for (const [node, { record, heardUs }] of this.#entries) {
      if (heardUs >= beforeUs || node === self) continue;
      this.#entries.delete(node);
      this.#names.splice(this.#positionAfter(node) - 1, 1);
      this.#toggle(record);
      this.#trimmed.set(node, { version: record, atUs: nowUs });
      gone.push(record);
    }
    return gone;
  }

  /** How many names are not above this one. */
  #positionAfter(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#names[middle]! <= name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #toggle({ node, epoch, clock }: RecordVersion): void {
    let hash = 0x811c9dc5;
    for (let i = 0; i < node.length; i++) hash = Math.imul(hash ^ node.charCodeAt(i), 0x01000193);
    const high = mix(mix(hash ^ Math.imul(epoch | 0, 0x9e3779b1)) ^ Math.imul(clock | 0, 0x85ebca6b));
    this.#high ^= high;
    this.#low ^= mix(high ^ hash ^ 0x27d4eb2f ^ clock);
  }
}

/** Spreads the bits of a 32-bit word (the finalizer of MurmurHash3, by Appleby). */
function mix(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
