/**
 * The publisher of a node: keeps its entries in the replicated map equal to what its tasks ask for.
 *
 * It polls, compares with the entries that name its own node as agent, and writes what differs as adds and removes of a set. It never
 * touches an entry of another agent, and keeps what it wrote while the agent does not answer: silence is no end of a task. Entries that
 * an earlier boot left are compared as any others, so a node that lost its disk takes away what it can no longer serve.
 */
import type { Host } from "../../sim/host.ts";
import type { KvUpdate, MembershipKv } from "../membership/membership.ts";
import { diffSorted } from "./diff.ts";
import { backendsIn, BACKENDS_FIELD, keyOfVip, VIP_PREFIX, vipOfKey } from "./entries.ts";
import type { PublishRecord } from "./observation.ts";
import type { BalancerOptions } from "./options.ts";
import { entriesOf, entryText, splitEntry, type TaskSource } from "./tasks.ts";
import { compareText } from "../crdt/clock.ts";
import { parseBackend } from "./vip.ts";

export class Publisher {
  readonly #host: Host;
  readonly #kv: MembershipKv;
  readonly #tasks: TaskSource;
  readonly #options: BalancerOptions;
  #failures = 0;

  constructor(host: Host, kv: MembershipKv, tasks: TaskSource, options: BalancerOptions) {
    this.#host = host;
    this.#kv = kv;
    this.#tasks = tasks;
    this.#options = options;
  }

  /** Polls for ever. */
  async run(): Promise<void> {
    for (;;) {
      this.#failures = (await this.#publish()) ? 0 : this.#failures + 1;
      await this.#host.timers.sleep(this.#pauseUs());
    }
  }

  /** False when the agent did not answer or a write was refused. */
  async #publish(): Promise<boolean> {
    let wanted: readonly string[];
    try {
      wanted = entriesOf(this.#host.name, await this.#tasks.poll(), () => this.#host.mark("balancer.bad-label"));
    } catch {
      this.#host.mark("balancer.poll-failed");
      return false;
    }
    const { added, removed } = diffSorted(this.#ownEntries(), wanted);
    if (added.length === 0 && removed.length === 0) return true;
    this.#host.observe(
      "balancer.publish",
      (): PublishRecord => ({ host: this.#host.name, incarnation: this.#host.boot.incarnation, added, removed }),
    );
    let isWritten = true;
    for (const [vip, updates] of updatesByVip(added, removed)) {
      const result = await this.#kv.requestOp(keyOfVip(vip), null, updates);
      if (result.kind === "error") isWritten = false;
    }
    return isWritten;
  }

  /** Entries with this node as agent, sorted. */
  #ownEntries(): readonly string[] {
    const own: string[] = [];
    for (const key of this.#kv.keys(VIP_PREFIX)) {
      for (const backend of backendsIn(this.#kv.read(key).value)) {
        if (parseBackend(backend).agent === this.#host.name) own.push(entryText(vipOfKey(key), backend));
      }
    }
    return own.sort(compareText);
  }

  #pauseUs(): number {
    const { pollUs, pollBackoffUsMax } = this.#options;
    if (this.#failures === 0) return pollUs;
    let pauseUs = pollUs;
    for (let i = 0; i < this.#failures && pauseUs < pollBackoffUsMax; i += 1) pauseUs *= 2;
    const boundUs = Math.min(pauseUs, pollBackoffUsMax);
    return this.#host.random.between(Math.ceil(boundUs / 2), boundUs);
  }
}

/** For each VIP one write, adds before removes: a backend whose weight changed is never missing in between. */
function updatesByVip(added: readonly string[], removed: readonly string[]): ReadonlyMap<string, readonly KvUpdate[]> {
  const updates = new Map<string, KvUpdate[]>();
  for (const [kind, entries] of [
    ["add", added],
    ["remove", removed],
  ] as const) {
    const members = new Map<string, string[]>();
    for (const entry of entries) {
      const [vip, backend] = splitEntry(entry);
      members.set(vip, [...(members.get(vip) ?? []), backend]);
    }
    for (const [vip, backends] of members) {
      updates.set(vip, [...(updates.get(vip) ?? []), { kind, field: BACKENDS_FIELD, members: backends }]);
    }
  }
  return updates;
}
