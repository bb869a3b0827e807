/**
 * The thread that runs the engine, so that the command stays able to draw progress and to hear Ctrl-C while it searches.
 *
 * Takes one job, answers with plain data. What is thrown beside errors of the specification is a bug of ours and ends the
 * thread with it.
 */
import * as fs from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import {
  type CheckResult,
  type Counterexample,
  checkNames,
  checkSpecification,
  counterexampleToItf,
  describeError,
  type FoundViolation,
  isStackOverflow,
  showCounterexample,
  simulateSpecification,
  TlaError,
} from "../../tla/index.ts";
import { moduleLoader } from "./model-files.ts";
import {
  type CheckMode,
  type FromEngine,
  INTERRUPTED,
  type Job,
  type SimulateMode,
  type Told,
  type ToldViolation,
} from "./protocol.ts";

const PROGRESS_EVERY_MS = 100;

const say = (message: FromEngine): void => parentPort!.postMessage(message);
const job = workerData as Job;
const startedMs = performance.now();
const source = {
  load: moduleLoader(job.folders),
  spec: job.spec,
  config: job.config,
  configName: job.configName,
  surroundings: {
    print: (text: string) => say({ type: "print", text }),
    readText: (name: string) => (fs.existsSync(name) ? fs.readFileSync(name, "utf8") : undefined),
    secondsElapsed: () => Math.floor((performance.now() - startedMs) / 1000),
    environment: Object.fromEntries(Object.entries(process.env).map(([name, text]) => [name, text ?? ""])),
  },
};

try {
  checkNames(source);
  const told = job.mode.kind === "check" ? check(job.mode) : simulate(job.mode);
  say({ type: "done", told });
} catch (error) {
  if (isStackOverflow(error))
    say({
      type: "unusable",
      message: `${job.spec}: a definition, or an expression in it, is nested or recurses too deep`,
    });
  else if (error instanceof TlaError) say({ type: "unusable", message: describeError(error) });
  else throw error;
}

function check(mode: CheckMode): Omit<Told, "scope"> {
  let toldMs = performance.now();
  const result = checkSpecification({
    ...source,
    order: mode.order,
    continueAfterViolation: mode.continueAfterViolation,
    budget: {
      distinctMax: mode.distinctMax,
      generatedMax: mode.generatedMax,
      depthMax: mode.depthMax,
      memoryBytesMax: mode.memoryBytesMax,
      shouldStop: stopReason(),
    },
    onProgress: (progress) => {
      if (performance.now() - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = performance.now();
      say({ type: "progress", progress });
    },
  });
  return { ...pick(result), walks: undefined, violations: result.violations.map(plain) };
}

function pick({ verdict, distinct, total, depth, notChecked, warnings, stopped, coverage }: CheckResult) {
  return { verdict, distinct, total, depth, notChecked, warnings, stopped, coverage };
}

function plain({ kind, name, message, count, span, counterexample }: FoundViolation): ToldViolation {
  const place = span && { module: span.module, line: span.line, column: span.column };
  return { kind, name, message, place, count, ...behaviour(counterexample) };
}

function behaviour(counterexample: Counterexample | undefined): Pick<ToldViolation, "trace" | "states" | "itf"> {
  if (counterexample === undefined || counterexample.states.length === 0)
    return { trace: undefined, states: undefined, itf: undefined };
  return {
    trace: showCounterexample(counterexample),
    states: counterexample.states.length,
    itf: counterexampleToItf(counterexample),
  };
}

function simulate(mode: SimulateMode): Omit<Told, "scope"> {
  const result = simulateSpecification({ ...source, ...mode, shouldStop: stopReason() });
  const { violation } = result;
  return {
    verdict: result.verdict,
    distinct: null,
    total: result.states,
    depth: result.depth,
    walks: result.walks,
    notChecked: result.notChecked,
    warnings: result.warnings,
    stopped: result.notChecked.find((text) => text === INTERRUPTED || text.startsWith("stopped after")),
    violations:
      violation === undefined
        ? []
        : [
            {
              kind: violation.kind,
              name: violation.name,
              message: violation.message,
              place: undefined,
              count: 1,
              ...behaviour(violation.counterexample),
            },
          ],
    coverage: [],
  };
}

/** Asked by the engine every few thousand states: whether the user or the clock wants an end. */
function stopReason(): () => string | undefined {
  const stop = new Int32Array(job.stop);
  const startMs = performance.now();
  return () => {
    if (Atomics.load(stop, 0) !== 0) return INTERRUPTED;
    if (job.timeLimitMs === undefined || performance.now() - startMs < job.timeLimitMs) return undefined;
    return `stopped after ${job.timeLimitMs / 1000} s`;
  };
}
