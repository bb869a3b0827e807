/**
 * What the monitors of a balancer are told: its observations, as systems/balancer/observation.ts has them, and the views of membership.
 *
 * Plain data; a test keeps both sides in agreement. Every record carries the node and its boot: what a boot knew ends with it.
 */

export type Origin = { readonly host: string; readonly incarnation: number };

export type CandidateRecord = {
  readonly backend: string;
  readonly costQ8: number;
  readonly pending: number;
  readonly score: number;
  readonly weight: number;
};

export type ChoiceRecord = Origin & {
  /** On the monotonic clock of the host, as all `atUs`. */
  readonly atUs: number;
  readonly connection: number;
  /** What the packets of the client's connection have in common: one connection at a time is tracked for each. */
  readonly flow: string;
  readonly vip: string;
  readonly chosen: CandidateRecord;
  readonly other: CandidateRecord | null;
  /** 0: reachable and admitted by the breaker; 1: admitted; 2: the rest. */
  readonly candidateClass: 0 | 1 | 2;
  readonly candidates: number;
  readonly pool: number;
};

export type AttemptRecord = Origin & {
  readonly atUs: number;
  readonly kind: "begin" | "success" | "failure" | "abandoned" | "forget";
  readonly connection: number;
  readonly backend: string;
  readonly waitsFor: "accept" | "reply" | null;
  /** The client's number of the request: of a success that of the answer that came; 0 for an open, null for "forget". */
  readonly request: number | null;
  readonly tookUs: number;
  /** Of the backend, after this. */
  readonly pending: number;
};

export type ForgotRecord = Origin & { readonly backend: string };

export type PacketRecord = Origin & { readonly connection: number; readonly backend: string };

export type ServiceRecord = { readonly vip: string; readonly backends: readonly string[] };

export type StepRecord = Origin &
  (
    | { readonly kind: "add-service" | "change-service"; readonly vip: string; readonly backends: readonly string[] }
    | { readonly kind: "remove-service"; readonly vip: string }
    | { readonly kind: "add-route"; readonly endpoint: string; readonly vip: string }
    | { readonly kind: "remove-route"; readonly endpoint: string }
    | { readonly kind: "show-name" | "hide-name"; readonly name: string; readonly address: string }
  );

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

export type EntriesRecord = Origin & { readonly vip: string; readonly backends: readonly string[] };

export type PublishRecord = Origin & { readonly added: readonly string[]; readonly removed: readonly string[] };

export type TaskRecord = Origin & {
  readonly task: string;
  readonly state: string;
  readonly isServing: boolean;
  readonly backend: string;
  readonly protocol: string;
  readonly framework: string;
  readonly labels: readonly string[];
  readonly weight: number;
};

/** "balancer.verified": what came of a request that a client made once all was quiet, for what runs at every node. */
export type VerifiedRecord = {
  readonly client: string;
  readonly vip: string;
  /** Empty when every connection got its answers. */
  readonly error: string;
  /** The names of the tasks that answered. */
  readonly servers: readonly string[];
};

/** "membership.reach": the nodes that this one reaches, itself included; "balancer.reach": what its balancer knows of it. */
export type BalancerReachRecord = Origin & { readonly reachable: readonly string[] };

export type BalancerProperty =
  | "balancer.pending"
  | "balancer.connection-moved"
  | "balancer.answer-of-another"
  | "balancer.choice-distinct"
  | "balancer.choice-score"
  | "balancer.choice-pool"
  | "balancer.choice-newcomer"
  | "balancer.choice-history"
  | "balancer.breaker-probes"
  | "balancer.starvation"
  | "balancer.load-spread"
  | "balancer.diff-exact"
  | "balancer.live-vip-removed"
  | "balancer.service-before-route"
  | "balancer.route-before-name"
  | "balancer.name-bijection"
  | "balancer.live-entry-removed"
  | "balancer.traffic-to-removed"
  | "balancer.traffic-to-unreachable"
  | "balancer.traffic-to-dead"
  | "balancer.installed-union"
  | "balancer.settled-requests";

export type BalancerViolation = Origin & {
  readonly property: BalancerProperty;
  /** One sentence with the names and numbers. */
  readonly message: string;
};

/** Kept of one monitor, or of one property; later ones of a broken run say nothing new. */
export const VIOLATIONS_MAX = 50;

/** The agent of a backend: what stands before the first slash. */
export function agentOf(backend: string): string {
  return backend.slice(0, backend.indexOf("/"));
}

/** A backend's text without its weight, and the weight. */
export function splitBackend(text: string): readonly [backend: string, weight: number] {
  const place = text.lastIndexOf("*");
  return [text.slice(0, place), Number(text.slice(place + 1))];
}

/** What a set of entries stands for: one weight for each backend, the smallest; sorted. */
export function withoutDoubles(entries: readonly string[]): readonly string[] {
  const weights = new Map<string, number>();
  for (const entry of entries) {
    const [backend, weight] = splitBackend(entry);
    weights.set(backend, Math.min(weight, weights.get(backend) ?? weight));
  }
  return [...weights].map(([backend, weight]) => `${backend}*${weight}`).sort(byText);
}

export function byText(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
