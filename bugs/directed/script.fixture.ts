/**
 * What the witnesses of the museum share: code under test from any root, and verbs to drive a scripted cluster.
 *
 * A witness is a script of one historic schedule. It loads the code that it drives from a root folder, so the same script runs on
 * the sources and on a mutant's copy of them. The monitor that judges is always the present one.
 *
 * A script that could not reach its schedule throws: it must never pass for one that held.
 */
import { pathToFileURL } from "node:url";
import { type NamespacedUnregister, register } from "tsx/esm/api";
import { RaftMonitor, type RaftProperty } from "../../checkers/raft-monitor.ts";
import type { TestCluster, TestNode } from "../../systems/raft/cluster.fixture.ts";
import type { Message, NodeId } from "../../systems/raft/message.ts";
import type { RaftOptions } from "../../systems/raft/options.ts";

export type Verdict = {
  /** The names of what broke, in the order in which it did; empty when the invariant held. */
  readonly violated: readonly string[];
  /** One sentence of what happened. */
  readonly told: string;
};

/** Runs the schedule on the code below `root`, the folder that holds the rooms. */
export type Witness = (root: string) => Promise<Verdict>;

/** A witness, and the names that it must report on the mutant. */
export type Case = { readonly witness: Witness; readonly breaks: readonly string[] };

/** One instance of each module for a root: classes of two files of it are the same classes. */
const loaders: Map<string, NamespacedUnregister> = new Map();

/** Imports a file of the code under test, named from its root ("systems/raft/core.ts"), apart from that of other roots. */
export async function load<Module>(root: string, file: string): Promise<Module> {
  let loader = loaders.get(root);
  if (loader === undefined) {
    loader = register({ namespace: `witness-${loaders.size}` });
    loaders.set(root, loader);
  }
  const rootUrl = pathToFileURL(`${root}/`).href;
  return (await loader.import(new URL(file, rootUrl).href, rootUrl)) as Module;
}

export type Watched = { readonly cluster: TestCluster; readonly monitor: RaftMonitor };

/** The plain protocol of the paper: PreVote and CheckQuorum only narrow the windows of these bugs. */
export async function openCluster(root: string, size: number, options: Partial<RaftOptions> = {}): Promise<Watched> {
  type Fixture = typeof import("../../systems/raft/cluster.fixture.ts");
  const fixture = await load<Fixture>(root, "systems/raft/cluster.fixture.ts");
  const monitor = new RaftMonitor({ voters: size });
  const cluster = new fixture.TestCluster({
    size,
    seed: 1,
    options: { hasPreVote: false, hasCheckQuorum: false, ...options },
    observe: (record) => monitor.observe(record),
  });
  return { cluster, monitor };
}

/** The verdict of a monitor; `told` has to fit both outcomes, the evidence is added. */
export function verdictOf(monitor: RaftMonitor, told: { readonly held: string; readonly broke: string }): Verdict {
  const properties: readonly RaftProperty[] = monitor.violations.map(({ property }) => property);
  if (properties.length === 0) return { violated: [], told: told.held };
  return { violated: properties, told: `${told.broke} (${monitor.violations[0]!.message})` };
}

/** The script rests on this; without it the schedule was another one. */
export function expectStep(isReached: boolean, step: string): void {
  if (!isReached) throw new Error(`The script went astray: ${step} did not happen.`);
}

/** True for messages that leave this group or come from outside: for `settle`, which drops them. */
export function outside(...ids: readonly NodeId[]): (message: Message) => boolean {
  return ({ from, to }) => !ids.includes(from) || !ids.includes(to);
}

/** The node stands for election, again if it has to, until it leads. Messages that `isBlocked` are lost. */
export function elect(cluster: TestCluster, id: NodeId, isBlocked: (message: Message) => boolean): void {
  for (let attempt = 0; attempt < 3 && cluster.core(id).role !== "leader"; attempt += 1) {
    cluster.timeOut(id);
    cluster.settle(isBlocked);
  }
  expectStep(cluster.core(id).role === "leader", `the election of node ${id}`);
}

/** Everything that the node wants persisted becomes durable. */
export function save(cluster: TestCluster, node: TestNode): void {
  while (cluster.startSave(node)) cluster.finishSave(node);
}

/** The messages of a kind on their way between two nodes, taken off the network: to be delivered by hand, or lost. */
export function take(cluster: TestCluster, kind: Message["kind"], from: NodeId, to: NodeId): readonly Message[] {
  const fits = (message: Message): boolean => message.kind === kind && message.from === from && message.to === to;
  const taken = cluster.network.filter(fits);
  cluster.network = cluster.network.filter((message) => !fits(message));
  return taken;
}

/** The only message of a kind on its way between two nodes. */
export function takeOne(cluster: TestCluster, kind: Message["kind"], from: NodeId, to: NodeId): Message {
  const taken = take(cluster, kind, from, to);
  expectStep(taken.length === 1, `one ${kind} from node ${from} to node ${to}`);
  return taken[0]!;
}

/** Whatever is on its way is lost. */
export function loseAll(cluster: TestCluster): void {
  cluster.network = [];
}

/** Crashed and booted again, with what was durable. */
export function restart(cluster: TestCluster, node: TestNode): void {
  cluster.crash(node);
  cluster.boot(node);
}
