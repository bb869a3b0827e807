/**
 * A membership for tests of the balancer alone: one map that all nodes share and see a moment later, and views set by the test.
 *
 * Every node looks at the shared state with a timer of its own, so that each notice is an event of the host that gets it.
 */
import type { Host } from "../../sim/host.ts";
import type { KvNotice, KvReading, KvUpdate, Membership, ReachChange } from "../membership/membership.ts";
import { Clock, compareText } from "../crdt/clock.ts";

const LOOK_US = 2_000;
const WRITE_US = 1_000;

type Faces = Pick<Membership, "kv" | "routes">;

export class SharedMembership {
  readonly #sets: Map<string, Set<string>> = new Map();
  readonly #changedAt: Map<string, number> = new Map();
  readonly #unreachable: Map<string, ReadonlySet<string>> = new Map();
  readonly #nodes: readonly string[];
  #version = 0;

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
  }

  /** From now on `observer` does not reach these nodes. */
  cut(observer: string, nodes: readonly string[]): void {
    this.#unreachable.set(observer, new Set(nodes));
  }

  members(key: string): readonly string[] {
    return [...(this.#sets.get(key) ?? [])].sort(compareText);
  }

  /** What a node that boots gets. */
  join(host: Host): Faces {
    const listeners: { readonly prefix: string; readonly listener: (notice: KvNotice) => void; seen: number }[] = [];
    const reachListeners: ((change: ReachChange) => void)[] = [];
    const reachableNodes = (): readonly string[] =>
      this.#nodes.filter((node) => this.#unreachable.get(host.name)?.has(node) !== true);
    let reachable = reachableNodes();
    const look = (): void => {
      for (const entry of listeners) {
        const changed = this.keys(entry.prefix).filter((key) => this.#changedAt.get(key)! > entry.seen);
        const isFirst = entry.seen < 0;
        entry.seen = this.#version;
        if (isFirst || changed.length > 0)
          entry.listener({ kind: isFirst ? "present" : "changed", entries: changed.map((key) => this.#read(key)) });
      }
      const now = reachableNodes();
      const added = now.filter((node) => !reachable.includes(node));
      const removed = reachable.filter((node) => !now.includes(node));
      reachable = now;
      if (added.length + removed.length > 0) for (const listener of reachListeners) listener({ added, removed });
      host.timers.after(LOOK_US, look);
    };
    host.timers.after(LOOK_US, look);
    return {
      routes: {
        ...UNUSED_ROUTES,
        self: host.name,
        reachable: (node) => reachable.includes(node),
        reachableNodes: () => reachable,
        unreachableNodes: () => this.#nodes.filter((node) => !reachable.includes(node)),
        onReach: (listener) => void reachListeners.push(listener),
      },
      kv: {
        keys: (prefix) => this.keys(prefix ?? ""),
        read: (key) => this.#read(key),
        requestOp: async (key, _context, updates) => {
          await host.timers.sleep(WRITE_US);
          this.write(key, updates);
          return { kind: "ok", ...this.#read(key) };
        },
        subscribe: (prefix, listener) => {
          listeners.push({ prefix, listener, seen: -1 });
          return () => {};
        },
      },
    };
  }

  keys(prefix: string): readonly string[] {
    return [...this.#sets.keys()].filter((key) => key.startsWith(prefix)).sort(compareText);
  }

  write(key: string, updates: readonly KvUpdate[]): void {
    const members = this.#sets.get(key) ?? new Set<string>();
    this.#sets.set(key, members);
    this.#changedAt.set(key, ++this.#version);
    for (const update of updates) {
      if (update.kind === "add") for (const member of update.members) members.add(member);
      if (update.kind === "remove") for (const member of update.members) members.delete(member);
    }
  }

  #read(key: string): KvReading {
    const sets = new Map([["backends", this.members(key)]]);
    const value = { sets, registers: new Map(), flags: new Map(), counters: new Map() };
    return { key, value, context: new Clock() };
  }
}

const UNUSED_ROUTES = {
  pathTo: () => null,
  distance: () => null,
  children: () => [],
  tree: () => null,
};
