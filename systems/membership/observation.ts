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

/** "membership.detector": what the failure detector of a node took for true; `atUs` is on the monotonic clock of the host. */
export type DetectorObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly atUs: number;
  readonly peer: string;
} & DetectorFact;

export type DetectorFact =
  /** SWIM: news of the peer was accepted from a message (`heard`), or the peer did not refute in time (`concluded`). */
  | {
      readonly kind: "heard" | "concluded";
      readonly condition: "alive" | "suspect" | "dead";
      /** The peer's incarnation in SWIM's sense. */
      readonly version: number;
    }
  /** SWIM: from now on others may hear of this incarnation of the node itself, which is the peer here. */
  | { readonly kind: "own"; readonly version: number }
  /** An answer to this probe, or a later one, ended the wait for the peer. */
  | { readonly kind: "answered"; readonly sequence: number };

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
