/**
 * What a balancer tells its monitors at each step, under kinds that begin with "balancer."; plain data.
 *
 * checkers/balancer/record.ts mirrors these types, for checkers import nothing of ours.
 */
import type { Conclusion, Waiting } from "./connections.ts";

export type Origin = { readonly host: string; readonly incarnation: number };

/** A candidate as the choice saw it. */
export type CandidateRecord = {
  readonly backend: string;
  readonly costQ8: number;
  readonly pending: number;
  readonly score: number;
  readonly weight: number;
};

/** "balancer.choice": a new connection got its backend. */
export type ChoiceRecord = Origin & {
  /** On the monotonic clock of the host. */
  readonly atUs: number;
  readonly connection: number;
  /** What the packets of the client's connection have in common: one connection at a time is tracked for each. */
  readonly flow: string;
  readonly vip: string;
  readonly chosen: CandidateRecord;
  readonly other: CandidateRecord | null;
  readonly candidateClass: 0 | 1 | 2;
  /** Backends that were looked at: those of the service that take connections and whose agents are in reach, or all if none is. */
  readonly candidates: number;
  /** Those of the best class, among which the two were drawn. */
  readonly pool: number;
};

/** "balancer.attempt": an attempt began or ended, or a connection was forgotten; `pending` of the backend after that. */
export type AttemptRecord = Origin & {
  /** On the monotonic clock of the host. */
  readonly atUs: number;
  readonly kind: "begin" | Conclusion | "forget";
  readonly connection: number;
  readonly backend: string;
  readonly waitsFor: Waiting | null;
  /** The client's number of the request: of a success that of the answer that came; 0 for an open, null for "forget". */
  readonly request: number | null;
  /** How long the attempt took; 0 for the other kinds. */
  readonly tookUs: number;
  readonly pending: number;
};

/** "balancer.forgot": what was known of a backend is dropped; the next it hears of it is new. */
export type ForgotRecord = Origin & { readonly backend: string };

/** "balancer.reach": the agents that this balancer takes to be in reach; empty: all. */
export type BalancerReachRecord = Origin & { readonly reachable: readonly string[] };

/** "balancer.packet": a packet of a tracked connection went to a backend. */
export type PacketRecord = Origin & { readonly connection: number; readonly backend: string };

/** "balancer.step": a change of the tables of one node. */
export type StepRecord = Origin & StepChange;

export type StepChange =
  | { readonly kind: "add-service"; readonly vip: string; readonly backends: readonly string[] }
  | { readonly kind: "change-service"; readonly vip: string; readonly backends: readonly string[] }
  | { readonly kind: "remove-service"; readonly vip: string }
  | { readonly kind: "add-route"; readonly endpoint: string; readonly vip: string }
  | { readonly kind: "remove-route"; readonly endpoint: string }
  | { readonly kind: "show-name" | "hide-name"; readonly name: string; readonly address: string };

/** "balancer.diff": the tables are about to change from `old` to `next` by these steps. */
export type DiffRecord = Origin & {
  readonly old: readonly ServiceRecord[];
  readonly next: readonly ServiceRecord[];
  readonly added: readonly ServiceRecord[];
  readonly removed: readonly string[];
  readonly changed: readonly {
    readonly vip: string;
    readonly added: readonly string[];
    readonly removed: readonly string[];
  }[];
};

export type ServiceRecord = { readonly vip: string; readonly backends: readonly string[] };

/** "balancer.entries": the replicated entries of a VIP, as this node now has them; as they came, before anything is made of them. */
export type EntriesRecord = Origin & { readonly vip: string; readonly backends: readonly string[] };

/** "balancer.publish": entries that this node is about to write and to take away, each `vip backend`. */
export type PublishRecord = Origin & { readonly added: readonly string[]; readonly removed: readonly string[] };

/** "balancer.task": a task of this node changed; said by what runs it, not by what publishes it. */
export type TaskRecord = Origin & {
  readonly task: string;
  readonly state: string;
  /** Whether something answers at the port. */
  readonly isServing: boolean;
  readonly backend: string;
  readonly protocol: string;
  readonly framework: string;
  readonly labels: readonly string[];
  /** 0 while it drains. */
  readonly weight: number;
};
