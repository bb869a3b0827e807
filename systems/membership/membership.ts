/**
 * The faces of membership: what each layer offers to the layers above it and to a program on the same host.
 *
 *     overlay (HyParView) <- global membership <- routes <- multicast <- kv
 *
 * Each layer is started by a function of its own and can be used alone on the faces below it; `startMembership` (node.ts) ties them all.
 * Everything that a face hands out is only to be read: records, trees and values are shared between nodes and never change.
 */
import type { Clock } from "../crdt/clock.ts";
import type { Overlay } from "./overlay/overlay.ts";

export type Membership = {
  readonly self: string;
  readonly overlay: Overlay;
  readonly gm: GlobalMembership;
  readonly routes: Routes;
  readonly multicast: Multicast;
  readonly kv: MembershipKv;
};

/** How new a record of a node is: by epoch, then by clock. */
export type RecordVersion = {
  readonly node: string;
  /** Grows at every boot of the node, by its disk; see gm/epoch.ts. */
  readonly epoch: number;
  /** Counts the changes and refreshes within one epoch, from 1. */
  readonly clock: number;
};

/** What a node says of itself: its neighbours. */
export type MemberRecord = RecordVersion & {
  /** Sorted by code points. */
  readonly activeView: readonly string[];
  /** The length of the record's encoding. */
  readonly sizeBytes: number;
};

/** `before` is null for a node that was not known; `after` is null when a record was trimmed. */
export type RecordChange = { readonly before: MemberRecord | null; readonly after: MemberRecord | null };

export type GlobalMembership = {
  readonly self: string;
  readonly size: number;
  /** The newest record of a node that this one has heard of. */
  record(node: string): MemberRecord | undefined;
  /** All records known, this node's own among them, sorted by node. */
  records(): readonly MemberRecord[];
  /** Called after each accepted or trimmed record, in the same event. */
  onChange(listener: (change: RecordChange) => void): void;
};

/** Nodes that came into reach of this one, or left it. */
export type ReachChange = { readonly added: readonly string[]; readonly removed: readonly string[] };

/** The part of a tree below a node. Immutable, and shared between messages. */
export type Branch = {
  readonly node: string;
  readonly children: readonly Branch[];
  /** The length of the branch's encoding: the node, then its children. */
  readonly sizeBytes: number;
};

/** Answers follow from the records known at this node now. Roots default to this node. */
export type Routes = {
  readonly self: string;
  /** True for this node itself. */
  reachable(node: string): boolean;
  /** The nodes that this one reaches, itself included, sorted. */
  reachableNodes(): readonly string[];
  /** The nodes with a record that this one does not reach, sorted. */
  unreachableNodes(): readonly string[];
  /** From the root to the node, both included; null when there is none. */
  pathTo(node: string, root?: string): readonly string[] | null;
  /** Hops from the root; null when the node is out of reach. */
  distance(node: string, root?: string): number | null;
  /** The children of a node in the tree of the root, sorted. */
  children(node: string, root?: string): readonly string[];
  /** The whole tree of a root; null for a root without a record. */
  tree(root?: string): Branch | null;
  /** Called when the set of reachable nodes changed, throttled: several changes may come as one. */
  onReach(listener: (change: ReachChange) => void): void;
};

export type MulticastMessage = {
  /** The node that sent it. */
  readonly origin: string;
  /** Unique for ever: origin, its boot, and a number. */
  readonly id: string;
  readonly topic: string;
  readonly payload: Uint8Array;
};

export type Multicast = {
  /** Sends to every reachable node that has a subscriber of the topic; the origin's own subscribers are not called. Returns the id. */
  send(topic: string, payload: Uint8Array): string;
  /** Called for each copy that is handed over: at most `replication` of them, or one with the option `isDeduplicated`. */
  subscribe(topic: string, listener: (message: MulticastMessage) => void): void;
};

/** What was seen of a key, for compare-and-set: the version vector of its value. Empty for a key that does not exist. */
export type KvContext = Clock;

/** Fields of a value are told apart by kind and name: a set "a" and a register "a" are different fields. */
export type KvUpdate =
  | { readonly kind: "add" | "remove"; readonly field: string; readonly members: readonly string[] }
  | { readonly kind: "assign"; readonly field: string; readonly value: string }
  /** Concurrent enable and disable: enabled. */
  | { readonly kind: "enable" | "disable"; readonly field: string }
  | { readonly kind: "increment"; readonly field: string; readonly amount: number }
  /** Removes a whole field, as far as this node has seen it. */
  | { readonly kind: "drop"; readonly field: string; readonly of: KvFieldKind };

export type KvFieldKind = "set" | "register" | "flag" | "counter";

/** A value as plain data; fields in the order of their names. */
export type KvValue = {
  readonly sets: ReadonlyMap<string, readonly string[]>;
  /** More than one value when writes were concurrent, sorted. */
  readonly registers: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlyMap<string, boolean>;
  readonly counters: ReadonlyMap<string, number>;
};

export type KvReading = { readonly key: string; readonly value: KvValue; readonly context: KvContext };

export type KvResult =
  | ({ readonly kind: "ok" } & KvReading)
  /** Nothing was changed. "concurrency-violation": the key has another context than the caller's. */
  | { readonly kind: "error"; readonly error: "concurrency-violation" | "overflow" | "too-large" };

export type KvNotice =
  /** The first call of a subscription: all matching keys. */
  | { readonly kind: "present"; readonly entries: readonly KvReading[] }
  /** Keys that changed since the call before, each with its present value. */
  | { readonly kind: "changed"; readonly entries: readonly KvReading[] };

export type MembershipKv = {
  /** All keys with this prefix, sorted. */
  keys(prefix?: string): readonly string[];
  /** The present value; an empty one with an empty context for a key that does not exist. */
  read(key: string): KvReading;
  /**
   * Changes the fields of one key as one transaction. With a context it happens only if the key is still as it was read (an empty context:
   * only if it does not exist). Resolves once the change is durable at this node; the other nodes follow. Rejects with CrdtError, and
   * changes nothing, when an amount is no whole number.
   */
  requestOp(key: string, context: KvContext | null, updates: readonly KvUpdate[]): Promise<KvResult>;
  /** Calls back with the matching keys at once (in an event of its own), then with changes. Returns what ends the subscription. */
  subscribe(prefix: string, listener: (notice: KvNotice) => void): () => void;
};
