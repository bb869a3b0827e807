/**
 * The tables that packets meet: services, routes into them, and names; and the order in which they may change.
 *
 * A route exists only while its service does, and a name is told only while it has a route. So what is added is added in this order, and
 * taken away in the reverse one. Names that were told before the service stood once led clients to the wrong host (dcos/minuteman 2812d13).
 */
import { diffServices, type Services, type ServicesDiff } from "./diff.ts";
import { type AddressBlock, NameMap } from "./names.ts";
import type { StepChange } from "./observation.ts";
import { compareText } from "../crdt/clock.ts";
import { type Backend, isIpv4, parseBackend, parseVip, type Vip } from "./vip.ts";

export type StandingService = { readonly backends: readonly Backend[]; readonly texts: readonly string[] };

export class Tables {
  readonly #services: Map<string, StandingService> = new Map();
  /** `tcp/11.0.0.1:80` to the VIP behind it. */
  readonly #routes: Map<string, string> = new Map();
  readonly #names: Map<string, string> = new Map();
  readonly #map: NameMap;
  readonly #block: AddressBlock;

  constructor(block: AddressBlock) {
    this.#map = new NameMap(block);
    this.#block = block;
  }

  service(vip: string): StandingService | null {
    return this.#services.get(vip) ?? null;
  }

  routeOf(endpoint: string): string | null {
    return this.#routes.get(endpoint) ?? null;
  }

  addressOf(name: string): string | null {
    return this.#names.get(name) ?? null;
  }

  services(): Services {
    return [...this.#services]
      .map(([vip, { texts }]) => ({ vip, backends: texts }))
      .sort((x, y) => compareText(x.vip, y.vip));
  }

  /** All backends of all services, by what is known of them. */
  *backends(): Generator<Backend> {
    for (const { backends } of this.#services.values()) yield* backends;
  }

  /** The steps from what stands to these services, in an order that is safe at every point. */
  plan(next: Services): { readonly diff: ServicesDiff; readonly steps: readonly StepChange[] } {
    const diff = diffServices(this.services(), next);
    const steps: StepChange[] = [];
    const after = new Map(next.map(({ vip, backends }) => [vip, backends]));
    for (const { vip } of diff.changed) steps.push({ kind: "change-service", vip, backends: after.get(vip)! });
    const removed = new Set(diff.removed);
    const hidden = this.#namesWithout(removed);
    for (const name of hidden) steps.push({ kind: "hide-name", name, address: this.#names.get(name)! });
    for (const [endpoint, vip] of this.#routes) if (removed.has(vip)) steps.push({ kind: "remove-route", endpoint });
    for (const vip of diff.removed) steps.push({ kind: "remove-service", vip });
    for (const { vip, backends } of diff.added) steps.push({ kind: "add-service", vip, backends });
    steps.push(...this.#ways(next, removed, hidden));
    return { diff, steps };
  }

  perform(step: StepChange): void {
    switch (step.kind) {
      case "add-service":
      case "change-service":
        this.#services.set(step.vip, { texts: step.backends, backends: step.backends.map(parseBackend) });
        return;
      case "remove-service":
        this.#services.delete(step.vip);
        return;
      case "add-route":
        this.#routes.set(step.endpoint, step.vip);
        return;
      case "remove-route":
        this.#routes.delete(step.endpoint);
        return;
      case "show-name":
        this.#names.set(step.name, step.address);
        return;
      case "hide-name":
        this.#names.delete(step.name);
    }
  }

  /** Frees the addresses of names that no service uses; true when there were any. */
  releaseNames(): boolean {
    const used = new Set([...this.#services.keys()].map((vip) => parseVip(vip).host));
    const unused = this.#map.entries().filter(([name]) => !used.has(name));
    for (const [name] of unused) this.#map.release(name);
    return unused.length > 0;
  }

  /** Names that are told and have no service once these are removed. */
  #namesWithout(removed: ReadonlySet<string>): ReadonlySet<string> {
    const kept = new Set<string>();
    for (const vip of this.#services.keys()) if (!removed.has(vip)) kept.add(parseVip(vip).host);
    return new Set([...this.#names.keys()].filter((name) => !kept.has(name)));
  }

  /** Routes to services that have none, and the names that go with them: new ones, and those that waited for a free address. */
  #ways(next: Services, removed: ReadonlySet<string>, hidden: ReadonlySet<string>): StepChange[] {
    const routed = new Set([...this.#routes.values()].filter((vip) => !removed.has(vip)));
    const routes: StepChange[] = [];
    const names = new Map<string, StepChange>();
    for (const { vip } of next) {
      if (routed.has(vip)) continue;
      const parsed = parseVip(vip);
      const address = this.#addressFor(parsed);
      // The block is full, or the address belongs to it: the service stands, and nothing leads to it.
      if (address === null) continue;
      routes.push({ kind: "add-route", endpoint: endpointText({ ...parsed, host: address }), vip });
      const isTold = isIpv4(parsed.host) || (this.#names.has(parsed.host) && !hidden.has(parsed.host));
      if (!isTold) names.set(parsed.host, { kind: "show-name", name: parsed.host, address });
    }
    return [...routes, ...names.values()];
  }

  #addressFor(vip: Vip): string | null {
    if (!isIpv4(vip.host)) return this.#map.assign(vip.host);
    const number = vip.host.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const { first, count } = this.#block;
    return number >= first && number < first + count ? null : vip.host;
  }
}

/** `tcp/11.0.0.1:80` */
export function endpointText(endpoint: Vip): string {
  return `${endpoint.protocol}/${endpoint.host}:${endpoint.port}`;
}
