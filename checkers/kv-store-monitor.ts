/**
 * Watches what the replicas of the store make of their log, and compares it with the store's specification.
 *
 * Replicas that run the same code agree on the same mistake, and a client whose session expired cannot know what became of its write. So
 * the specification is written a second time here, in the plainest way: sessions, their expiry by log time, the memory of the last answer
 * (Raft thesis, section 6.3). Each entry is executed once, when the first replica applies it; every replica has to answer the same.
 *
 * What it cannot see: entries that no replica told of, and reads. Those are for the Raft monitor and the linearizability checker.
 */

export type KvWriteRecord =
  | { readonly f: "put"; readonly key: string; readonly value: string }
  | { readonly f: "delete"; readonly key: string }
  | { readonly f: "cas"; readonly key: string; readonly value: readonly [from: string | null, to: string] };

export type KvCommandRecord =
  | { readonly kind: "register"; readonly proposedUs: number }
  | {
      readonly kind: "write";
      readonly proposedUs: number;
      readonly session: number;
      readonly sequence: number;
      readonly write: KvWriteRecord;
    };

export type KvResultRecord =
  | { readonly status: "registered"; readonly session: number }
  | { readonly status: "applied"; readonly isSwapped: boolean; readonly isRepeated: boolean }
  | { readonly status: "unknown-session" }
  | { readonly status: "stale-sequence" };

/** A replica applied the entry at `index`. Emitted under the kind "kv.applied"; plain data. */
export type KvAppliedRecord = {
  readonly host: string;
  readonly index: number;
  readonly command: KvCommandRecord;
  readonly result: KvResultRecord;
};

export type KvStoreLimits = {
  readonly sessionTtlUs: number;
  readonly logTimeAdvanceUsMax: number;
  readonly sessionsMax: number;
};

type KnownSession = { sequence: number; isSwapped: boolean; activeUs: number; activeIndex: number };

/** Violations kept; later ones of a broken run say nothing new. */
const VIOLATIONS_MAX = 50;

export class KvStoreMonitor {
  /** One sentence each. */
  readonly violations: string[] = [];
  readonly #limits: KvStoreLimits;
  readonly #sessions: Map<number, KnownSession> = new Map();
  readonly #values: Map<string, string> = new Map();
  /** The right answer to each entry, by index. */
  readonly #answers: Map<number, string> = new Map();
  #lastIndex = 0;
  #logTimeUs = 0;

  constructor(limits: KvStoreLimits) {
    this.#limits = limits;
  }

  /** In the order of the replicas' steps: nobody restores a snapshot of entries that nobody had applied before. */
  applied({ host, index, command, result }: KvAppliedRecord): void {
    if (index > this.#lastIndex) {
      this.#lastIndex = index;
      this.#answers.set(index, textOf(this.#execute(index, command)));
    }
    const expected = this.#answers.get(index);
    const found = textOf(result);
    if (found === expected || this.violations.length >= VIOLATIONS_MAX) return;
    const asked = command.kind === "register" ? "register" : `write ${command.session}.${command.sequence}`;
    this.violations.push(
      `${host} answered entry ${index} (${asked}) with ${found}; by the log up to there it is ${expected ?? "an entry that no replica had applied"}.`,
    );
  }

  #execute(index: number, command: KvCommandRecord): KvResultRecord {
    this.#advance(command.proposedUs);
    if (command.kind === "register") {
      if (this.#sessions.size >= this.#limits.sessionsMax) this.#sessions.delete(this.#idleLongest());
      this.#sessions.set(index, { sequence: 0, isSwapped: false, activeUs: this.#logTimeUs, activeIndex: index });
      return { status: "registered", session: index };
    }
    const session = this.#sessions.get(command.session);
    if (session === undefined) return { status: "unknown-session" };
    session.activeUs = this.#logTimeUs;
    session.activeIndex = index;
    if (command.sequence < session.sequence) return { status: "stale-sequence" };
    const isRepeated = command.sequence === session.sequence;
    if (!isRepeated) {
      session.sequence = command.sequence;
      session.isSwapped = this.#write(command.write);
    }
    return { status: "applied", isSwapped: session.isSwapped, isRepeated };
  }

  /** The first entry of all sets the clock; from then on it goes forward only, and by a little an entry. */
  #advance(proposedUs: number): void {
    const limitUs = this.#logTimeUs === 0 ? proposedUs : this.#logTimeUs + this.#limits.logTimeAdvanceUsMax;
    this.#logTimeUs = Math.max(this.#logTimeUs, Math.min(proposedUs, limitUs));
    for (const [id, { activeUs }] of [...this.#sessions]) {
      if (this.#logTimeUs - activeUs >= this.#limits.sessionTtlUs) this.#sessions.delete(id);
    }
  }

  #idleLongest(): number {
    let oldest = { id: 0, activeIndex: Number.POSITIVE_INFINITY };
    for (const [id, { activeIndex }] of this.#sessions)
      if (activeIndex < oldest.activeIndex) oldest = { id, activeIndex };
    return oldest.id;
  }

  #write(write: KvWriteRecord): boolean {
    if (write.f === "delete") {
      this.#values.delete(write.key);
      return true;
    }
    if (write.f === "cas" && (this.#values.get(write.key) ?? null) !== write.value[0]) return false;
    this.#values.set(write.key, write.f === "cas" ? write.value[1] : write.value);
    return true;
  }
}

function textOf(result: KvResultRecord): string {
  if (result.status === "registered") return `session ${result.session}`;
  if (result.status !== "applied") return result.status;
  return `${result.isSwapped ? "applied" : "applied, but not swapped"}${result.isRepeated ? ", a repetition" : ""}`;
}
