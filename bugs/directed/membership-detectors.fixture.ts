/** Witnesses of the detectors' bugs: the pure cores, with every message and every moment given by hand. */
import { DetectorFactMonitor, type DetectorRecord } from "../../checkers/membership/detector-facts.ts";
import { Random } from "../../sim/random.ts";
import type { DetectorFact } from "../../systems/membership/observation.ts";
import { expectStep, load, type Verdict, type Witness } from "./script.fixture.ts";

type Options = typeof import("../../systems/membership/detector/options.ts");

const MS = 1_000;
const SUSPECT_US = 2_000 * MS;

/** What n1 takes for true, for the present monitor. */
class Judge {
  readonly monitor: DetectorFactMonitor = new DetectorFactMonitor({ suspectUs: SUSPECT_US });
  readonly facts: DetectorFact[] = [];
  nowUs = 0;

  take(peer: string, fact: DetectorFact): void {
    this.facts.push(fact);
    const record = { host: "n1", incarnation: 1, atUs: this.nowUs, peer, ...fact } as DetectorRecord;
    this.monitor.observe(this.nowUs, record);
  }

  verdict(held: string): Verdict {
    const [first] = this.monitor.violations;
    return first === undefined ? { violated: [], told: held } : { violated: ["evidence"], told: first.message };
  }
}

/** The network doubles the answer to a ping; the second copy comes when the next ping waits for its own. */
export const witnessPing1: Witness = async (root) => {
  const { PingCore } = await load<typeof import("../../systems/membership/detector/ping-core.ts")>(
    root,
    "systems/membership/detector/ping-core.ts",
  );
  const { PING_DEFAULTS } = await load<Options>(root, "systems/membership/detector/options.ts");
  const judge = new Judge();
  const pings: { readonly sequence: number; readonly sentUs: number }[] = [];
  const output = {
    ping: (_peer: string, sequence: number, sentUs: number) => void pings.push({ sequence, sentUs }),
    down: () => {},
    answered: (peer: string, sequence: number) => judge.take(peer, { kind: "answered", sequence }),
    clusterSize: () => 2,
  };
  const core = new PingCore({ ...PING_DEFAULTS, startUs: 1 }, new Random("witness", "ping"), output, 0);
  core.watch("n2", 0);
  const pingAt = (nowUs: number): { readonly sequence: number; readonly sentUs: number } => {
    judge.nowUs = nowUs;
    core.checkNow("n2", nowUs);
    return pings.at(-1)!; // just sent
  };
  const first = pingAt(10 * MS);
  core.onPong("n2", first.sequence, first.sentUs, 12 * MS);
  const second = pingAt(100 * MS);
  expectStep(second.sequence > first.sequence && judge.facts.length === 1, "an answer, and a second ping");
  core.onPong("n2", first.sequence, first.sentUs, 101 * MS);
  return judge.verdict("the second copy of an answer counted for nothing");
};

/** n2 is accused, refutes, and is accused again; n1 hears of the accusations only, and of the second one late. */
export const witnessSwim1: Witness = async (root) => {
  const { SwimCore } = await load<typeof import("../../systems/membership/detector/swim-core.ts")>(
    root,
    "systems/membership/detector/swim-core.ts",
  );
  const { SWIM_DEFAULTS } = await load<Options>(root, "systems/membership/detector/options.ts");
  const judge = new Judge();
  const core = new SwimCore({
    self: "n1",
    options: { ...SWIM_DEFAULTS, suspectUs: SUSPECT_US, startUs: 100_000 * MS },
    random: new Random("witness", "swim"),
    incarnation: 1,
    nowUs: 0,
    output: {
      send: () => {},
      store: () => {},
      down: () => {},
      suspect: () => {},
      alive: () => {},
      fact: (peer, fact) => judge.take(peer, fact),
      clusterSize: () => 3,
    },
  });
  core.watch("n2", 0);
  const accuse = (incarnation: number, nowUs: number): void => {
    judge.nowUs = nowUs;
    const news = [{ node: "n2", condition: "suspect", incarnation }] as const;
    core.receive("n3", { kind: "ping", isRelayed: false, sequence: 1, incarnation: 1, news }, nowUs);
  };
  accuse(1, 10 * MS);
  accuse(2, 1_500 * MS);
  for (let nowUs = 1_500 * MS; nowUs <= 4_000 * MS; nowUs += 10 * MS) {
    judge.nowUs = nowUs;
    core.tick(nowUs);
  }
  expectStep(
    judge.facts.some(({ kind }) => kind === "concluded"),
    "the end of the suspicion",
  );
  return judge.verdict("n2 had its whole time to refute the second accusation");
};
