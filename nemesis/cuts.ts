/** Which directed links a partition cuts, for each shape. */
import type { PartitionFault } from "./plan.ts";
import { majorityOf, pairsBetween, splitLink } from "./targets.ts";

export type LinkPair = readonly [from: string, to: string];

type Parts = {
  readonly fault: PartitionFault;
  /** What `hosts` and `groups` stand for; empty if the fault names none. */
  readonly hosts: readonly string[];
  /** The nodes in the order drawn for a ring or a bridge. */
  readonly order: readonly string[];
  readonly links: readonly string[];
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
};

export function cutLinks(parts: Parts): readonly LinkPair[] {
  const { fault, hosts, order, nodes, clients } = parts;
  // Clients that a halves partition names stand on their side and are cut from the other one.
  const cut = fault.cutClients === true ? [...nodes, ...clients] : nodes;
  const rest = cut.filter((host) => !hosts.includes(host));
  switch (fault.shape) {
    case "halves":
      return [...pairsBetween(hosts, rest), ...pairsBetween(rest, hosts)];
    case "isolate":
      return [...pairsBetween(hosts, cut), ...pairsBetween(rest, hosts)];
    case "one-way":
      return fault.direction === "out" ? pairsBetween(hosts, rest) : pairsBetween(rest, hosts);
    case "bridge":
      return bridge(hosts, order);
    case "ring":
      return ring(order);
    case "link":
      return parts.links.map(splitLink);
  }
}

/** The nodes beside the bridge form two halves that cannot talk; the bridge talks to both. */
function bridge(middle: readonly string[], order: readonly string[]): readonly LinkPair[] {
  const others = order.filter((node) => !middle.includes(node));
  const half = Math.ceil(others.length / 2);
  const left = others.slice(0, half);
  const right = others.slice(half);
  return [...pairsBetween(left, right), ...pairsBetween(right, left)];
}

/**
 * Every node hears a majority, no two the same one: a window of the ring around itself (Jepsen, nemesis.clj,
 * majorities-ring). With an even majority the windows lean to one side, and so hearing is not mutual.
 */
function ring(order: readonly string[]): readonly LinkPair[] {
  const size = order.length;
  const window = majorityOf(size);
  const before = Math.floor(window / 2);
  const pairs: LinkPair[] = [];
  order.forEach((node, i) => {
    const heard = new Set<string>();
    for (let k = 0; k < window; k++) heard.add(order[(i - before + k + size) % size] as string);
    for (const other of order) if (!heard.has(other)) pairs.push([other, node]);
  });
  return pairs;
}
