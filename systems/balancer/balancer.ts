/**
 * The balancer of one node: every node holds all VIPs and decides locally.
 *
 * It stands on membership alone: entries of the replicated map become services, routes and names, in an order that is safe at each step;
 * nodes that are out of reach lose their backends' share. Each change is applied as the difference to what stands; now and then all is
 * computed again, so that nothing depends on a single notice.
 */
import type { Address, Host } from "../../sim/host.ts";
import type { KvReading, Membership } from "../membership/membership.ts";
import type { Service, Services } from "./diff.ts";
import { backendsIn, serviceOf, VIP_PREFIX, vipOfKey } from "./entries.ts";
import { Forwarder } from "./forwarder.ts";
import type { BalancerReachRecord, DiffRecord, EntriesRecord, StepRecord } from "./observation.ts";
import type { BalancerOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { Tables } from "./tables.ts";
import type { TaskSource } from "./tasks.ts";
import { compareText } from "../crdt/clock.ts";
import { type Backend, parseVip, VipError } from "./vip.ts";

export type BalancerParts = {
  readonly membership: Pick<Membership, "kv" | "routes">;
  /** The tasks of this node. */
  readonly tasks: TaskSource;
  readonly options: BalancerOptions;
  /** Where the node of a backend takes its packets. */
  readonly addressOf: (backend: Backend) => Address;
};

export type Balancer = {
  /** What stands now. */
  services(): Services;
  /** The address that a name has here; null for none. */
  resolve(name: string): string | null;
};

/** Starts publishing, listening and forwarding; they end with the host. */
export function startBalancer(host: Host, parts: BalancerParts): Balancer {
  const { options, membership } = parts;
  const tables = new Tables(options.names);
  let reachable: ReadonlySet<string> = new Set();
  const reach = (nodes: Iterable<string>): void => {
    reachable = new Set(nodes);
    host.observe(
      "balancer.reach",
      (): BalancerReachRecord => ({
        host: host.name,
        incarnation: host.boot.incarnation,
        reachable: [...reachable].sort(compareText),
      }),
    );
  };
  const forwarder = new Forwarder({
    host,
    options,
    tables,
    // Before anything is known of the nodes all of them count.
    isReachable: (agent) => reachable.size === 0 || reachable.has(agent),
    addressOf: parts.addressOf,
  });
  const listener = new Listener(host, { membership, tables, stepUs: options.stepUs });
  membership.routes.onReach(({ added, removed }) => {
    const left = new Set(removed);
    reach([...reachable, ...added].filter((node) => !left.has(node)));
  });
  reach(membership.routes.reachableNodes());
  membership.kv.subscribe(VIP_PREFIX, ({ entries }) => listener.take(entries));
  const reconcile = (): void => {
    reach(membership.routes.reachableNodes());
    listener.takeAll();
    forwarder.forgetBackends();
    host.timers.after(options.reconcileUs, reconcile);
  };
  host.timers.after(options.reconcileUs, reconcile);
  const publisher = new Publisher(host, membership.kv, parts.tasks, options);
  host.spawn("balancer.publisher", () => publisher.run());
  return { services: () => tables.services(), resolve: (name) => tables.addressOf(name) };
}

type ListenerParts = {
  readonly membership: Pick<Membership, "kv">;
  readonly tables: Tables;
  readonly stepUs: number;
};

/** From entries to tables. One plan is carried out at a time, to its end; what comes meanwhile is in the next. */
class Listener {
  readonly #host: Host;
  readonly #parts: ListenerParts;
  readonly #services: Map<string, Service> = new Map();
  #isDirty = false;
  #isApplying = false;

  constructor(host: Host, parts: ListenerParts) {
    this.#host = host;
    this.#parts = parts;
  }

  /** Entries of these keys as they are now. */
  take(readings: readonly KvReading[]): void {
    for (const { key, value } of readings) {
      const vip = vipOfKey(key);
      const backends = backendsIn(value);
      this.#host.observe("balancer.entries", (): EntriesRecord => ({ ...this.#origin(), vip, backends }));
      const service = isVip(vip) ? serviceOf(vip, backends) : null;
      if (service === null) this.#services.delete(vip);
      else this.#services.set(vip, service);
    }
    this.#applySoon();
  }

  /** Everything, as the map has it now. */
  takeAll(): void {
    const { kv } = this.#parts.membership;
    const keys = kv.keys(VIP_PREFIX);
    const known = new Set(keys.map(vipOfKey));
    for (const vip of this.#services.keys()) if (!known.has(vip)) this.#services.delete(vip);
    this.take(keys.map((key) => kv.read(key)));
  }

  #applySoon(): void {
    this.#isDirty = true;
    if (this.#isApplying) return;
    this.#isApplying = true;
    this.#host.spawn("balancer.apply", () => this.#apply());
  }

  async #apply(): Promise<void> {
    const { tables, stepUs } = this.#parts;
    while (this.#isDirty) {
      this.#isDirty = false;
      const old = tables.services();
      const next = [...this.#services.values()].sort((x, y) => compareText(x.vip, y.vip));
      const { diff, steps } = tables.plan(next);
      if (steps.length === 0) continue;
      this.#host.observe("balancer.diff", (): DiffRecord => ({ ...this.#origin(), old, next, ...diff }));
      for (const step of steps) {
        await this.#host.timers.sleep(stepUs);
        tables.perform(step);
        this.#host.observe("balancer.step", (): StepRecord => ({ ...this.#origin(), ...step }));
      }
      // Whoever waited for an address gets it now.
      if (tables.releaseNames()) this.#isDirty = true;
    }
    this.#isApplying = false;
  }

  #origin(): { readonly host: string; readonly incarnation: number } {
    return { host: this.#host.name, incarnation: this.#host.boot.incarnation };
  }
}

function isVip(text: string): boolean {
  try {
    parseVip(text);
    return true;
  } catch (error) {
    if (error instanceof VipError) return false;
    throw error;
  }
}
