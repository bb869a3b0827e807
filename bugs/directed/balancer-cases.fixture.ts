/** The witness of each bug of the balancer's family, and what it breaks. */
import { type Play, playBalancer, type Stage, WEB, webTask, MS } from "./balancer-world.fixture.ts";
import { type Case, expectStep, load, type Verdict } from "./script.fixture.ts";

const DOUBLING: Stage = {
  nodes: ["n1"],
  patienceUs: 200 * MS,
  network: { link: { duplicatePerMillion: 500_000, reorderPerMillion: 300_000 } },
};

type Script = (play: Play) => Promise<void>;

function onNodes(nodes: readonly string[], script: Script, patienceUs = 200 * MS): (root: string) => Promise<Verdict> {
  return (root) => playBalancer(root, { nodes, patienceUs }, script);
}

/** n2 leaves the reach of n1; a while later a client of n1 comes. */
const departedNode: Script = async ({ membership, run, burst }) => {
  membership.cut("n1", ["n2"]);
  await run(200 * MS);
  await burst(8);
};

/** The diff of the report: VIP 3 comes to 1, 2, 4 and 5. */
async function invertedDiff(root: string): Promise<Verdict> {
  const { diffSorted } = await load<typeof import("../../systems/balancer/diff.ts")>(root, "systems/balancer/diff.ts");
  const { added, removed } = diffSorted(["1", "2", "4", "5"], ["1", "2", "3", "4", "5"]);
  const told = `to add 3 to 1, 2, 4, 5 it adds ${added.join(", ")} and removes ${removed.join(", ") || "nothing"}`;
  return { violated: added.join() === "3" && removed.length === 0 ? [] : ["balancer.diff-exact"], told };
}

/** A task starts at n1 while everybody watches. */
const firstTask: Script = async ({ run }) => run(100 * MS);

/** Three backends are known, a fourth comes, and twelve connections are opened before it can answer. */
const newcomer: Script = async ({ burst, command, run }) => {
  for (let i = 0; i < 3; i += 1) await burst(6);
  await command("n1", "late", { action: "launch", spec: { ...webTask(9002), name: "late" } });
  await run(120 * MS);
  await burst(4);
  await burst(24);
};

/** Two bursts, one after the other: the second knows how the first went. */
const history: Script = async ({ burst }) => {
  await burst(4);
  await burst(4);
};

/** A task is lost; a while later its entry has to be gone. */
const lostTask: Script = async ({ command, control, run, truth }) => {
  await command("n2", "web", { action: "end", state: "TASK_LOST" });
  await run(300 * MS);
  truth.settle(control.nowUs);
  truth.finish(["n1", "n2"]);
};

/** The only backend is mute, and the client gives up before the balancer does. */
const clientGone: Script = async ({ command, burst, run }) => {
  await command("n1", "web", { action: "mute" });
  const exchanges = await burst(1);
  expectStep(exchanges[0]?.kind === "failed", "a request without an answer");
  await run(300 * MS);
};

/** n2 is mute until its breaker trips, then well; then hundreds of connections pass. */
const recovered: Script = async ({ command, burst, run, membership }) => {
  expectStep(membership.members(`vip/${WEB}`).length === 2, "two backends of web");
  await command("n2", "web", { action: "mute" });
  for (let i = 0; i < 30; i += 1) {
    await burst(4);
    await run(200 * MS);
  }
  await command("n2", "web", { action: "well" });
  for (let i = 0; i < 90; i += 1) {
    await run(60 * MS);
    await burst(4);
  }
};

/** n2 drains; once that is published, connections are opened. */
const draining: Script = async ({ command, burst, run }) => {
  await command("n2", "web", { action: "drain", forUs: 900 * MS });
  await run(120 * MS);
  await burst(8);
};

/** The only backend fails now and then, and answers in between. */
const nowAndThen: Script = async ({ command, burst }) => {
  for (let i = 0; i < 6; i += 1) {
    await command("n1", "web", { action: "mute" });
    await burst(1);
    await command("n1", "web", { action: "well" });
    const exchanges = await burst(1);
    expectStep(exchanges[0]?.kind === "ok", "an answer after a failure");
  }
};

/** The network doubles packets and keeps some back: second copies of requests are answered when the next request waits. */
const sentTwice: Script = async ({ burst }) => {
  for (let i = 0; i < 5; i += 1) {
    const exchanges = await burst(2, 8);
    expectStep(
      exchanges.every(({ kind }) => kind === "ok"),
      "an answer to each request",
    );
  }
};

export const BALANCER_CASES: { readonly [id: string]: Case } = {
  "PUB-28": { witness: onNodes(["n1", "n2"], departedNode), breaks: ["balancer.traffic-to-unreachable"] },
  "L4LB-1": { witness: invertedDiff, breaks: ["balancer.diff-exact"] },
  "L4LB-2": { witness: onNodes(["n1"], firstTask), breaks: ["balancer.service-before-route"] },
  "L4LB-3": { witness: onNodes(["n1", "n2", "n3"], newcomer), breaks: ["balancer.choice-newcomer"] },
  "L4LB-4": { witness: onNodes(["n1", "n2"], history), breaks: ["balancer.choice-history"] },
  "L4LB-5": { witness: onNodes(["n1", "n2"], lostTask), breaks: ["balancer.installed-union"] },
  "L4LB-6": { witness: onNodes(["n1"], clientGone, 60 * MS), breaks: ["balancer.pending"] },
  "L4LB-7": { witness: onNodes(["n1", "n2"], recovered), breaks: ["balancer.starvation"] },
  "L4LB-8": { witness: onNodes(["n1", "n2"], draining), breaks: ["balancer.choice-pool"] },
  "L4LB-9": { witness: onNodes(["n1"], nowAndThen), breaks: ["balancer.choice-pool"] },
  "L4LB-10": { witness: (root) => playBalancer(root, DOUBLING, sentTwice), breaks: ["balancer.answer-of-another"] },
};
