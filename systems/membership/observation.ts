/** What the layers above the overlay tell monitors. checkers/membership has the same shapes; a test keeps the two in agreement. */

/** "membership.record": a record was accepted at this node, its own ones included, or was trimmed. */
export type RecordObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly about: string;
  readonly epoch: number;
  readonly clock: number;
  readonly removed?: true;
};

/** "membership.reach": the set of nodes that this one reaches has changed, itself included, sorted. */
export type ReachObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly reachable: readonly string[];
};

/** "membership.kv": this value of a key is durable at this node; at a boot, what was found on the disk. */
export type KvObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly key: string;
  /** Operations on the key that the value has seen, by actor. */
  readonly clock: { readonly [actor: string]: number };
  /** Of key, clock and value. */
  readonly hash: number;
};

/** "membership.kv-ready": all that was found on the disk has been told. */
export type KvReadyObservation = { readonly host: string; readonly incarnation: number };

/** "membership.multicast": a message was sent, or one copy of it was handed to the subscribers of its topic. */
export type MulticastObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly kind: "sent" | "delivered";
  readonly id: string;
  readonly topic: string;
};
