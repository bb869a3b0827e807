/** What the CRDT checkers judge: updates that replicas took, with what they had seen, and what replicas showed. */
import type { PlainJson } from "../history.ts";
import { type Contents, covers, holds, nameOf, uniteInto, type UpdateId } from "./contents.ts";

/** What a client asked for, in the words of its type: add, remove, increment, insert, move, … */
export type Call = { readonly f: string; readonly key: string | null; readonly value: PlainJson };

export type UpdateRecord = {
  readonly id: UpdateId;
  readonly replica: string;
  readonly call: Call;
  /** What the replica decided and told: the stamp of a write, the neighbours of an insert. */
  readonly told: PlainJson;
  /** What the replica held when it took the update; the update itself is not in it. */
  readonly saw: Contents;
  /**
   * What the client had read that this update speaks about: it takes away what this holds, and nothing else that the replica held. Absent:
   * it speaks about all that the replica held.
   */
  readonly observed?: Contents;
};

export type ReadRecord = {
  readonly replica: string;
  readonly holds: Contents;
  readonly value: PlainJson;
  /** A digest of the whole state; null where the recorder has none. */
  readonly state: string | null;
  /** Names the history that the state has forgotten; states are compared where it is equal. */
  readonly trimmed: string;
  /** Virtual time, for people. */
  readonly timeUs: number;
};

export type ReplicaHistory = {
  readonly updates: readonly UpdateRecord[];
  /** Calls that nobody answered: each may be one of the updates that reads hold and `updates` does not have. */
  readonly unanswered: readonly Call[];
  readonly reads: readonly ReadRecord[];
};

/** A call for which a store made no update: there was nothing to do, or it refused. */
export type DeclinedRecord = {
  readonly replica: string;
  /** Under which name the store would have made it. */
  readonly actor: string;
  readonly call: Call;
  /** Why it was refused; null: there was nothing to do. */
  readonly error: string | null;
  /** What the replica held when it decided. */
  readonly saw: Contents;
  /** As of an update: what the call speaks about, if not all that the replica held. */
  readonly observed?: Contents;
};

/** What a declined call is judged by. */
export type DeclinedView = {
  /** What the replica held, in the order of `updates` of the history. */
  readonly updates: readonly UpdateRecord[];
  /** What the call speaks about. */
  readonly spoken: readonly UpdateRecord[];
};

/** What a read is judged by: the updates that the replica held, and how they had seen each other. */
export type View = {
  /** In the order of `updates` of the history. */
  readonly updates: readonly UpdateRecord[];
  /** Empty when every update held is known. */
  readonly unanswered: readonly Call[];
};

/** What a type must show. Sentences have no subject: "shows 3, expected 5". */
export type CrdtSpec = {
  readonly name: string;
  /** Null, or what is wrong with showing `value` when exactly the updates of the view are held, closed under what they saw. */
  judge(view: View, value: PlainJson): string | null;
  /** Whether updates fit together, whatever is read: stamps that rise along what was seen. */
  judgeUpdates?(index: UpdateIndex): string | null;
  /** Null, or why the store had to make an update of this call. Absent: every call makes one. */
  judgeDeclined?(declined: DeclinedRecord, view: DeclinedView): string | null;
  /** What several reads must agree on, at any moment and in any replica. */
  judgeReads?(history: ReplicaHistory, index: UpdateIndex): string | null;
};

/** The updates by name, and what follows from how they saw each other. */
export class UpdateIndex {
  readonly #byName: Map<string, UpdateRecord> = new Map();
  /** Ascending by counter. */
  readonly #byActor: Map<string, UpdateRecord[]> = new Map();
  /** Actors each of whose updates had seen all that the one before had: their last update speaks for all. */
  readonly #growing: Set<string> = new Set();

  constructor(updates: readonly UpdateRecord[]) {
    for (const update of updates) {
      this.#byName.set(nameOf(update.id), update);
      const own = this.#byActor.get(update.id.actor);
      if (own === undefined) this.#byActor.set(update.id.actor, [update]);
      else own.push(update);
    }
    for (const [actor, own] of this.#byActor) {
      own.sort((a, b) => a.id.counter - b.id.counter);
      if (own.every(({ saw }, i) => i === 0 || covers(saw, own[i - 1]!.saw))) this.#growing.add(actor);
    }
  }

  get all(): Iterable<UpdateRecord> {
    return this.#byName.values();
  }

  get(id: UpdateId): UpdateRecord | undefined {
    return this.#byName.get(nameOf(id));
  }

  /** The updates held that are known, by actor, and how many are not. */
  within(contents: Contents): { readonly known: UpdateRecord[]; readonly unknown: number } {
    const known: UpdateRecord[] = [];
    let held = 0;
    for (const [actor, intervals] of contents) {
      let i = 0;
      for (let j = 0; j < intervals.length; j += 2) held += intervals[j + 1]! - intervals[j]! + 1;
      for (const update of this.#byActor.get(actor) ?? []) {
        while (i < intervals.length && intervals[i + 1]! < update.id.counter) i += 2;
        if (i < intervals.length && intervals[i]! <= update.id.counter) known.push(update);
      }
    }
    return { known, unknown: held - known.length };
  }

  /** True when the contents hold all that the known updates among them had seen. */
  isClosed(contents: Contents): boolean {
    for (const [actor, intervals] of contents) {
      const own = (this.#byActor.get(actor) ?? []).filter(({ id }) => holds(contents, id));
      const telling = this.#growing.has(actor) ? own.slice(-1) : own;
      if (intervals.length > 0 && !telling.every(({ saw }) => covers(contents, saw))) return false;
    }
    return true;
  }
}

/** Everything that one of these updates speaks about: what they take away or replace, if they do. */
export function observedBy(updates: Iterable<UpdateRecord>): Contents {
  const observed = new Map<string, readonly number[]>();
  for (const update of updates) uniteInto(observed, update.observed ?? update.saw);
  return observed;
}

/** The updates of a group that no other of the group speaks about. */
export function maximal(updates: readonly UpdateRecord[]): UpdateRecord[] {
  const observed = observedBy(updates);
  return updates.filter(({ id }) => !holds(observed, id));
}
