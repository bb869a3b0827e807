/**
 * Watches the tables of all balancers: diffs are exact, no live VIP goes, and a service stands before its route, a route before its name.
 *
 * Names and addresses of the block are a bijection at each node at any time, over the names that are told and the routes to them.
 */
import {
  type BalancerProperty,
  type BalancerViolation,
  byText,
  type DiffRecord,
  type EntriesRecord,
  type Origin,
  type ServiceRecord,
  type StepRecord,
  VIOLATIONS_MAX,
  withoutDoubles,
} from "./record.ts";

type Tables = {
  readonly incarnation: number;
  /** The replicated entries as this node has them. */
  readonly entries: Map<string, readonly string[]>;
  readonly services: Map<string, readonly string[]>;
  readonly routes: Map<string, string>;
  readonly names: Map<string, string>;
};

export class TablesMonitor {
  readonly violations: BalancerViolation[] = [];
  readonly #tables: Map<string, Tables> = new Map();

  onEntries(record: EntriesRecord): void {
    this.#tablesOf(record).entries.set(record.vip, record.backends);
  }

  onDiff(record: DiffRecord): void {
    const tables = this.#tablesOf(record);
    const found = describe(applied(record));
    if (found !== describe(record.next))
      this.#violate(
        "balancer.diff-exact",
        record,
        `the diff from ${describe(record.old)} leads to ${found}, not to ${describe(record.next)}`,
      );
    const standing = describe(
      [...tables.services].map(([vip, backends]) => ({ vip, backends })).sort((x, y) => byText(x.vip, y.vip)),
    );
    if (describe(record.old) !== standing)
      this.#violate(
        "balancer.diff-exact",
        record,
        `the diff starts at ${describe(record.old)} while ${standing} stands`,
      );
    const touched = [...record.added.map(({ vip }) => vip), ...record.removed, ...record.changed.map(({ vip }) => vip)];
    if (new Set(touched).size !== touched.length)
      this.#violate("balancer.diff-exact", record, `the diff names a VIP twice: ${touched.join(", ")}`);
    for (const vip of record.removed) {
      const live = tables.entries.get(vip) ?? [];
      if (live.length > 0)
        this.#violate("balancer.live-vip-removed", record, `${vip} is to go while ${live.join(", ")} stand in the map`);
    }
    this.#checkNext(tables, record);
  }

  onStep(record: StepRecord): void {
    const tables = this.#tablesOf(record);
    switch (record.kind) {
      case "add-service":
      case "change-service":
        this.#setService(tables, record);
        break;
      case "remove-service":
        this.#removeService(tables, record);
        break;
      case "add-route":
        this.#addRoute(tables, record);
        break;
      case "remove-route":
        tables.routes.delete(record.endpoint);
        this.#checkNames(tables, record);
        break;
      case "show-name":
        this.#showName(tables, record);
        break;
      case "hide-name":
        tables.names.delete(record.name);
    }
  }

  /** The services that are to stand are those of the entries, all of them and nothing else. */
  #checkNext(tables: Tables, record: DiffRecord): void {
    const expected: ServiceRecord[] = [];
    for (const [vip, entries] of tables.entries) {
      if (entries.length > 0) expected.push({ vip, backends: withoutDoubles(entries) });
    }
    expected.sort((x, y) => byText(x.vip, y.vip));
    if (describe(expected) === describe(record.next)) return;
    const message = `${describe(record.next)} is to stand, and the entries say ${describe(expected)}`;
    this.#violate("balancer.live-vip-removed", record, message);
  }

  #setService(tables: Tables, record: Extract<StepRecord, { readonly backends: readonly string[] }>): void {
    const isThere = tables.services.has(record.vip);
    if (isThere !== (record.kind === "change-service"))
      this.#violate(
        "balancer.diff-exact",
        record,
        `${record.kind} of ${record.vip}, which ${isThere ? "stands" : "does not stand"}`,
      );
    tables.services.set(record.vip, record.backends);
  }

  #removeService(tables: Tables, record: Extract<StepRecord, { readonly kind: "remove-service" }>): void {
    if (!tables.services.delete(record.vip))
      this.#violate("balancer.diff-exact", record, `remove-service of ${record.vip}, which does not stand`);
    for (const [endpoint, vip] of tables.routes) {
      if (vip === record.vip)
        this.#violate(
          "balancer.service-before-route",
          record,
          `the service ${vip} goes while ${endpoint} still leads to it`,
        );
    }
  }

  #addRoute(tables: Tables, record: Extract<StepRecord, { readonly kind: "add-route" }>): void {
    const { endpoint, vip } = record;
    if (!tables.services.has(vip))
      this.#violate("balancer.service-before-route", record, `${endpoint} leads to ${vip} before that service stands`);
    const address = addressOf(endpoint);
    for (const [other, otherVip] of tables.routes) {
      if (addressOf(other) === address && hostOf(otherVip) !== hostOf(vip))
        this.#violate(
          "balancer.name-bijection",
          record,
          `${address} stands for ${hostOf(otherVip)} and for ${hostOf(vip)}`,
        );
      if (addressOf(other) !== address && hostOf(otherVip) === hostOf(vip))
        this.#violate(
          "balancer.name-bijection",
          record,
          `${hostOf(vip)} has the addresses ${addressOf(other)} and ${address}`,
        );
    }
    tables.routes.set(endpoint, vip);
  }

  #showName(tables: Tables, record: Extract<StepRecord, { readonly kind: "show-name" | "hide-name" }>): void {
    const { name, address } = record;
    const before = tables.names.get(name);
    if (before !== undefined && before !== address)
      this.#violate("balancer.name-bijection", record, `${name} has the addresses ${before} and ${address}`);
    for (const [other, otherAddress] of tables.names) {
      if (other !== name && otherAddress === address)
        this.#violate("balancer.name-bijection", record, `${address} stands for ${other} and for ${name}`);
    }
    tables.names.set(name, address);
    this.#checkNames(tables, record);
  }

  /** Whatever name is told, something leads to its address. */
  #checkNames(tables: Tables, record: StepRecord): void {
    const led = new Set([...tables.routes.keys()].map(addressOf));
    for (const [name, address] of tables.names) {
      if (!led.has(address))
        this.#violate(
          "balancer.route-before-name",
          record,
          `the name ${name} is told as ${address}, and no route leads there`,
        );
    }
  }

  #violate(property: BalancerProperty, { host, incarnation }: Origin, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ property, host, incarnation, message });
  }

  #tablesOf(origin: Origin): Tables {
    const present = this.#tables.get(origin.host);
    if (present !== undefined && present.incarnation === origin.incarnation) return present;
    const { incarnation } = origin;
    const tables: Tables = {
      incarnation,
      entries: new Map(),
      services: new Map(),
      routes: new Map(),
      names: new Map(),
    };
    this.#tables.set(origin.host, tables);
    return tables;
  }
}

/** The table that the steps of a diff lead to, however wrong they are. */
function applied({ old, added, removed, changed }: DiffRecord): readonly ServiceRecord[] {
  const table = new Map(old.map(({ vip, backends }) => [vip, new Set(backends)]));
  for (const vip of removed) table.delete(vip);
  for (const { vip, backends } of added) table.set(vip, new Set(backends));
  for (const change of changed) {
    const backends = table.get(change.vip) ?? new Set<string>();
    for (const backend of change.removed) backends.delete(backend);
    for (const backend of change.added) backends.add(backend);
    table.set(change.vip, backends);
  }
  return [...table]
    .map(([vip, backends]) => ({ vip, backends: [...backends].sort(byText) }))
    .sort((x, y) => byText(x.vip, y.vip));
}

function describe(services: readonly ServiceRecord[]): string {
  return `{${services.map(({ vip, backends }) => `${vip}: ${backends.join(" ")}`).join("; ")}}`;
}

/** `11.0.0.1` of `tcp/11.0.0.1:80`. */
function addressOf(endpoint: string): string {
  return endpoint.slice(endpoint.indexOf("/") + 1, endpoint.lastIndexOf(":"));
}

const hostOf = addressOf;
