/**
 * What has to change to get from one table of services to another: exact, in one pass over two sorted lists.
 *
 * The law, tested as such: applyServicesDiff(old, diffServices(old, new)) equals new, no entry is named twice, and nothing that both
 * tables hold is touched. A comparison the wrong way round once deleted live services (dcos/minuteman 24b9d3b).
 */
import { compareText } from "../crdt/clock.ts";

/** A service and the texts of its backends. */
export type Service = {
  readonly vip: string;
  /** Sorted, without duplicates. */
  readonly backends: readonly string[];
};

/** Sorted by VIP, each at most once. */
export type Services = readonly Service[];

export type ListDiff = { readonly added: readonly string[]; readonly removed: readonly string[] };

export type ServiceChange = ListDiff & { readonly vip: string };

export type ServicesDiff = {
  readonly added: Services;
  /** VIPs that go with all their backends. */
  readonly removed: readonly string[];
  /** VIPs that stay, with other backends. */
  readonly changed: readonly ServiceChange[];
};

/** What `next` has and `old` has not, and the reverse. Both lists are sorted and without duplicates. */
export function diffSorted(old: readonly string[], next: readonly string[]): ListDiff {
  const added: string[] = [];
  const removed: string[] = [];
  walk(old, next, (text) => text, {
    onlyOld: (text) => removed.push(text),
    onlyNext: (text) => added.push(text),
    both: () => {},
  });
  return { added, removed };
}

export function diffServices(old: Services, next: Services): ServicesDiff {
  const added: Service[] = [];
  const removed: string[] = [];
  const changed: ServiceChange[] = [];
  walk(old, next, ({ vip }) => vip, {
    onlyOld: ({ vip }) => removed.push(vip),
    onlyNext: (service) => added.push(service),
    both: (before, after) => {
      const change = diffSorted(before.backends, after.backends);
      if (change.added.length > 0 || change.removed.length > 0) changed.push({ vip: after.vip, ...change });
    },
  });
  return { added, removed, changed };
}

export function isEmptyDiff(diff: ServicesDiff): boolean {
  return diff.added.length === 0 && diff.removed.length === 0 && diff.changed.length === 0;
}

/** The table that the diff leads to. Throws RangeError when the diff was not made from this table. */
export function applyServicesDiff(services: Services, diff: ServicesDiff): Services {
  const table = new Map(services.map(({ vip, backends }) => [vip, backends]));
  for (const vip of diff.removed) if (!table.delete(vip)) throw new RangeError(`no service ${vip} to remove`);
  for (const { vip, backends } of diff.added) {
    if (table.has(vip)) throw new RangeError(`there is a service ${vip} already`);
    table.set(vip, backends);
  }
  for (const { vip, added, removed } of diff.changed) {
    const backends = new Set(table.get(vip) ?? []);
    for (const backend of removed) if (!backends.delete(backend)) throw new RangeError(`no ${backend} in ${vip}`);
    for (const backend of added) backends.add(backend);
    table.set(vip, [...backends].sort(compareText));
  }
  return [...table].sort(([x], [y]) => compareText(x, y)).map(([vip, backends]) => ({ vip, backends }));
}

type Walk<T> = {
  readonly onlyOld: (item: T) => void;
  readonly onlyNext: (item: T) => void;
  readonly both: (old: T, next: T) => void;
};

/** Visits two lists sorted by the same key together, each key once. */
function walk<T>(old: readonly T[], next: readonly T[], keyOf: (item: T) => string, on: Walk<T>): void {
  let i = 0;
  let j = 0;
  while (i < old.length || j < next.length) {
    const before = old[i];
    const after = next[j];
    const order = before === undefined ? 1 : after === undefined ? -1 : compareText(keyOf(before), keyOf(after));
    if (order < 0) on.onlyOld(before!);
    else if (order > 0) on.onlyNext(after!);
    else on.both(before!, after!);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
  }
}
