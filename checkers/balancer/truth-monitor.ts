/**
 * Compares what balancers do with what is true: which tasks run, and which nodes are in reach.
 *
 * - A publisher takes away no entry of a running task and adds none of another.
 * - A node sends no new connection to a backend longer than `staleUsMax` after its entry was gone at this node, or after its agent
 *   was out of the node's reach while another one was in it.
 * - Once all faults have been over for long enough (`settle`), no connection goes where no task has run for `deadUsMax`, and what a node has
 *   installed is the union of what the tasks of all running nodes ask for; entries of nodes that are down may stand beside them.
 *
 * Staleness is measured in true time while the host ran: `stalled` tells of a host that was paused up to now.
 */
import {
  agentOf,
  type BalancerProperty,
  type BalancerViolation,
  byText,
  type ChoiceRecord,
  type EntriesRecord,
  type Origin,
  type PublishRecord,
  type BalancerReachRecord,
  splitBackend,
  type StepRecord,
  type TaskRecord,
  type VerifiedRecord,
  VIOLATIONS_MAX,
} from "./record.ts";

export type TruthOptions = {
  readonly staleUsMax: number;
  /** How long every node may need to hear of the end of a task, or of a node. */
  readonly deadUsMax: number;
  /** How long a node has been as it is now: down, or running one boot. One that boots again and again tells nobody of its death. */
  readonly steadyForUs: (node: string) => { readonly isDown: boolean; readonly forUs: number };
};

type Running = { readonly backend: string; readonly entries: readonly string[] };

/** What one boot of a node was told. */
type View = {
  readonly incarnation: number;
  readonly entries: Map<string, readonly string[]>;
  readonly services: Map<string, readonly string[]>;
  /** Since when a backend is in no entry of a VIP any more, by VIP and backend. */
  readonly goneSince: Map<string, number>;
  /** Since when an agent is out of reach, and since when in it. */
  readonly lostSince: Map<string, number>;
  readonly foundSince: Map<string, number>;
  stalledUs: number;
};

export class TruthMonitor {
  readonly violations: BalancerViolation[] = [];
  readonly #options: TruthOptions;
  readonly #views: Map<string, View> = new Map();
  /** Tasks that serve, by node and boot, then by task. */
  readonly #tasks: Map<string, { readonly incarnation: number; readonly running: Map<string, Running> }> = new Map();
  /** Since when nothing serves at a backend where something did. */
  readonly #endedUs: Map<string, number> = new Map();
  #settledUs: number | null = null;
  settledChoices = 0;
  /** Requests that had to succeed. */
  verified = 0;

  constructor(options: TruthOptions) {
    this.#options = options;
  }

  /** All faults have been over for long enough. */
  settle(nowUs: number): void {
    this.#settledUs ??= nowUs;
  }

  /** This host has not run for some time up to now. */
  stalled(host: string, nowUs: number): void {
    const view = this.#views.get(host);
    if (view !== undefined) view.stalledUs = nowUs;
  }

  onTask(record: TaskRecord, nowUs: number): void {
    let node = this.#tasks.get(record.host);
    if (node?.incarnation !== record.incarnation) {
      for (const { backend } of node?.running.values() ?? []) this.#endedUs.set(backend, nowUs);
      node = { incarnation: record.incarnation, running: new Map() };
      this.#tasks.set(record.host, node);
    }
    const { task, backend, isServing } = record;
    if (isServing) {
      node.running.set(task, { backend, entries: entriesOf(record) });
      this.#endedUs.delete(backend);
    } else if (node.running.delete(task)) this.#endedUs.set(backend, nowUs);
  }

  onPublish(record: PublishRecord): void {
    const isSameBoot = this.#tasks.get(record.host)?.incarnation === record.incarnation;
    const wanted = new Set(isSameBoot ? this.#entriesOf(record.host) : []);
    for (const entry of record.removed) {
      if (wanted.has(entry))
        this.#violate("balancer.live-entry-removed", record, `the entry ${entry} of a running task is taken away`);
      if (agentOf(entry.slice(entry.indexOf(" ") + 1)) !== record.host)
        this.#violate("balancer.live-entry-removed", record, `the entry ${entry} belongs to another node`);
    }
    for (const entry of record.added) {
      if (!wanted.has(entry))
        this.#violate("balancer.installed-union", record, `the entry ${entry} is added, and no task asks for it`);
    }
  }

  onEntries(record: EntriesRecord, nowUs: number): void {
    const view = this.#view(record);
    const now = new Set(record.backends.map((text) => splitBackend(text)[0]));
    for (const text of view.entries.get(record.vip) ?? []) {
      const [backend] = splitBackend(text);
      const name = `${record.vip} ${backend}`;
      if (!now.has(backend) && !view.goneSince.has(name)) view.goneSince.set(name, nowUs);
    }
    for (const backend of now) view.goneSince.delete(`${record.vip} ${backend}`);
    view.entries.set(record.vip, record.backends);
  }

  onStep(record: StepRecord): void {
    const { services } = this.#view(record);
    if (record.kind === "add-service" || record.kind === "change-service") services.set(record.vip, record.backends);
    else if (record.kind === "remove-service") services.delete(record.vip);
  }

  onReach(record: BalancerReachRecord, nowUs: number): void {
    const view = this.#view(record);
    const now = new Set(record.reachable);
    for (const node of view.foundSince.keys()) {
      if (now.has(node)) continue;
      view.foundSince.delete(node);
      view.lostSince.set(node, nowUs);
    }
    for (const node of now) {
      if (!view.foundSince.has(node)) view.foundSince.set(node, nowUs);
      view.lostSince.delete(node);
    }
  }

  onChoice(record: ChoiceRecord, nowUs: number): void {
    const view = this.#view(record);
    const { backend } = record.chosen;
    const goneUs = this.#staleUs(view, view.goneSince.get(`${record.vip} ${backend}`), nowUs);
    if (goneUs > this.#options.staleUsMax) {
      const message = `a connection to ${record.vip} went to ${backend}, whose entry was gone for ${goneUs} us`;
      this.#violate("balancer.traffic-to-removed", record, message);
    }
    this.#checkReach(view, record, nowUs);
    if (this.#settledUs !== null && nowUs >= this.#settledUs) this.#checkSettled(record, nowUs);
  }

  /**
   * A request for what runs everywhere, of which `task` is the name. It must succeed at once, unless a node is still coming or going:
   * one that boots again and again is chosen now and then.
   */
  onVerified(
    record: VerifiedRecord,
    { nodes, task }: { readonly nodes: readonly string[]; readonly task: string },
  ): void {
    if (nodes.some((node) => this.#options.steadyForUs(node).forUs < this.#options.deadUsMax)) return;
    this.verified += 1;
    const origin = { host: record.client, incarnation: 1 };
    if (record.error !== "")
      this.#violate(
        "balancer.settled-requests",
        origin,
        `after all is quiet a request for ${record.vip} failed: ${record.error}`,
      );
    const foreign = record.servers.find((server) => !server.startsWith(`${task}.`));
    if (foreign !== undefined)
      this.#violate(
        "balancer.settled-requests",
        origin,
        `after all is quiet ${foreign} answered a request for ${record.vip}`,
      );
  }

  /** Judges what is installed at the end, at nodes whose balancers have run for long enough. Call once, after the last record. */
  finish(runningNodes: readonly string[]): void {
    if (this.#settledUs === null) return;
    const live = new Set(runningNodes);
    const wanted = new Map<string, string[]>();
    for (const node of runningNodes) {
      for (const entry of this.#entriesOf(node)) {
        const place = entry.indexOf(" ");
        wanted.set(entry.slice(0, place), [...(wanted.get(entry.slice(0, place)) ?? []), entry.slice(place + 1)]);
      }
    }
    for (const node of runningNodes) {
      const view = this.#views.get(node);
      if (view === undefined) continue;
      for (const vip of new Set([...wanted.keys(), ...view.services.keys()])) {
        const installed = (view.services.get(vip) ?? []).filter((backend) => live.has(agentOf(backend)));
        const expected = [...new Set(wanted.get(vip) ?? [])].sort(byText);
        if (installed.join(" ") === expected.join(" ")) continue;
        const message = `after all is quiet ${vip} has [${installed.join(" ")}] of the running nodes, and their tasks ask for [${expected.join(" ")}]`;
        this.#violate("balancer.installed-union", { host: node, incarnation: view.incarnation }, message);
      }
    }
  }

  #checkReach(view: View, record: ChoiceRecord, nowUs: number): void {
    const { staleUsMax } = this.#options;
    const agent = agentOf(record.chosen.backend);
    const lostUs = this.#staleUs(view, view.lostSince.get(agent), nowUs);
    if (lostUs <= staleUsMax) return;
    const better = (view.services.get(record.vip) ?? []).find((text) => {
      const [backend, weight] = splitBackend(text);
      return weight > 0 && this.#staleUs(view, view.foundSince.get(agentOf(backend)), nowUs) > staleUsMax;
    });
    if (better === undefined) return;
    const message = `a connection to ${record.vip} went to ${record.chosen.backend}, whose agent was out of reach for ${lostUs} us, with ${better} in reach`;
    this.#violate("balancer.traffic-to-unreachable", record, message);
  }

  #checkSettled(record: ChoiceRecord, nowUs: number): void {
    this.settledChoices += 1;
    const { backend } = record.chosen;
    const endedUs = this.#endedUs.get(backend);
    const { isDown, forUs } = this.#options.steadyForUs(agentOf(backend));
    const deadUs = isDown ? forUs : endedUs === undefined ? 0 : Math.min(forUs, nowUs - endedUs);
    if (deadUs <= this.#options.deadUsMax) return;
    const message = `after all is quiet a connection to ${record.vip} went to ${backend}, where no task has run for ${deadUs} us`;
    this.#violate("balancer.traffic-to-dead", record, message);
  }

  /** How long something has been so, as far as the host could have noticed; -1 when it is not so. */
  #staleUs(view: View, sinceUs: number | undefined, nowUs: number): number {
    return sinceUs === undefined ? -1 : nowUs - Math.max(sinceUs, view.stalledUs);
  }

  /** What the tasks of a node ask for. */
  #entriesOf(node: string): readonly string[] {
    return [...(this.#tasks.get(node)?.running.values() ?? [])].flatMap(({ entries }) => entries);
  }

  #violate(property: BalancerProperty, { host, incarnation }: Origin, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ property, host, incarnation, message });
  }

  #view(origin: Origin): View {
    const present = this.#views.get(origin.host);
    if (present !== undefined && present.incarnation === origin.incarnation) return present;
    const view: View = {
      incarnation: origin.incarnation,
      entries: new Map(),
      services: new Map(),
      goneSince: new Map(),
      lostSince: new Map(),
      foundSince: new Map(),
      stalledUs: 0,
    };
    this.#views.set(origin.host, view);
    return view;
  }
}

/** `vip backend*weight` for each label of a task that asks for a VIP. */
function entriesOf({ protocol, framework, labels, backend, weight }: TaskRecord): readonly string[] {
  return labels.flatMap((label) => {
    const match = /^(\/?)([a-z0-9._-]+):(\d+)$/.exec(label);
    if (match === null) return [];
    const host = match[1] === "/" ? `${match[2]}.${framework}` : match[2];
    return [`${protocol}/${host}:${match[3]} ${backend}*${weight}`];
  });
}
