/** Watches a group of stores from inside: everything that each held, took, promised and showed. */
import {
  type Contents,
  keyOfContents,
  parseContents,
  sizeOfContents,
  type UpdateId,
} from "../checkers/crdt/contents.ts";
import { DurabilityMonitor } from "../checkers/crdt/durability.ts";
import { findBrokenLaw } from "../checkers/crdt/lattice.ts";
import { judgeDeclined } from "../checkers/crdt/declined.ts";
import {
  type Call,
  type CrdtSpec,
  type DeclinedRecord,
  type ReadRecord,
  UpdateIndex,
  type UpdateRecord,
} from "../checkers/crdt/record.ts";
import { ReplicaMonitor } from "../checkers/crdt/replica-monitor.ts";
import { checkReplicas } from "../checkers/crdt/replicas.ts";
import type { PlainJson } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import { REPLICA_KIND, type ReplicaRecord, type UpdateCounts } from "../systems/crdt/index.ts";
import type { StoreCall } from "../systems/crdt-store/kind.ts";
import type { StoreRecord } from "../systems/crdt-store/server.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import { contentsOf } from "./crdt-history.ts";
import type { ScenarioContext, Watch, WatchOptions } from "./scenario.ts";

/** What plans may name: the store that holds the least, and the one that took the most updates. */
export const STORE_TARGETS = ["laggard", "writer"] as const;

/** Every so many reads the state is kept, and the laws of joins are tried on the last few. */
const STATES_EVERY = 8;
const STATES_MAX = 3;

export function watchStores(
  spec: CrdtSpec,
): (control: Control, context: ScenarioContext, options: WatchOptions) => Watch {
  return (control, context, options) => new StoreWatch(spec, control, context, options).watch();
}

class StoreWatch {
  readonly #spec: CrdtSpec;
  readonly #control: Control;
  readonly #context: ScenarioContext;
  readonly #options: WatchOptions;
  readonly #durability: DurabilityMonitor = new DurabilityMonitor();
  readonly #steps: ReplicaMonitor = new ReplicaMonitor();
  /** Some states that reads met, spread over the run: the last few of them, one in so many. */
  readonly #states: Uint8Array[] = [];
  #join: ((a: Uint8Array, b: Uint8Array) => Uint8Array) | null = null;
  readonly #updates: UpdateRecord[] = [];
  readonly #reads: ReadRecord[] = [];
  readonly #declined: DeclinedRecord[] = [];
  /** Reads since the last update. */
  readonly #last: Map<string, ReadRecord> = new Map();
  /** How much harm each disk had suffered at the boot before. */
  readonly #harm: Map<string, number> = new Map();
  /** Those whose disk was harmed before their last boot was complete. */
  readonly #wereHarmed: Set<string> = new Set();
  readonly #sizes: Map<string, number>;
  readonly #taken: Map<string, number>;
  /** Boots after the first of each. */
  #reboots = 0;

  constructor(spec: CrdtSpec, control: Control, context: ScenarioContext, options: WatchOptions) {
    this.#spec = spec;
    this.#control = control;
    this.#context = context;
    this.#options = options;
    this.#sizes = new Map(context.nodes.map((node) => [node, 0]));
    this.#taken = new Map(context.nodes.map((node) => [node, 0]));
    control.world.onObservation("crdt-store", (host, _incarnation, data) => this.#observe(host, data as StoreRecord));
    // Every step costs an encoding of the whole state: a share of the runs is enough.
    if (this.#isClose)
      control.world.onObservation(REPLICA_KIND, (_host, _incarnation, data) => this.#step(data as ReplicaRecord));
  }

  get #isClose(): boolean {
    return this.#options.hasMonitors && this.#context.settings["isWatchedClosely"] === true;
  }

  watch(): Watch {
    const monitors = [
      { name: "crdt-replicas", verdict: () => this.#judgeReads() },
      { name: "crdt-declined", verdict: () => this.#judgeDeclined() },
      { name: "crdt-durability", verdict: () => this.#judgeDurability() },
      { name: "crdt-steps", verdict: () => this.#judgeSteps() },
      { name: "crdt-lattice", verdict: () => this.#judgeLattice() },
    ];
    return {
      targets: { laggard: () => this.#extreme(this.#sizes, -1), writer: () => this.#extreme(this.#taken, 1) },
      ...(this.#options.hasMonitors ? { monitors } : {}),
      counts: () => ({ updates: this.#updates.length, reboots: this.#reboots }),
    };
  }

  #observe(replica: string, record: StoreRecord): void {
    if (record.kind === "acknowledged") {
      this.#durability.observe({ kind: "acknowledged", id: nameOfUpdate(record.id) });
      return;
    }
    const holds = contentsOf(record.held);
    this.#sizes.set(replica, sizeOfContents(holds));
    if (record.kind === "boot") {
      const harm = this.#control.host(replica).disk.lastingHarm.length;
      const isHarmedAnew = harm > (this.#harm.get(replica) ?? 0);
      // Harm may have struck what this very boot has written: then it shows at the next one.
      const isHarmed = isHarmedAnew || this.#wereHarmed.has(replica);
      if (isHarmedAnew) this.#wereHarmed.add(replica);
      else this.#wereHarmed.delete(replica);
      if (this.#harm.has(replica)) this.#reboots += 1;
      this.#harm.set(replica, harm);
      this.#join = record.join;
      this.#durability.observe({ kind: "boot", replica, holds, isHarmed });
      if (this.#options.hasMonitors && this.#durability.violations.length > 0) this.#options.onViolation();
    } else if (record.kind === "update") {
      const { call, told, copies, observed } = record;
      const id = nameOfUpdate(record.id);
      this.#taken.set(replica, (this.#taken.get(replica) ?? 0) + 1);
      this.#last.clear();
      this.#durability.observe({ kind: "update", replica, id, saw: holds, copies });
      const spoken = seenOf(holds, observed);
      this.#updates.push({ id, replica, call: askedOf(call), told: (told ?? null) as PlainJson, ...spoken });
    } else if (record.kind === "declined") {
      const { actor, call, error, observed } = record;
      this.#declined.push({ replica, actor, call: askedOf(call), error, ...seenOf(holds, observed) });
    } else {
      const { value, state, trimmed } = record;
      const read = { replica, holds, value: value as PlainJson, state, trimmed, timeUs: this.#control.nowUs };
      this.#reads.push(read);
      if (this.#isClose && this.#reads.length % STATES_EVERY === 0) this.#keep(record.encoded());
      this.#last.set(replica, read);
    }
  }

  #step({ host, incarnation, key, seen, durable, trimmed, stateHash }: ReplicaRecord): void {
    const step = { replica: host, incarnation, key, trimmed, state: stateHash };
    const [holds, kept] = [contentsOfCounts(key, seen), contentsOfCounts(key, durable)];
    this.#steps.observe({ ...step, holds, durable: kept });
    this.#durability.observe({ kind: "durable", replica: host, holds: kept });
    if (this.#steps.violations.length > 0) this.#options.onViolation();
  }

  #judgeSteps(): Verdict {
    const { violations } = this.#steps;
    if (violations.length === 0) return validVerdict("crdt-steps", this.#updates.length);
    return invalidVerdict("crdt-steps", this.#updates.length, violations.slice(0, 5));
  }

  #keep(encoded: Uint8Array | null): void {
    if (encoded !== null) this.#states.push(encoded);
    if (this.#states.length > STATES_MAX) this.#states.shift();
  }

  #judgeLattice(): Verdict {
    const broken = this.#join === null ? null : findBrokenLaw({ join: this.#join }, this.#states);
    if (broken !== null) return invalidVerdict("crdt-lattice", this.#states.length, [broken]);
    return validVerdict("crdt-lattice", this.#states.length);
  }

  #judgeReads(): Verdict {
    return checkReplicas({ updates: this.#updates, unanswered: [], reads: this.#reads }, this.#spec);
  }

  #judgeDeclined(): Verdict {
    const index = new UpdateIndex(this.#updates);
    const wrong = this.#declined.flatMap((declined) => judgeDeclined(declined, index, this.#spec) ?? []);
    if (wrong.length === 0) return validVerdict("crdt-declined", this.#declined.length);
    return invalidVerdict("crdt-declined", this.#declined.length, wrong.slice(0, 5));
  }

  /** Judged on reads of all replicas after the last update and of the same contents; a run without them has failed for another reason. */
  #judgeDurability(): Verdict {
    const { violations } = this.#durability;
    if (violations.length > 0) return invalidVerdict("crdt-durability", this.#updates.length, violations.slice(0, 5));
    const first = [...this.#last.values()][0];
    const keys = new Set([...this.#last.values()].map(({ holds }) => keyOfContents(holds)));
    const hasEnded = this.#last.size === this.#context.nodes.length && keys.size === 1;
    const lost = hasEnded ? this.#durability.judgeEnd(first!.replica, first!.holds) : null; // ended: there is a first
    if (lost !== null) return invalidVerdict("crdt-durability", this.#updates.length, [lost]);
    return validVerdict("crdt-durability", this.#updates.length);
  }

  /** The live replica with the smallest (sign -1) or largest number. */
  #extreme(numbers: ReadonlyMap<string, number>, sign: 1 | -1): string[] {
    const live = [...numbers].filter(([node]) => this.#control.stateOf(node) !== "down");
    live.sort((a, b) => sign * (b[1] - a[1]) || (a[0] < b[0] ? -1 : 1));
    return live.slice(0, 1).map(([node]) => node);
  }
}

function nameOfUpdate({ actor, sequence }: { readonly actor: string; readonly sequence: number }): UpdateId {
  return { actor, counter: sequence };
}

function askedOf({ f, key, value }: StoreCall): Call {
  return { f, key, value: value as PlainJson };
}

function seenOf(saw: Contents, observed: unknown): Pick<DeclinedRecord, "saw" | "observed"> {
  return { saw, ...(observed === null ? {} : { observed: parseContents(observed as PlainJson) }) };
}

/** Objects of a store by key have actors of their own. */
function contentsOfCounts(key: string, counts: UpdateCounts): Contents {
  const name = (actor: string): string => (key === "" ? actor : `${key}|${actor}`);
  return new Map(Object.entries(counts).map(([actor, count]) => [name(actor), [1, count]]));
}
