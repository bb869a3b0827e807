/** Random schedules over a TestCluster: each seed draws its own options and its own mix of steps (swarm testing). */
import type { Message } from "./message.ts";
import type { RaftObservation } from "./observation.ts";
import type { RaftOptions } from "./options.ts";
import { TestCluster, TestRandom } from "./cluster.fixture.ts";

type Weights = {
  readonly deliver: number;
  readonly save: number;
  readonly propose: number;
  readonly read: number;
  readonly crash: number;
  readonly snapshot: number;
  readonly transfer: number;
  readonly cut: number;
};

function drawOptions(random: TestRandom): Partial<RaftOptions> {
  return {
    hasPreVote: random.below(2) === 0,
    hasCheckQuorum: random.below(2) === 0,
    inflightMax: random.between(1, 4),
    batchEntriesMax: random.between(1, 4),
    batchBytesMax: random.between(1, 40),
    chunkBytes: random.between(4, 30),
  };
}

export type ScheduleInit = {
  readonly seed: number;
  readonly steps: number;
  /** Makes the watcher of a cluster of so many nodes. */
  readonly watch: (size: number) => (observation: RaftObservation) => void;
};

export function runSchedule(init: ScheduleInit): TestCluster {
  const { seed, steps } = init;
  const random = new TestRandom(seed);
  const size = random.below(8) === 0 ? 1 : 3 + 2 * random.below(2);
  const cluster = new TestCluster({
    size,
    seed: seed ^ 0x5bd1e995,
    observe: init.watch(size),
    options: drawOptions(random),
  });
  const weights: Weights = {
    deliver: random.between(20, 60),
    save: random.between(5, 25),
    propose: random.between(1, 10),
    read: random.between(0, 5),
    crash: random.below(2) * random.between(1, 2),
    snapshot: random.below(2) * random.between(1, 3),
    transfer: random.below(3) === 0 ? 1 : 0,
    cut: random.below(2),
  };
  const loss = random.below(15);
  const duplication = random.below(15);
  const reach = random.below(3) === 0 ? 1 : random.between(1, 12);
  const pace = random.between(200, 6_000);
  const cut = new Set<string>();
  const isCut = (message: Message): boolean => cut.has(`${message.from}>${message.to}`);
  for (let step = 0; step < steps; step += 1) {
    cluster.nowUs += random.below(pace);
    tickDue(cluster, random);
    runStep(cluster, random, weights, { loss, duplication, reach, cut, isCut });
    if (cluster.network.length > 300) cluster.network.splice(0, 100);
  }
  return cluster;
}

/** A due node ticks nearly always; now and then it is late, as a paused process would be. */
function tickDue(cluster: TestCluster, random: TestRandom): void {
  for (const node of cluster.nodes) {
    if (node.core === null || cluster.nowUs < node.core.nextDeadlineUs()) continue;
    if (random.below(20) !== 0) cluster.tick(node);
  }
}

type Net = {
  readonly loss: number;
  readonly duplication: number;
  readonly reach: number;
  readonly cut: Set<string>;
  readonly isCut: (message: Message) => boolean;
};

function runStep(cluster: TestCluster, random: TestRandom, weights: Weights, net: Net): void {
  const node = cluster.nodes[random.below(cluster.nodes.length)]!;
  const leader = cluster.nodes.find(({ core }) => core?.role === "leader") ?? node;
  let pick = random.below(Object.values(weights).reduce((sum, weight) => sum + weight, 0));
  const falls = (weight: number): boolean => (pick -= weight) < 0;
  if (falls(weights.deliver)) {
    deliverOne(cluster, random, net);
  } else if (falls(weights.save)) {
    if (node.installing !== null && random.below(2) === 0) cluster.finishInstall(node);
    else if (!cluster.startSave(node) || random.below(2) === 0) cluster.finishSave(node);
  } else if (falls(weights.propose)) {
    cluster.propose(random.below(4) === 0 ? node : leader);
  } else if (falls(weights.read)) {
    cluster.read(node);
  } else if (falls(weights.crash)) {
    if (node.core === null) cluster.boot(node);
    else if (random.below(3) === 0) {
      cluster.crash(node);
      if (random.below(2) === 0) cluster.boot(node);
    }
  } else if (falls(weights.snapshot)) {
    cluster.takeSnapshot(node, random.below(4));
  } else if (falls(weights.transfer)) {
    cluster.transfer(leader, 1 + random.below(cluster.nodes.length));
  } else {
    recut(cluster, random, net.cut);
  }
}

function deliverOne(cluster: TestCluster, random: TestRandom, net: Net): void {
  const { network } = cluster;
  if (network.length === 0) return;
  const at = random.below(Math.min(net.reach, network.length));
  const message = network[at]!;
  const isKept = random.below(100) < net.duplication;
  if (!isKept) network.splice(at, 1);
  if (net.isCut(message) || random.below(100) < net.loss) return;
  cluster.deliver(message);
}

/** Heals, or cuts single directions of links, or isolates one node. */
function recut(cluster: TestCluster, random: TestRandom, cut: Set<string>): void {
  cut.clear();
  const { length } = cluster.nodes;
  const shape = random.below(3);
  const victim = 1 + random.below(length);
  for (let from = 1; from <= length; from += 1) {
    for (let to = 1; to <= length; to += 1) {
      if (from === to) continue;
      if (shape === 1 && (from === victim || to === victim)) cut.add(`${from}>${to}`);
      if (shape === 2 && random.below(3) === 0) cut.add(`${from}>${to}`);
    }
  }
}
