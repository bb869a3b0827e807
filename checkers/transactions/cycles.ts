/**
 * Cycle anomalies of one strongly connected component: which types exist, and a short cycle of each.
 *
 * Existence is decided type by type, worst first, on projections and on a product graph: G0 and G1c by components of
 * the dependency edges; G-single and G-nonadjacent by components of (transaction, was the last step an anti-dependency),
 * the latter of which closes no two in a row; G2 by components of all edges. Only then is one cycle looked for, through an
 * edge that is known to lie on one: no search can come back empty-handed. Each is linear, but for the choice between
 * G-single and G-nonadjacent (single-search.ts), which has a budget.
 *
 * The -process and -realtime variants may also use those edges. A variant is looked for only where it would rule out a
 * model that the cycles already found in the component do not: timing is no news about data that are wrong anyway.
 */
import { type Components, findComponents } from "./components.ts";
import type { Graph } from "./edges.ts";
import { impliedAnomalies, impossibleModels } from "./lattice.ts";
import { type Hop, PathSearch } from "./path-search.ts";
import { type Candidate, findClosing } from "./single-search.ts";
import { ONWARD, PROCESS, REALTIME, RW, RW_PREDICATE, WR, WW } from "./types.ts";

export type FoundCycle = { readonly type: string; readonly hops: readonly Hop[] };

export type ComponentReport = {
  readonly cycles: readonly FoundCycle[];
  /** Models ruled out by existence alone, where the budget did not reach for a typed cycle: "<model>-cycle-exists". */
  readonly existence: readonly string[];
  /** False when a search gave up; types that were not reported may then be present. */
  readonly isComplete: boolean;
};

export type CycleLimits = {
  /** Edges looked at when telling G-single from G-nonadjacent, for each component. */
  readonly stepsMax: number;
};

const ANTI = RW | RW_PREDICATE;
/** Cycles tried for one type before the shortest is taken. */
const TRIES_MIN = 24;
/** Edges looked at to find a shorter cycle of a type that is already known. */
const SHORTEN_STEPS_MAX = 4_000_000;

const VARIANTS: readonly (readonly [suffix: string, order: number, existence: string])[] = [
  ["", 0, "snapshot-isolation-cycle-exists"],
  ["-process", PROCESS, "strong-session-snapshot-isolation-cycle-exists"],
  ["-realtime", PROCESS | REALTIME, "strong-snapshot-isolation-cycle-exists"],
];

export function findCycles(graph: Graph, limits: CycleLimits): ComponentReport {
  const search = new ComponentSearch(graph, limits);
  const present = labelsPresent(graph);
  for (const [suffix, order, existence] of VARIANTS) {
    // Only the variant whose own kind of order edge occurs can add anything.
    const own = suffix === "-realtime" ? REALTIME : order;
    if (own !== 0 && (present & own) === 0) continue;
    search.findVariant(suffix, order, existence, present);
  }
  return search.report();
}

function labelsPresent(graph: Graph): number {
  let present = 0;
  for (const label of graph.labels) present |= label;
  return present;
}

class ComponentSearch {
  readonly #graph: Graph;
  readonly #limits: CycleLimits;
  readonly #paths: PathSearch;
  readonly #cycles: FoundCycle[] = [];
  readonly #existence: string[] = [];
  #isComplete = true;

  constructor(graph: Graph, limits: CycleLimits) {
    this.#graph = graph;
    this.#limits = limits;
    this.#paths = new PathSearch(graph);
  }

  report(): ComponentReport {
    return { cycles: this.#cycles, existence: this.#existence, isComplete: this.#isComplete };
  }

  findVariant(suffix: string, order: number, existence: string, present: number): void {
    const dependencies = WW | WR | order | ONWARD;
    if (this.#isWanted(`G0${suffix}`)) this.#findThrough(WW, WW | order | ONWARD);
    if (this.#isWanted(`G1c${suffix}`)) this.#findThrough(WR, dependencies);
    this.#findSnapshotAnomalies(suffix, RW, dependencies, existence);
    if (this.#isWanted(`G2-item${suffix}`)) this.#findThrough(RW, dependencies | RW);
    if ((present & RW_PREDICATE) === 0) return;
    this.#findSnapshotAnomalies(suffix, ANTI, dependencies, existence);
    if (this.#isWanted(`G2${suffix}`)) this.#findThrough(RW_PREDICATE, dependencies | ANTI);
  }

  /** False when a cycle found here implies the type, or when the type would rule out no further model. */
  #isWanted(type: string): boolean {
    const types = this.#cycles.map((cycle) => cycle.type);
    if (impliedAnomalies(types).has(type)) return false;
    if (!type.endsWith("-process") && !type.endsWith("-realtime")) return true;
    const ruledOut = impossibleModels([...types, ...this.#existence]);
    return [...impossibleModels([type])].some((model) => !ruledOut.has(model));
  }

  /** A cycle within `mask` through an edge with one of the `wanted` labels. */
  #findThrough(wanted: number, mask: number): void {
    const components = findComponents(this.#graph, mask);
    const candidates = edgesInside(this.#graph, components, wanted);
    this.#addShortest(candidates, mask, false);
  }

  #findSnapshotAnomalies(suffix: string, anti: number, dependencies: number, existence: string): void {
    const item = anti === RW ? "-item" : "";
    const isSingleWanted = this.#isWanted(`G-single${item}${suffix}`);
    if (!isSingleWanted && !this.#isWanted(`G-nonadjacent${item}${suffix}`)) return;
    const candidates = this.#nonadjacentEdges(dependencies, anti);
    if (candidates.length === 0) return;
    const found = this.#cycles.length;
    const single = findClosing(this.#graph, findComponents(this.#graph, dependencies), dependencies, candidates, {
      stepsMax: this.#limits.stepsMax,
      wanted: TRIES_MIN,
    });
    if (isSingleWanted && single.closing.length > 0) this.#addShortest(single.closing, dependencies, true);
    if (!single.isComplete) this.#isComplete = false;
    if (this.#cycles.length > found) return; // G-single implies G-nonadjacent
    if (single.closing.length > 0) return;
    this.#addShortest(candidates, dependencies | anti, true);
    if (this.#cycles.length === found && this.#isWanted(existence)) this.#existence.push(existence);
  }

  /** Anti-dependencies on a closed walk without two in a row: those inside a component of the product graph. */
  #nonadjacentEdges(dependencies: number, anti: number): readonly Candidate[] {
    const product = productGraph(this.#graph, dependencies, anti);
    const components = findComponents(product, 0xff);
    const candidates: Candidate[] = [];
    const { starts, targets, labels, transactions } = this.#graph;
    for (let source = 0; source < transactions; source += 1) {
      for (let edge = starts[source]!; edge < starts[source + 1]!; edge += 1) {
        if ((labels[edge]! & anti) === 0) continue;
        if (components.of[source * 2] === components.of[targets[edge]! * 2 + 1]) candidates.push({ source, edge });
      }
    }
    return candidates;
  }

  /** Adds the shortest cycle found through one of the candidates, under the type that its edges make it. */
  #addShortest(candidates: readonly Candidate[], mask: number, isNonadjacent: boolean): void {
    let best: readonly Hop[] | undefined;
    const stepsBefore = this.#paths.steps;
    for (let i = 0; i < candidates.length; i += 1) {
      const { source, edge } = candidates[i]!;
      const hopsMax = best === undefined ? Number.POSITIVE_INFINITY : best.length - 1;
      const hops = this.#paths.throughEdge(source, edge, { mask, isNonadjacent, hopsMax });
      if (hops !== undefined && isSimple(hops)) best = hops;
      if (best?.length === 2) break;
      if (i >= TRIES_MIN && this.#paths.steps - stepsBefore > SHORTEN_STEPS_MAX) break;
    }
    if (best === undefined) return;
    const type = classify(best);
    if (!this.#cycles.some((cycle) => cycle.type === type)) this.#cycles.push({ type, hops: best });
  }
}

/** Edges with one of these labels that leave a transaction and stay inside its component. */
function edgesInside(graph: Graph, components: Components, wanted: number): readonly Candidate[] {
  const candidates: Candidate[] = [];
  for (let source = 0; source < graph.transactions; source += 1) {
    for (let edge = graph.starts[source]!; edge < graph.starts[source + 1]!; edge += 1) {
      if ((graph.labels[edge]! & wanted) === 0) continue;
      if (components.of[source] === components.of[graph.targets[edge]!]) candidates.push({ source, edge });
    }
  }
  return candidates;
}

/** Node 2n: in n, the last step was no anti-dependency; node 2n + 1: it was. */
function productGraph(graph: Graph, dependencies: number, anti: number): Graph {
  const starts = new Int32Array(graph.nodes * 2 + 1);
  const targets = new Int32Array(graph.targets.length * 2);
  const labels = new Uint8Array(graph.targets.length * 2).fill(1);
  let count = 0;
  for (let state = 0; state < graph.nodes * 2; state += 1) {
    const node = state >> 1;
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) {
      const label = graph.labels[edge]!;
      const isAnti = (label & anti) !== 0;
      if (!isAnti && (label & dependencies) === 0) continue;
      if (isAnti && (state & 1) === 1) continue;
      targets[count] = graph.targets[edge]! * 2 + (label === ONWARD ? state & 1 : isAnti ? 1 : 0);
      count += 1;
    }
    starts[state + 1] = count;
  }
  return { nodes: graph.nodes * 2, transactions: graph.nodes * 2, starts, targets, labels };
}

function isSimple(hops: readonly Hop[]): boolean {
  return new Set(hops.map((hop) => hop.from)).size === hops.length;
}

/** The type of a cycle (Adya 1999, with Elle's names for what lies between G-single and G2). */
export function classify(hops: readonly Hop[]): string {
  const antis = hops.filter((hop) => (hop.label & ANTI) !== 0);
  const hasAdjacent = hops.some(
    (hop, i) => (hop.label & ANTI) !== 0 && (hops[(i + 1) % hops.length]!.label & ANTI) !== 0 && hops.length > 1,
  );
  const item = antis.some((hop) => hop.label === RW_PREDICATE) ? "" : "-item";
  const labels = hops.reduce((all, hop) => all | hop.label, 0);
  const suffix = (labels & REALTIME) !== 0 ? "-realtime" : (labels & PROCESS) !== 0 ? "-process" : "";
  if (antis.length === 0) return `${(labels & WR) !== 0 ? "G1c" : "G0"}${suffix}`;
  if (antis.length === 1) return `G-single${item}${suffix}`;
  return `${hasAdjacent ? "G2" : "G-nonadjacent"}${item}${suffix}`;
}
