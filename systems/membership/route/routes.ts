/**
 * Routes: trees, distances and reachability, computed from the records of global membership when somebody asks.
 *
 * Trees are kept by root until an edge changes; a refresh that changes no view keeps them. The same records give the same trees at every
 * node. Changes of the reachable set are told at a bounded rate; answers to questions are always of now.
 */
import type { Host } from "../../../sim/host.ts";
import { equalViews } from "../gm/record.ts";
import type { Branch, GlobalMembership, ReachChange, RecordChange, Routes } from "../membership.ts";
import type { ReachObservation } from "../observation.ts";
import { Throttle } from "../throttle.ts";
import { makeBranch } from "./branch.ts";
import { Graph, type Tree } from "./graph.ts";
import type { RouteOptions } from "./options.ts";
import { Reach } from "./reach.ts";

/** Vertices without a record that are kept before the graph is made anew. */
const STRAYS_MAX = 64;

export function startRoutes(host: Host, gm: GlobalMembership, options: RouteOptions): Routes {
  return new RouteTable(host, gm, options);
}

type Rooted = { readonly tree: Tree; branch: Branch | null };

class RouteTable implements Routes {
  readonly #host: Host;
  readonly #gm: GlobalMembership;
  readonly #options: RouteOptions;
  readonly #listeners: ((change: ReachChange) => void)[] = [];
  readonly #throttle: Throttle;
  #graph: Graph = new Graph();
  #reach: Reach;
  /** By root, of the present graph. */
  readonly #trees: Map<string, Rooted> = new Map();
  /** What was told last: by vertex of #graph, 1 for reachable; no shorter than the graph when it is compared. */
  #told: Uint8Array = new Uint8Array(0);
  #toldCount = 0;
  #isTimed = false;

  constructor(host: Host, gm: GlobalMembership, options: RouteOptions) {
    this.#host = host;
    this.#gm = gm;
    this.#options = options;
    const { advertiseBurst: burst, advertiseUs: everyUs } = options;
    this.#throttle = new Throttle({ burst, everyUs }, host.clock.monotonicUs());
    for (const { node, activeView } of gm.records()) this.#graph.setNeighbours(node, activeView);
    this.#reach = new Reach(this.#graph, gm.self);
    gm.onChange((change) => this.#take(change));
    this.#advertiseSoon();
  }

  get self(): string {
    return this.#gm.self;
  }

  reachable(node: string): boolean {
    const vertex = this.#graph.idOf(node);
    return vertex !== undefined && this.#reach.has(vertex);
  }

  reachableNodes(): readonly string[] {
    return this.#names(this.#reach.order).sort(compareNames);
  }

  unreachableNodes(): readonly string[] {
    return this.#gm.records().flatMap(({ node }) => (this.reachable(node) ? [] : [node]));
  }

  pathTo(node: string, root: string = this.self): readonly string[] | null {
    const found = this.#find(node, root);
    if (found === null) return null;
    const { tree } = found;
    const path: string[] = [];
    for (let vertex = found.vertex; ; vertex = tree.parents[vertex]!) {
      path.push(this.#graph.nameOf(vertex));
      if (vertex === tree.root) return path.reverse();
    }
  }

  distance(node: string, root: string = this.self): number | null {
    const found = this.#find(node, root);
    return found === null ? null : found.tree.distances[found.vertex]!;
  }

  children(node: string, root: string = this.self): readonly string[] {
    const found = this.#find(node, root);
    if (found === null) return [];
    const { parents, order } = found.tree;
    return this.#names(order.filter((vertex) => parents[vertex] === found.vertex && vertex !== found.vertex));
  }

  tree(root: string = this.self): Branch | null {
    const rooted = this.#rooted(root);
    if (rooted === null) return null;
    rooted.branch ??= this.#branchOf(rooted.tree);
    return rooted.branch;
  }

  onReach(listener: (change: ReachChange) => void): void {
    this.#listeners.push(listener);
  }

  #names(vertices: Int32Array): string[] {
    return Array.from(vertices, (vertex) => this.#graph.nameOf(vertex));
  }

  #find(node: string, root: string): { readonly tree: Tree; readonly vertex: number } | null {
    const rooted = this.#rooted(root);
    const vertex = this.#graph.idOf(node);
    if (rooted === null || vertex === undefined || rooted.tree.distances[vertex]! < 0) return null;
    return { tree: rooted.tree, vertex };
  }

  #rooted(root: string): Rooted | null {
    const kept = this.#trees.get(root);
    if (kept !== undefined) return kept;
    const vertex = this.#graph.idOf(root);
    if (vertex === undefined) return null;
    if (this.#trees.size >= this.#options.treesMax) this.#trees.delete(this.#trees.keys().next().value!); // it is not empty
    const rooted: Rooted = { tree: this.#graph.tree(vertex), branch: null };
    this.#trees.set(root, rooted);
    return rooted;
  }

  /** From the leaves up: in reverse order every vertex comes after its children. */
  #branchOf({ order, parents, root }: Tree): Branch {
    const children: Branch[][] = [];
    const childrenOf = (vertex: number): Branch[] => (children[vertex] ??= []);
    for (let i = order.length - 1; i > 0; i--) {
      const vertex = order[i]!;
      childrenOf(parents[vertex]!).push(makeBranch(this.#graph.nameOf(vertex), childrenOf(vertex).reverse()));
    }
    return makeBranch(this.#graph.nameOf(root), childrenOf(root).reverse());
  }

  #take({ before, after }: RecordChange): void {
    const { node } = after ?? before!; // one of them is there
    const oldView = before?.activeView ?? [];
    const view = after?.activeView ?? [];
    if (before !== null && after !== null && equalViews(oldView, view)) return;
    this.#graph.setNeighbours(node, view);
    this.#trees.clear();
    this.#reach.changed(node, oldView, view);
    if (this.#reach.isStale || this.#hasStrays) this.#advertiseSoon();
  }

  get #hasStrays(): boolean {
    return this.#graph.size > 2 * this.#gm.size + STRAYS_MAX;
  }

  /** Makes the graph anew without the names that no record has any more. What is told has to be what is reached. */
  #forgetStrays(): void {
    const reached = this.reachableNodes();
    this.#graph = new Graph();
    for (const { node, activeView } of this.#gm.records()) this.#graph.setNeighbours(node, activeView);
    this.#reach = new Reach(this.#graph, this.self);
    this.#trees.clear();
    this.#told = new Uint8Array(this.#graph.size);
    for (const name of reached) this.#told[this.#graph.idOf(name)!] = 1; // some record named it
  }

  #advertiseSoon(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    const delayUs = this.#throttle.take(this.#host.clock.monotonicUs());
    this.#host.timers.after(
      delayUs,
      () => {
        this.#isTimed = false;
        this.#advertise();
        if (this.#hasStrays) this.#forgetStrays();
      },
      { sync: true },
    );
  }

  #advertise(): void {
    const { order } = this.#reach;
    if (this.#told.length < this.#graph.size) {
      const longer = new Uint8Array(2 * this.#graph.size);
      longer.set(this.#told);
      this.#told = longer;
    }
    if (order.length === this.#toldCount && order.every((vertex) => this.#told[vertex] === 1)) return;
    const { added, removed } = this.#difference(order);
    this.#host.observe(
      "membership.reach",
      (): ReachObservation => ({
        host: this.self,
        incarnation: this.#host.boot.incarnation,
        reachable: this.reachableNodes(),
      }),
    );
    for (const listener of this.#listeners) listener({ added, removed });
  }

  /** Between what was told and what is reached, which counts as told from here on. */
  #difference(order: Int32Array): ReachChange {
    const now = new Uint8Array(this.#told.length);
    for (const vertex of order) now[vertex] = 1;
    const added: string[] = [];
    const removed: string[] = [];
    for (let vertex = 0; vertex < this.#graph.size; vertex++) {
      if (now[vertex] === this.#told[vertex]) continue;
      (now[vertex] === 1 ? added : removed).push(this.#graph.nameOf(vertex));
    }
    this.#told = now;
    this.#toldCount = order.length;
    return { added: added.sort(compareNames), removed: removed.sort(compareNames) };
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
