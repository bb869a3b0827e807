/**
 * What replicas of every mode tell monitors: which updates a replica contains, and how far each update has come.
 *
 * An update is named by (key, actor, sequence). `key` is "" for a replica of one object (`Replica`, `OpReplica`) and the object's key in a
 * `KeyedReplica`. `actor` is `<host>#<incarnation>`: each boot has its own, so a name never stands for two updates. `sequence` counts the
 * updates of this actor on this object from 1 without gaps. A replica always contains a gapless start of every actor's updates,
 * so one number for each actor says exactly which ones it contains.
 *
 * With these records a checker can decide:
 *   - strong eventual consistency: any two "crdt.replica" records (of any hosts, at any times) with equal `key`, equal `seen` and equal
 *     `trimmed` have equal `stateHash`. Two records of one host with equal `seen` also do.
 *   - growth: in one incarnation `seen` and `durable` never shrink, and `durable` never exceeds `seen`. The first record of an
 *     incarnation (cause "start") says what its disk gave back.
 *   - durability: update (key, actor, n) is on the disk of host h from the first record of h with `durable[actor] >= n` on, until h is
 *     wiped (or its disk otherwise harmed). One that is on a disk that is never harmed must be in `seen` of every replica after healing.
 *   - acknowledgements: `update(…, copies)` resolves only after the stage "durable", and for copies > 0 after a record of stage
 *     "copies" with at least that many.
 *   - causality: the causal past of an update is `seen` of the record with cause "update" that follows its stage "made" at once.
 *
 * The records are made only where somebody observes; they are plain data and may be kept.
 */
import type { Host, PlainData } from "../../../sim/host.ts";
import type { Actor, Clock } from "../clock.ts";

/** For each actor how many of its updates; actors in code point order. An actor without updates is absent. */
export type UpdateCounts = { readonly [actor: Actor]: number };

/** Kind "crdt.replica": emitted when a replica starts and after every change of what it contains, has on disk, or has trimmed. */
export type ReplicaRecord = {
  readonly host: string;
  readonly incarnation: number;
  /** Under which this boot makes its own updates. */
  readonly actor: Actor;
  readonly mode: "deltas" | "operations" | "keyed";
  /** "" for a replica of one object. */
  readonly key: string;
  /** Why it was emitted: the boot, an own update, something joined from a peer, something that became durable, a trimming. */
  readonly cause: "start" | "update" | "merge" | "durable" | "trim";
  /** The updates that the state contains. */
  readonly seen: UpdateCounts;
  /** Those of them that a power loss now would not take away. */
  readonly durable: UpdateCounts;
  /** Names what has been trimmed away; equal texts, equally trimmed states. "" as long as nothing was, and in modes that do not trim. */
  readonly trimmed: string;
  /** 64 bits of the canonical encoding of the state, in hex: equal states have equal hashes. */
  readonly stateHash: string;
};

/** Kind "crdt.update": the life of an own update, emitted by the replica that made it. */
export type UpdateRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly actor: Actor;
  /** "" for a replica of one object. */
  readonly key: string;
  readonly sequence: number;
  /**
   * "made": it shows in this replica's state, nothing else is promised. "durable": it is synced on this replica's disk.
   * "copies": at least `copies` peers have acknowledged that they hold it durably; emitted each time the number grows.
   */
  readonly stage: "made" | "durable" | "copies";
  /** Peers that have acknowledged it, this replica not counted; 0 for "made" and "durable". */
  readonly copies: number;
  /** With "made": what `options.describe` says of the operation, null without it. Null at the other stages. */
  readonly operation: PlainData;
};

/** What an update is called; `update` resolves to it. */
export type UpdateId = { readonly actor: Actor; readonly sequence: number };

export const REPLICA_KIND = "crdt.replica";
export const UPDATE_KIND = "crdt.update";

/** What a record says beyond the host's own part. Called only where somebody observes. */
export type ReplicaView = {
  readonly seen: Clock;
  readonly durable: Clock;
  readonly trimmed: string;
  readonly encoded: Uint8Array;
};

/** Under which a boot makes its updates. Each boot has a name of its own: it may have lost what an earlier one has numbered. */
export function actorName(host: string, boot: number): Actor {
  return `${host}#${boot}`;
}

export function actorOf(host: Host): Actor {
  return actorName(host.name, host.boot.incarnation);
}

export function observeReplica(
  host: Host,
  about: Pick<ReplicaRecord, "mode" | "key" | "cause">,
  view: () => ReplicaView,
): void {
  host.observe(REPLICA_KIND, (): ReplicaRecord => {
    const { seen, durable, trimmed, encoded } = view();
    return {
      host: host.name,
      incarnation: host.boot.incarnation,
      actor: actorOf(host),
      mode: about.mode,
      key: about.key,
      cause: about.cause,
      seen: countsOf(seen),
      durable: countsOf(durable),
      trimmed,
      stateHash: hash64(encoded),
    };
  });
}

export function observeUpdate(
  host: Host,
  about: Pick<UpdateRecord, "key" | "sequence" | "stage" | "copies">,
  describe: () => PlainData = () => null,
): void {
  host.observe(
    UPDATE_KIND,
    (): UpdateRecord => ({
      host: host.name,
      incarnation: host.boot.incarnation,
      actor: actorOf(host),
      key: about.key,
      sequence: about.sequence,
      stage: about.stage,
      copies: about.copies,
      operation: describe(),
    }),
  );
}

export function countsOf(clock: Clock): UpdateCounts {
  const counts: { [actor: Actor]: number } = {};
  clock.forEach((actor, count) => {
    counts[actor] = count;
  });
  return counts;
}

/** Two lanes of FNV-1a with different offsets, as 16 hex digits: cheap, and no checksum against malice. */
export function hash64(bytes: Uint8Array): string {
  let high = 0x811c9dc5;
  let low = 0x9747b28c ^ bytes.length;
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 0x01000193);
    low = Math.imul(low ^ byte ^ (high >>> 24), 0x01000193);
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}
