/**
 * What the entries of a fault stand for when it strikes: host names, targets of the scenario, and the built-in ones.
 *
 * Built-in: all, majority, minority (random, of the nodes), one and another (a random running node; another: one that no
 * earlier entry named), clients, trigger (the host whose point fired the trigger). Everything random is a keyed
 * outcome of the fault, so that no other fault's picks move.
 */
import type { LinkEntry } from "./plan.ts";

/** Targets that stand for other hosts each time they are resolved. */
export const RANDOM_TARGETS: readonly string[] = ["majority", "minority", "one", "another"];

export const BUILT_IN_TARGETS: readonly string[] = ["all", "clients", ...RANDOM_TARGETS];

export type TargetResolvers = Readonly<Record<string, () => readonly string[]>>;

export type Surroundings = {
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly targets: TargetResolvers;
  readonly groupMembers: (group: string) => readonly string[];
  readonly isUp: (host: string) => boolean;
};

/** A random whole number from 0 to bound - 1. */
export type Pick = (bound: number) => number;

/** How many nodes are fewer than half, at least one. */
export function minorityOf(count: number): number {
  return Math.max(1, Math.floor((count - 1) / 2));
}

export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** A random order of the items (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], pick: Pick): T[] {
  const result = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = pick(i + 1);
    const swapped = result[i] as T;
    result[i] = result[j] as T;
    result[j] = swapped;
  }
  return result;
}

/** The hosts that an entry stands for; empty when it matches nobody now. */
export function resolveEntry(
  entry: string,
  named: readonly string[],
  triggerHost: string | null,
  around: Surroundings,
  pick: Pick,
): readonly string[] {
  const { nodes, clients } = around;
  if (nodes.includes(entry) || clients.includes(entry)) return [entry];
  const own = Object.hasOwn(around.targets, entry) ? around.targets[entry] : undefined;
  if (own !== undefined) return own();
  switch (entry) {
    case "all":
      return nodes;
    case "majority":
      return shuffled(nodes, pick).slice(0, majorityOf(nodes.length));
    case "minority":
      return shuffled(nodes, pick).slice(0, minorityOf(nodes.length));
    case "one":
      return pickOne(nodes.filter(around.isUp), pick);
    case "another":
      return pickOne(
        nodes.filter((node) => around.isUp(node) && !named.includes(node)),
        pick,
      );
    case "clients":
      return clients;
    case "trigger":
      return triggerHost === null ? [] : [triggerHost];
    default:
      return [];
  }
}

/** The hosts of all entries and groups, each once; null when one of them matches nobody now. */
export function resolveHosts(
  entries: readonly string[],
  groups: readonly string[],
  triggerHost: string | null,
  around: Surroundings,
  pick: Pick,
): readonly string[] | null {
  const hosts: string[] = [];
  const add = (more: readonly string[]): boolean => {
    for (const host of more) if (!hosts.includes(host)) hosts.push(host);
    return more.length > 0;
  };
  for (const entry of entries) if (!add(resolveEntry(entry, hosts, triggerHost, around, pick))) return null;
  for (const group of groups) if (!add(around.groupMembers(group))) return null;
  return hosts;
}

/** Exact links for link entries; null when a side matches nobody, or only the other side's host. */
export function resolveLinks(
  entries: readonly LinkEntry[],
  triggerHost: string | null,
  around: Surroundings,
  pick: Pick,
): readonly LinkEntry[] | null {
  const links: LinkEntry[] = [];
  for (const entry of entries) {
    const [left, right] = splitLink(entry);
    const from = resolveEntry(left, [], triggerHost, around, pick);
    const to = resolveEntry(right, from, triggerHost, around, pick);
    const found = pairsBetween(from, to).map(([a, b]) => `${a}>${b}`);
    if (found.length === 0) return null;
    for (const link of found) if (!links.includes(link)) links.push(link);
  }
  return links;
}

export function splitLink(entry: LinkEntry): readonly [from: string, to: string] {
  const [from, to] = entry.split(">");
  if (from === undefined || to === undefined)
    throw new RangeError(`${JSON.stringify(entry)} is not a link: write it as "n1>n2"`);
  return [from, to];
}

export function pairsBetween(from: readonly string[], to: readonly string[]): readonly (readonly [string, string])[] {
  return from.flatMap((a) => to.filter((b) => b !== a).map((b) => [a, b] as const));
}

function pickOne(items: readonly string[], pick: Pick): readonly string[] {
  return items.length === 0 ? [] : [items[pick(items.length)] as string];
}
