/**
 * TLA+ engine: states generated a second on transaction_commit/TwoPhase with eight resource managers and its type
 * invariant, the counts of which are published (TLC, one worker: 0.59 M/s on a machine of this kind); and protocol steps
 * validated a second in recorded runs of `kv`, one step in 16 by two evaluators, heavy invariants in one state of 64.
 */
import { readFileSync } from "node:fs";
import { loadScenario } from "../campaign/catalog.ts";
import { execute } from "../campaign/execute.ts";
import { specificationModel } from "../campaign/validation.ts";
import type { ScenarioContext } from "../scenarios/scenario.ts";
import { checkSpecification, type Observation, validateTrace } from "../tla/index.ts";
import { medianOf, row, secondsOf, short } from "./measure.ts";

const PUBLISHED = { total: 18_507_778, distinct: 1_745_408, depth: 26 };
const MANAGERS = 8;

const RECORDED_SEEDS = ["1", "2", "3", "4", "5", "6"];

type Recording = { readonly context: ScenarioContext; readonly observations: readonly Observation[] };

export async function benchTla(): Promise<void> {
  await benchChecker();
  await benchValidation();
}

async function benchValidation(): Promise<void> {
  const recordings: Recording[] = [];
  for (const seed of RECORDED_SEEDS) recordings.push(await record(seed));
  const { specification } = await loadScenario({ name: "kv", file: null });
  let steps = 0;
  const seconds = await medianOf(5, () => {
    steps = 0;
    const models = recordings.map(({ context }) => specificationModel(specification!, context));
    return secondsOf(() => {
      recordings.forEach(({ observations }, i) => {
        const result = validateTrace(models[i]!, observations);
        if (result.verdict !== "valid") throw new Error(result.mismatch?.message ?? result.reason);
        steps += result.steps;
      });
    });
  });
  row("Raft runs validated, actions mode", `${short(steps / seconds)} steps/s`, `floor 50 k; ${steps} steps`);
}

/** What a run tells of itself. */
async function record(seed: string): Promise<Recording> {
  const kv = await loadScenario({ name: "kv", file: null });
  const observations: Observation[] = [];
  let seen: ScenarioContext | undefined;
  const watch: typeof kv.watch = (control, context, options) => {
    seen = context;
    kv.specification!.observe(control, context, (observation) => observations.push(observation));
    return kv.watch!(control, context, options);
  };
  await execute({ ...kv, watch }, { seed });
  return { context: seen!, observations };
}

async function benchChecker(): Promise<void> {
  const folder = new URL("../tla/fixtures/examples/transaction_commit/", import.meta.url);
  const load = (name: string): string => readFileSync(new URL(`${name}.tla`, folder), "utf8");
  const managers = Array.from({ length: MANAGERS }, (_, i) => `r${i + 1}`).join(", ");
  const config = `CONSTANT RM = {${managers}}\nSPECIFICATION TPSpec\nINVARIANT TPTypeOK\n`;
  let counts = "";
  const seconds = await secondsOf(() => {
    const { total, distinct, depth, verdict } = checkSpecification({ load, spec: "TwoPhase", config });
    counts = JSON.stringify({ total, distinct, depth });
    if (verdict !== "held" || counts !== JSON.stringify(PUBLISHED)) throw new Error(`TwoPhase: ${verdict}, ${counts}`);
  });
  row(
    "TwoPhase, 8 resource managers, TPTypeOK",
    `${short(PUBLISHED.total / seconds)} states/s`,
    `floor 0.60 M; ${counts}`,
  );
}
