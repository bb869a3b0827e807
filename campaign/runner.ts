/** The runner process: executes jobs one after the other, and says before each which one it is at, so that a kill can be attributed. */
import { installGuards } from "../runtime/guards.ts";
import { formatTraceRecord } from "../sim/trace.ts";
import { loadScenario } from "./catalog.ts";
import { execute } from "./execute.ts";
import type { FailureDetails, FromRunner, Job, ToRunner } from "./protocol.ts";
import type { RunOutcome } from "./result.ts";
import type { Scenario } from "../scenarios/scenario.ts";

// For good: to install them for each run costs milliseconds, and between runs they pass through.
installGuards();

const queue: Job[] = [];
const loaded = new Map<string, Scenario>();
let isRunning = false;
let isStopping = false;

function send(message: FromRunner): void {
  process.send?.(message);
}

process.on("message", (message: ToRunner) => {
  if (message.type === "stop") isStopping = true;
  else queue.push(message.job);
  if (!isRunning) void work();
});
process.on("disconnect", () => process.exit(0));

async function work(): Promise<void> {
  isRunning = true;
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) await runJob(job);
  isRunning = false;
  if (isStopping) process.disconnect();
}

async function runJob(job: Job): Promise<void> {
  send({ type: "start", id: job.id });
  try {
    const scenario = await scenarioOf(job);
    const start = process.hrtime.bigint();
    const { id: _id, scenario: _ref, input, ...options } = job;
    const outcome = await execute(scenario, input, options);
    const wallMs = Number((process.hrtime.bigint() - start) / 1000n) / 1000;
    const { input: _input, ...summary } = outcome.result;
    const isWanted = job.isTracing || outcome.result.verdict !== "held";
    send({ type: "done", id: job.id, summary, wallMs, details: isWanted ? details(outcome) : null });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    send({ type: "error", id: job.id, name, message, stack: stack ?? "" });
  }
}

async function scenarioOf(job: Job): Promise<Scenario> {
  const key = `${job.scenario.file ?? ""}#${job.scenario.name}`;
  let scenario = loaded.get(key);
  if (scenario === undefined) {
    scenario = await loadScenario(job.scenario);
    loaded.set(key, scenario);
  }
  return scenario;
}

function details(outcome: RunOutcome): FailureDetails {
  const { result, history, verdicts, faultWindows } = outcome;
  return { result, history, verdicts, faultWindows, trace: outcome.trace.map(formatTraceRecord) };
}

send({ type: "ready" });
