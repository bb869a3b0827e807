/**
 * Watches the choices and connections of all balancers, one ledger for each node and boot.
 *
 * - pending equals the attempts under way, at every step, and a connection keeps its backend;
 * - an attempt succeeds by the answer to its own request;
 * - two candidates are distinct, the better score wins, what was learned of a backend counts, and one of which nothing is known
 *   gets one connection until it has answered;
 * - they are drawn from all that may get connections by what the node knows, and from nothing else (candidates.ts);
 * - a tripped backend gets at most one probe in a backoff, unless all are tripped;
 * - a backend that could be chosen is, within a bound; and none gets more than two choices at random can give it.
 *
 * Times are those of the host's monotonic clock: a paused or drifting host keeps its promises by its own clock.
 */
import { poolFault, scoreFault } from "./candidates.ts";
import { countMax } from "./load.ts";
import {
  agentOf,
  type AttemptRecord,
  type BalancerProperty,
  type BalancerViolation,
  type CandidateRecord,
  type ChoiceRecord,
  type ForgotRecord,
  type Origin,
  type PacketRecord,
  type BalancerReachRecord,
  splitBackend,
  type StepRecord,
  VIOLATIONS_MAX,
} from "./record.ts";

export type TrafficOptions = {
  readonly decayUs: number;
  readonly failuresMax: number;
  readonly backoffUs: number;
  /** The longest that an attempt can wait. */
  readonly attemptUsMax: number;
  /** Sets up to this size are looked at whole. */
  readonly wholeScanMax: number;
};

/** Time constants in which the cost of any backend fades to nothing: ln 2^30. */
const FADES = 21;
/** So many choices for each backend in the set miss one without cost with a chance of e^-20 at most. */
const MISSES_FACTOR = 20;
/** A sample of this length is seen for a time constant. */
const NOTABLE_US = 16;

/** What the monitor knows of one backend as one boot sees it. */
type Known = {
  inFlight: number;
  failures: number;
  /** Of the last failure or probe. */
  lastUs: number;
  /** The last sample of latency; null: nothing was heard of it, good or bad. */
  sample: { readonly tookUs: number; readonly atUs: number } | null;
};

/** How a backend of one service fares. */
type Share = { version: number; sinceUs: number; misses: number; count: number; expected: number };

/** `request` is the one under way; null when nothing is. */
type Connection = { readonly backend: string; readonly flow: string | null; request: number | null };

type Ledger = {
  readonly incarnation: number;
  readonly connections: Map<number, Connection>;
  /** The connection that is tracked for a flow. */
  readonly flows: Map<string, number>;
  readonly backends: Map<string, Known>;
  readonly services: Map<string, readonly string[]>;
  /** By backend, then by VIP. */
  readonly shares: Map<string, Map<string, Share>>;
  reachable: ReadonlySet<string>;
  /** Counts the changes of services and of what is in reach. */
  version: number;
};

export class TrafficMonitor {
  readonly violations: BalancerViolation[] = [];
  readonly #options: TrafficOptions;
  readonly #ledgers: Map<string, Ledger> = new Map();
  choices = 0;
  probes = 0;
  /** Breakers that were tripped. */
  trips = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** What the balancer takes to be in reach: this monitor judges its choices by what it could know. */
  onReach(record: BalancerReachRecord): void {
    const ledger = this.#ledger(record);
    const { size } = ledger.reachable;
    const isSame = size === record.reachable.length && record.reachable.every((node) => ledger.reachable.has(node));
    if (isSame) return;
    ledger.reachable = new Set(record.reachable);
    ledger.version += 1;
  }

  onStep(record: StepRecord): void {
    const ledger = this.#ledger(record);
    const { services } = ledger;
    ledger.version += 1;
    if (record.kind === "add-service" || record.kind === "change-service") services.set(record.vip, record.backends);
    else if (record.kind === "remove-service") services.delete(record.vip);
  }

  onForgot(record: ForgotRecord): void {
    const { backends } = this.#ledger(record);
    const known = backends.get(record.backend);
    if (known !== undefined && known.inFlight > 0)
      this.#violate(
        "balancer.pending",
        record,
        `${record.backend} was forgotten with ${known.inFlight} attempts under way`,
      );
    backends.delete(record.backend);
  }

  onPacket(record: PacketRecord): void {
    const connection = this.#ledger(record).connections.get(record.connection);
    if (connection === undefined || connection.backend === record.backend) return;
    const message = `connection ${record.connection} has ${connection.backend}, and a packet of it went to ${record.backend}`;
    this.#violate("balancer.connection-moved", record, message);
  }

  onAttempt(record: AttemptRecord): void {
    const ledger = this.#ledger(record);
    const known = knownOf(ledger, record.backend);
    const connection = ledger.connections.get(record.connection) ?? {
      backend: record.backend,
      flow: null,
      request: null,
    };
    ledger.connections.set(record.connection, connection);
    if (connection.backend !== record.backend)
      this.#violate(
        "balancer.connection-moved",
        record,
        `an attempt of connection ${record.connection} counts for ${record.backend}, it has ${connection.backend}`,
      );
    this.#checkAnswer(connection, record);
    if (record.kind === "begin") {
      if (connection.request === null) known.inFlight += 1;
      connection.request = record.request;
    } else {
      if (connection.request !== null) known.inFlight -= 1;
      connection.request = null;
      if (record.kind === "forget") forget(ledger, record.connection);
    }
    if (record.kind !== "begin" && record.kind !== "forget") learn(known, record);
    if (record.kind === "failure" && known.failures === this.#options.failuresMax) this.trips += 1;
    restart(ledger, record.backend, record.atUs);
    if (record.pending === known.inFlight) return;
    const message = `pending of ${record.backend} is ${record.pending} after ${record.kind} of connection ${record.connection}, with ${known.inFlight} attempts under way`;
    this.#violate("balancer.pending", record, message);
  }

  /** A client's connection that is tracked needs no choice: it has its backend. */
  #checkFlow(ledger: Ledger, record: ChoiceRecord): void {
    const tracked = ledger.flows.get(record.flow);
    if (tracked === undefined) return;
    const message = `${record.flow} has connection ${tracked}, and got connection ${record.connection} besides it`;
    this.#violate("balancer.connection-moved", record, message);
  }

  #checkAnswer({ request }: Connection, record: AttemptRecord): void {
    if (record.kind !== "success" || request === record.request) return;
    const message = `the answer to request ${record.request} ended the attempt of connection ${record.connection} that waits for request ${request}`;
    this.#violate("balancer.answer-of-another", record, message);
  }

  onChoice(record: ChoiceRecord): void {
    const ledger = this.#ledger(record);
    const { chosen, other } = record;
    this.choices += 1;
    if (other?.backend === chosen.backend)
      this.#violate("balancer.choice-distinct", record, `both candidates of ${record.vip} are ${chosen.backend}`);
    for (const candidate of other === null ? [chosen] : [chosen, other])
      this.#checkCandidate(ledger, record, candidate);
    if (other !== null) this.#checkPair(ledger, record, other);
    this.#checkPool(ledger, record);
    this.#checkProbe(ledger, record);
    this.#checkShares(ledger, record);
    this.#checkFlow(ledger, record);
    ledger.connections.set(record.connection, { backend: chosen.backend, flow: record.flow, request: null });
    ledger.flows.set(record.flow, record.connection);
  }

  /** What the choice was told of a candidate is what happened with it. */
  #checkCandidate(ledger: Ledger, record: ChoiceRecord, candidate: CandidateRecord): void {
    const known = knownOf(ledger, candidate.backend);
    if (candidate.pending !== known.inFlight) {
      const message = `the choice for ${record.vip} counted ${candidate.pending} pending at ${candidate.backend}, with ${known.inFlight} attempts under way`;
      this.#violate("balancer.pending", record, message);
    }
    const scored = scoreFault(candidate);
    if (scored !== null) this.#violate("balancer.choice-score", record, scored);
    const { sample } = known;
    const isFresh =
      sample !== null && sample.tookUs >= NOTABLE_US && record.atUs - sample.atUs <= this.#options.decayUs;
    if (isFresh && candidate.costQ8 === 0) {
      const message = `${candidate.backend} took ${sample.tookUs} us ${record.atUs - sample.atUs} us ago, and the choice for ${record.vip} knew of no cost`;
      this.#violate("balancer.choice-history", record, message);
    }
  }

  #checkPair(ledger: Ledger, record: ChoiceRecord, other: CandidateRecord): void {
    const { chosen } = record;
    if (chosen.score * other.weight > other.score * chosen.weight) {
      const message = `${chosen.backend} with score ${chosen.score} was chosen for ${record.vip} before ${other.backend} with ${other.score}`;
      this.#violate("balancer.choice-score", record, message);
    }
    const newcomer = knownOf(ledger, chosen.backend);
    const { sample } = knownOf(ledger, other.backend);
    const isOtherKnown =
      sample !== null && sample.tookUs >= NOTABLE_US && record.atUs - sample.atUs <= this.#options.decayUs;
    // Weights may outdo even the penalty; no scenario draws such ones.
    if (newcomer.sample === null && newcomer.inFlight > 0 && isOtherKnown) {
      const message = `${chosen.backend} has never answered and has ${newcomer.inFlight} attempts under way, and was chosen for ${record.vip} before ${other.backend}, which is known`;
      this.#violate("balancer.choice-newcomer", record, message);
    }
  }

  /** Draining, removed and unreachable backends get nothing, and what is tripped or sound here is so for the choice. */
  #checkPool(ledger: Ledger, record: ChoiceRecord): void {
    const { failuresMax, backoffUs, wholeScanMax } = this.#options;
    const fault = poolFault(record, {
      service: ledger.services.get(record.vip) ?? [],
      reachable: ledger.reachable,
      admits: (backend) => {
        const { failures, lastUs } = knownOf(ledger, backend);
        return failures < failuresMax || record.atUs - lastUs >= backoffUs;
      },
      wholeScanMax,
    });
    if (fault !== null) this.#violate("balancer.choice-pool", record, fault);
  }

  #checkProbe(ledger: Ledger, record: ChoiceRecord): void {
    const { failuresMax, backoffUs, wholeScanMax } = this.#options;
    const known = knownOf(ledger, record.chosen.backend);
    if (known.failures < failuresMax) return;
    this.probes += 1;
    const sinceUs = record.atUs - known.lastUs;
    const sound = this.#eligible(ledger, record.vip).filter((backend) => {
      const { failures, lastUs } = knownOf(ledger, backend);
      return failures < failuresMax || record.atUs - lastUs >= backoffUs;
    });
    if (sinceUs < backoffUs && sound.length > 0 && record.candidates <= wholeScanMax) {
      const message = `${record.chosen.backend} has failed ${known.failures} times and was chosen ${sinceUs} us after its last failure or probe, with ${sound[0]} at hand (backoff ${backoffUs} us)`;
      this.#violate("balancer.breaker-probes", record, message);
    }
    known.lastUs = record.atUs;
  }

  /** Backends of a service that may get connections as this node sees it. */
  #eligible(ledger: Ledger, vip: string): readonly string[] {
    const taking: string[] = [];
    for (const text of ledger.services.get(vip) ?? []) {
      const [backend, weight] = splitBackend(text);
      if (weight > 0) taking.push(backend);
    }
    return taking.filter((backend) => ledger.reachable.size === 0 || ledger.reachable.has(agentOf(backend)));
  }

  #checkShares(ledger: Ledger, record: ChoiceRecord): void {
    const { decayUs, backoffUs, attemptUsMax } = this.#options;
    const eligible = this.#eligible(ledger, record.vip);
    const windowUs = FADES * decayUs + backoffUs + attemptUsMax;
    for (const backend of eligible) {
      const share = shareOf(ledger, record.vip, backend, record.atUs);
      share.expected += record.pool <= 1 ? 1 : Math.min(1, 2 / record.pool);
      if (backend === record.chosen.backend || knownOf(ledger, backend).inFlight > 0) continue;
      if (record.atUs - share.sinceUs < windowUs) continue;
      share.misses += 1;
      if (share.misses !== MISSES_FACTOR * eligible.length) continue;
      const message = `${backend} of ${record.vip} was not chosen in ${share.misses} choices over ${record.atUs - share.sinceUs} us`;
      this.#violate("balancer.starvation", record, message);
    }
    restart(ledger, record.chosen.backend, record.atUs);
    // What takes connections only because nothing is in reach is no share of anything.
    const share = eligible.includes(record.chosen.backend)
      ? shareOf(ledger, record.vip, record.chosen.backend, record.atUs)
      : null;
    if (share === null) return;
    share.count += 1;
    if (share.count <= countMax(share.expected)) return;
    const message = `${record.chosen.backend} got ${share.count} of the choices for ${record.vip}; two at random give it ${Math.floor(share.expected)} at most, and ${countMax(share.expected)} with luck`;
    this.#violate("balancer.load-spread", record, message);
  }

  #violate(property: BalancerProperty, { host, incarnation }: Origin, message: string): void {
    // Kept of each property: what one rule finds all the time must not hide what another finds late.
    const same = this.violations.reduce((count, violation) => count + (violation.property === property ? 1 : 0), 0);
    if (same < VIOLATIONS_MAX) this.violations.push({ property, host, incarnation, message });
  }

  #ledger(origin: Origin): Ledger {
    const present = this.#ledgers.get(origin.host);
    if (present !== undefined && present.incarnation === origin.incarnation) return present;
    const ledger: Ledger = {
      incarnation: origin.incarnation,
      connections: new Map(),
      flows: new Map(),
      backends: new Map(),
      services: new Map(),
      shares: new Map(),
      reachable: new Set(),
      version: 0,
    };
    this.#ledgers.set(origin.host, ledger);
    return ledger;
  }
}

function forget(ledger: Ledger, id: number): void {
  const flow = ledger.connections.get(id)?.flow ?? null;
  ledger.connections.delete(id);
  if (flow !== null && ledger.flows.get(flow) === id) ledger.flows.delete(flow);
}

function learn(known: Known, record: AttemptRecord): void {
  known.sample = { tookUs: record.tookUs, atUs: record.atUs };
  if (record.kind === "failure") {
    known.failures += 1;
    known.lastUs = record.atUs;
  } else if (record.kind === "success" && record.waitsFor === "reply") known.failures = 0;
}

function knownOf(ledger: Ledger, backend: string): Known {
  let known = ledger.backends.get(backend);
  if (known === undefined) {
    known = { inFlight: 0, failures: 0, lastUs: 0, sample: null };
    ledger.backends.set(backend, known);
  }
  return known;
}

/** Something happened with a backend: whether it is starved counts from here. */
function restart(ledger: Ledger, backend: string, atUs: number): void {
  for (const share of ledger.shares.get(backend)?.values() ?? []) {
    share.sinceUs = atUs;
    share.misses = 0;
  }
}

function shareOf(ledger: Ledger, vip: string, backend: string, atUs: number): Share {
  let ofBackend = ledger.shares.get(backend);
  if (ofBackend === undefined) ledger.shares.set(backend, (ofBackend = new Map()));
  let share = ofBackend.get(vip);
  if (share === undefined) {
    share = { version: ledger.version, sinceUs: atUs, misses: 0, count: 0, expected: 0 };
    ofBackend.set(vip, share);
  }
  // It may have been out of the set or of reach in between.
  if (share.version !== ledger.version) Object.assign(share, { version: ledger.version, sinceUs: atUs, misses: 0 });
  return share;
}
