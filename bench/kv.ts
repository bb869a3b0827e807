/**
 * The KV store on Raft as a load: five nodes, heartbeats every 50 ms, elections from 150 to 300 ms, more than 100 operations a virtual second.
 *
 * What is timed is one run from its seed to its verdict, checks included: that is what a campaign pays. Rates are by wall time of
 * one process (run it on a quiet machine), the cost of a seed by processor time.
 */
import { loadScenario } from "../campaign/catalog.ts";
import { execute } from "../campaign/execute.ts";
import { median, row, short } from "./measure.ts";

const SETTINGS = {
  nodes: 5,
  clients: 8,
  thinkUsMax: 50_000,
  electionTimeoutUsMin: 150_000,
  chaosUs: 4_000_000,
  transport: "datagrams",
};
const WARM_UP_RUNS = 25;
const RUNS = 60;

type Sums = {
  seconds: number;
  events: number;
  operations: number;
  messages: number;
  virtualUs: number;
};

export async function benchKv(): Promise<void> {
  for (const name of ["kv-calm", "kv"]) {
    const sums = await runMany(name);
    const per = (count: number): string => short(count / sums.seconds);
    row(
      `${name}, 5 nodes: events / operations / messages`,
      `${per(sums.events)} ev/s`,
      `${per(sums.operations)} operations/s, ${per(sums.messages)} messages/s`,
    );
    const operationsPerVirtual = sums.operations / (sums.virtualUs / 1e6);
    row(
      `${name}, 5 nodes: virtual seconds a second, one core`,
      `${(sums.virtualUs / 1e6 / sums.seconds).toFixed(0)}`,
      `${operationsPerVirtual.toFixed(0)} operations a virtual s${name === "kv" ? "; floor 100" : ""}`,
    );
    row(
      `${name}: one seed, all settings drawn`,
      `${(await oneSeed(name)).toFixed(0)} ms`,
      "median; at most 250 of one core",
    );
  }
}

async function runMany(name: string): Promise<Sums> {
  const scenario = await loadScenario({ name, file: null });
  const sums: Sums = { seconds: 0, events: 0, operations: 0, messages: 0, virtualUs: 0 };
  for (let i = 0; i < WARM_UP_RUNS + RUNS; i++) {
    const start = process.hrtime.bigint();
    const { result } = await execute(scenario, { seed: `bench/${i}`, settings: SETTINGS });
    if (i < WARM_UP_RUNS) continue;
    sums.seconds += Number(process.hrtime.bigint() - start) / 1e9;
    sums.events += result.events;
    sums.operations += result.operations.ok + result.operations.info + result.operations.fail;
    sums.messages += result.counts["messages"] ?? 0;
    sums.virtualUs += result.virtualUs;
  }
  return sums;
}

async function oneSeed(name: string): Promise<number> {
  const scenario = await loadScenario({ name, file: null });
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const before = process.cpuUsage();
    await execute(scenario, { seed: `seed/${i}` });
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return median(times);
}
