/**
 * The lattice of consistency models, the anomalies that each forbids, and what a set of anomalies rules out.
 *
 * Sources: Adya, "Weak Consistency" (PL-n, G-n); Bailis et al., "Highly Available Transactions"; Cerone, Bernardi,
 * Gotsman, "A Framework for Transactional Consistency Models with Atomic Visibility"; Daudjee and Salem, "Lazy
 * Database Replication with Snapshot Isolation" (session variants). The map of names is the one that Elle publishes,
 * so that both tools speak of the same levels. A model lists only what it forbids beyond the weaker models it implies.
 */

/** Model -> models that follow from it directly. */
const WEAKER: Readonly<Record<string, readonly string[]>> = {
  "strict-serializable": [
    "serializable",
    "linearizable",
    "snapshot-isolation",
    "strong-snapshot-isolation",
    "strong-session-serializable",
    "session-serializable",
  ],
  "strong-session-serializable": ["serializable", "strong-session-snapshot-isolation"],
  "strong-snapshot-isolation": ["strong-session-snapshot-isolation", "strong-read-committed"],
  "strong-session-snapshot-isolation": ["snapshot-isolation", "strong-session-read-committed"],
  "strong-read-committed": ["strong-session-read-committed", "strong-read-uncommitted"],
  "strong-read-uncommitted": ["strong-session-read-uncommitted"],
  "strong-session-read-committed": ["read-committed", "strong-session-read-uncommitted"],
  "strong-session-read-uncommitted": ["read-uncommitted"],
  serializable: ["repeatable-read", "snapshot-isolation", "view-serializable", "update-serializable"],
  "update-serializable": ["forward-consistent-view"],
  "forward-consistent-view": ["consistent-view"],
  "snapshot-isolation": [
    "forward-consistent-view",
    "monotonic-atomic-view",
    "monotonic-snapshot-read",
    "parallel-snapshot-isolation",
    "prefix",
  ],
  "parallel-snapshot-isolation": ["causal-cerone", "update-atomic"],
  prefix: ["causal-cerone"],
  "causal-cerone": ["read-atomic"],
  "update-atomic": ["read-atomic"],
  "read-atomic": ["monotonic-atomic-view"],
  "monotonic-atomic-view": ["read-committed"],
  "monotonic-snapshot-read": ["read-committed"],
  "consistent-view": ["cursor-stability", "monotonic-view"],
  "cursor-stability": ["read-committed"],
  "monotonic-view": ["read-committed"],
  "repeatable-read": ["cursor-stability", "monotonic-atomic-view"],
  "read-committed": ["read-uncommitted"],
  "session-serializable": ["1SR"],
  linearizable: ["sequential"],
  sequential: ["causal"],
  causal: ["writes-follow-reads", "PRAM"],
  PRAM: ["monotonic-reads", "monotonic-writes", "read-your-writes"],
};

const ALIASES: Readonly<Record<string, string>> = {
  "PL-1": "read-uncommitted",
  "PL-2": "read-committed",
  "PL-CS": "cursor-stability",
  "PL-2L": "monotonic-view",
  "PL-MSR": "monotonic-snapshot-read",
  "PL-2+": "consistent-view",
  "PL-FCV": "forward-consistent-view",
  "PL-SI": "snapshot-isolation",
  "PL-2.99": "repeatable-read",
  "PL-3": "serializable",
  "PL-3U": "update-serializable",
  "PL-SS": "strict-serializable",
  "strong-serializable": "strict-serializable",
  "conflict-serializable": "serializable",
  ROLA: "update-atomic",
  "strong-session-PL-1": "strong-session-read-uncommitted",
  "strong-session-PL-2": "strong-session-read-committed",
  "strong-PL-1": "strong-read-uncommitted",
  "strong-PL-2": "strong-read-committed",
};

/** Model -> anomalies that it forbids directly. */
const FORBIDS: Readonly<Record<string, readonly string[]>> = {
  "read-uncommitted": ["G0", "duplicate-elements", "cyclic-versions"],
  "read-committed": ["G1"],
  "cursor-stability": ["G1", "G-cursor", "lost-update"],
  "monotonic-view": ["G1", "G-monotonic"],
  "monotonic-snapshot-read": ["G1", "G-MSR"],
  "consistent-view": ["G1", "G-single"],
  "forward-consistent-view": ["G1", "G-SIb"],
  "snapshot-isolation": [
    "internal",
    "G1",
    "G-SI",
    "G-nonadjacent",
    "snapshot-isolation-cycle-exists",
    "no-snapshot-order",
  ],
  "read-atomic": ["internal", "G1a", "future-read", "fractured-read"],
  "monotonic-atomic-view": ["non-monotonic-read"],
  "causal-cerone": ["internal", "G1a", "non-causal-read"],
  "parallel-snapshot-isolation": ["internal", "G1a"],
  prefix: ["internal", "G1a"],
  "update-atomic": ["lost-update"],
  "repeatable-read": ["G1", "G2-item", "lost-update", "no-item-order"],
  serializable: ["internal", "G1", "G2", "predicate-read-miss", "no-serial-order"],
  "update-serializable": ["G1", "G-update"],
  "strong-session-read-uncommitted": ["G0-process"],
  "strong-session-read-committed": ["G1c-process"],
  "strong-read-uncommitted": ["G0-realtime"],
  "strong-read-committed": ["G1c-realtime"],
  "strong-session-snapshot-isolation": [
    "internal",
    "G1-process",
    "G-nonadjacent-process",
    "strong-session-snapshot-isolation-cycle-exists",
    "no-snapshot-order-process",
  ],
  "strong-snapshot-isolation": [
    "internal",
    "G1-realtime",
    "G-nonadjacent-realtime",
    "strong-snapshot-isolation-cycle-exists",
    "no-snapshot-order-realtime",
  ],
  "strong-session-serializable": ["G1-process", "G2-process", "no-serial-order-process"],
  "strict-serializable": ["G1", "G1c-realtime", "G2-realtime", "no-serial-order-realtime"],
};

/** Anomaly -> anomalies that are present whenever it is. */
const IMPLIES: Readonly<Record<string, readonly string[]>> = {
  G0: ["G1c", "G0-process"],
  "G0-process": ["G1c-process", "G0-realtime"],
  "G0-realtime": ["G1c-realtime"],
  G1a: ["G1"],
  G1b: ["G1"],
  G1c: ["G1", "G1c-process"],
  "G1c-process": ["G1c-realtime", "G1-process"],
  "G1c-realtime": ["G1-realtime"],
  G1: ["G1-process"],
  "G1-process": ["G1-realtime"],
  "G-single-item": ["G-single", "G-single-item-process", "G-nonadjacent-item"],
  "G-single-item-process": ["G-single-process", "G-single-item-realtime", "G-nonadjacent-item-process"],
  "G-single-item-realtime": ["G-single-realtime", "G-nonadjacent-item-realtime"],
  "G-single": ["G-nonadjacent", "G-SIb", "G-single-process"],
  "G-single-process": ["G-nonadjacent-process", "G-single-realtime"],
  "G-single-realtime": ["G-nonadjacent-realtime"],
  "G-nonadjacent-item": ["G-nonadjacent", "G2-item", "G-nonadjacent-item-process"],
  "G-nonadjacent-item-process": ["G-nonadjacent-process", "G2-item-process", "G-nonadjacent-item-realtime"],
  "G-nonadjacent-item-realtime": ["G2-item-realtime", "G-nonadjacent-realtime"],
  "G-nonadjacent": ["G2", "G-nonadjacent-process"],
  "G-nonadjacent-process": ["G2-process", "G-nonadjacent-realtime"],
  "G-nonadjacent-realtime": ["G2-realtime"],
  "G2-item": ["G2", "G2-item-process"],
  "G2-item-process": ["G2-process", "G2-item-realtime"],
  "G2-item-realtime": ["G2-realtime"],
  G2: ["G2-process"],
  "G2-process": ["G2-realtime"],
  "G-SIa": ["G-SI"],
  "G-SIb": ["G-SI"],
  "incompatible-order": ["G1a"],
  "dirty-update": ["G1a"],
  // A value that nobody wrote was never committed either.
  "garbage-read": ["G1a"],
  // No order of the transactions satisfies the model (register-decision.ts).
  "no-snapshot-order": ["no-serial-order", "no-snapshot-order-process"],
  "no-snapshot-order-process": ["no-serial-order-process", "no-snapshot-order-realtime"],
  "no-snapshot-order-realtime": ["no-serial-order-realtime"],
  "no-item-order": ["no-serial-order"],
  "no-serial-order": ["no-serial-order-process"],
  "no-serial-order-process": ["no-serial-order-realtime"],
  "future-read": ["G1c"],
  "lost-update": ["write-skew", "G2-item"],
  "write-skew": ["G2"],
};

/** Statuses: they say that the analysis could not conclude, not that something is wrong. */
export const STATUS_TYPES: ReadonlySet<string> = new Set(["empty-transaction-graph", "cycle-search-budget"]);

function invert(graph: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  const inverse: Record<string, string[]> = {};
  for (const [from, targets] of Object.entries(graph)) {
    for (const to of targets) (inverse[to] ??= []).push(from);
  }
  return inverse;
}

const STRONGER = invert(WEAKER);
const IMPLIED_BY = invert(IMPLIES);
const FORBIDDEN_BY = invert(FORBIDS);

/** The model and all that follow from it. */
export function impliedModels(model: string): Set<string> {
  return closure(WEAKER, [model]);
}

/** Everything reachable from the starts, the starts included. */
function closure(graph: Readonly<Record<string, readonly string[]>>, starts: Iterable<string>): Set<string> {
  const reached = new Set<string>(starts);
  for (const name of reached) {
    for (const next of graph[name] ?? []) reached.add(next); // a Set iterates over what is added meanwhile
  }
  return reached;
}

/** Every model, under the name that this tool uses. */
export const MODELS: readonly string[] = [
  ...new Set([...Object.keys(WEAKER), ...Object.values(WEAKER).flat(), ...Object.keys(FORBIDS)]),
].sort();

/** Every anomaly that some model forbids, directly or because it implies one. */
export const ANOMALIES: readonly string[] = [...closure(IMPLIED_BY, Object.values(FORBIDS).flat())].sort();

/** The name this tool uses for a model; undefined for one that it does not know. */
export function modelName(name: string): string | undefined {
  const canonical = ALIASES[name] ?? name;
  return MODELS.includes(canonical) ? canonical : undefined;
}

/** The anomalies, and all that are present whenever they are. */
export function impliedAnomalies(anomalies: Iterable<string>): Set<string> {
  return closure(IMPLIES, anomalies);
}

/** The anomalies, and all whose presence would imply one of them. */
export function anomaliesImplying(anomalies: Iterable<string>): Set<string> {
  return closure(IMPLIED_BY, anomalies);
}

/** Every anomaly that cannot occur when all of these models hold. */
export function anomaliesForbiddenBy(models: Iterable<string>): Set<string> {
  const forbidden: string[] = [];
  for (const model of closure(WEAKER, models)) forbidden.push(...(FORBIDS[model] ?? []));
  return anomaliesImplying(forbidden);
}

/** Every model that cannot hold when these anomalies are present. */
export function impossibleModels(anomalies: Iterable<string>): Set<string> {
  const direct: string[] = [];
  for (const anomaly of impliedAnomalies(anomalies)) direct.push(...(FORBIDDEN_BY[anomaly] ?? []));
  return closure(STRONGER, direct);
}

export type Boundary = {
  /** The weakest models that are ruled out, sorted. */
  readonly not: readonly string[];
  /** All stronger ones, which fall with them, sorted. */
  readonly alsoNot: readonly string[];
};

export function boundaryOf(anomalies: Iterable<string>): Boundary {
  const impossible = impossibleModels(anomalies);
  const not: string[] = [];
  const alsoNot: string[] = [];
  for (const model of [...impossible].sort()) {
    const weaker = closure(WEAKER, WEAKER[model] ?? []);
    const coversWeaker = [...weaker].some((name) => impossible.has(name));
    (coversWeaker ? alsoNot : not).push(model);
  }
  return { not, alsoNot };
}
