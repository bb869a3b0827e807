/**
 * Runs the engine in a thread and hears the user meanwhile: Ctrl-C asks for an end with the counts so far; where the engine
 * sits in one endless evaluation and does not answer, the thread is ended.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { isStackOverflow, type Progress } from "../../tla/index.ts";
import type { Terminal } from "../../report/reporters.ts";
import { compact, grouped } from "../../report/style.ts";
import { type FromEngine, INTERRUPTED, type Job, type Scope, type Told } from "./protocol.ts";
import { readScope } from "./scope.ts";

export type EngineRun = { readonly told: Told; readonly wallMs: number };
export type EngineOptions = {
  readonly terminal: Terminal;
  /** Where the output of Print and PrintT goes. */
  readonly onPrint: (text: string) => void;
  readonly memoryBytesMax: number;
};

const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;
/** How long the engine may take to answer a wish to stop. */
const PATIENCE_MS = 5_000;
const MIB = 1 << 20;

/** Throws UsageError for a specification or configuration that cannot be read, parsed or resolved. */
export async function runEngine(job: Omit<Job, "stop">, options: EngineOptions): Promise<EngineRun> {
  const { terminal } = options;
  const scope = readScope(job.config, job.configName);
  const stop = new SharedArrayBuffer(4);
  const startMs = performance.now();
  const worker = startThread({ ...job, stop }, options.memoryBytesMax);
  const line = progressLine(terminal, startMs);
  let last: Progress = { distinct: 0, total: 0, depth: 0, queued: 0 };
  let killer: NodeJS.Timeout | undefined;
  const told = await new Promise<Told>((resolve, reject) => {
    /** The thread does not answer: what is known is the last progress. */
    const giveUp = (reason: string): void => {
      void worker.terminate();
      resolve(abandoned(last, reason, scope));
    };
    const onSignal = (): void => {
      const isSecond = Atomics.exchange(new Int32Array(stop), 0, 1) === 1;
      clearTimeout(killer);
      if (isSecond) giveUp(INTERRUPTED);
      else killer = setTimeout(() => giveUp(INTERRUPTED), PATIENCE_MS);
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
    const { timeLimitMs } = job;
    if (timeLimitMs !== undefined)
      killer = setTimeout(() => giveUp(`stopped after ${timeLimitMs / 1000} s`), timeLimitMs + PATIENCE_MS);
    worker.on("message", (message: FromEngine) => {
      if (message.type === "progress") line.draw((last = message.progress));
      else if (message.type === "print") {
        line.clear();
        options.onPrint(message.text);
      } else if (message.type === "done") resolve({ ...message.told, scope });
      else reject(new UsageError(message.message));
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      if (isStackOverflow(error)) reject(new UsageError(`${job.spec}: an expression in it is nested too deep.`));
      // Any other RangeError is an array or a table that cannot grow any more.
      else if (error.code === "ERR_WORKER_OUT_OF_MEMORY" || error instanceof RangeError)
        resolve(abandoned(last, "stopped: out of memory", scope));
      else reject(error);
    });
    worker.on("exit", () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    });
  }).finally(() => {
    clearTimeout(killer);
    line.clear();
    void worker.terminate();
  });
  return { told, wallMs: Math.round(performance.now() - startMs) };
}

/** 1 violated; 130 interrupted; 2 stopped by a budget, or something not checked; 0 held. */
export function exitCodeOf(told: Told): number {
  if (told.stopped === INTERRUPTED) return EXIT.interrupted;
  return { held: EXIT.held, failed: EXIT.failed, unknown: EXIT.unknown }[told.verdict];
}

function startThread(job: Job, memoryBytesMax: number): Worker {
  const entry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
  const isTypeScript = entry.pathname.endsWith(".ts");
  const boot = new URL("../../runtime/boot.mjs", import.meta.url);
  return new Worker(isTypeScript ? boot : entry, {
    argv: isTypeScript ? [fileURLToPath(entry)] : [],
    workerData: job,
    // States lie outside of this heap, values inside: the budget must be met before the heap ends.
    resourceLimits: {
      maxOldGenerationSizeMb: Math.ceil((memoryBytesMax * 1.5) / MIB) + 512,
      maxYoungGenerationSizeMb: 96,
      stackSizeMb: 4,
    },
  });
}

function abandoned({ distinct, total, depth }: Progress, reason: string, scope: Scope): Told {
  return {
    verdict: "unknown",
    distinct,
    total,
    depth,
    walks: undefined,
    notChecked: [`states beyond the budget: ${reason}`],
    warnings: [],
    stopped: reason,
    violations: [],
    coverage: [],
    scope,
  };
}

/** A line that is redrawn on a terminal, and one line every ten seconds elsewhere. */
function progressLine(terminal: Terminal, startMs: number) {
  let drawnMs = startMs;
  let isDrawn = false;
  return {
    draw: ({ distinct, total, depth, queued }: Progress): void => {
      const nowMs = performance.now();
      if (terminal.isQuiet || nowMs - drawnMs < (terminal.isLive ? REDRAW_MS : LINE_EVERY_MS)) return;
      drawnMs = nowMs;
      const rate = compact(total / Math.max(0.001, (nowMs - startMs) / 1000));
      const text =
        `depth ${depth}: ${grouped(total)} states generated (${rate}/s), ${grouped(distinct)} distinct, ` +
        `${grouped(queued)} left on the queue`;
      terminal.err(terminal.isLive ? `\r\u001b[K${text}` : `${text}\n`);
      isDrawn = terminal.isLive;
    },
    clear: (): void => {
      if (isDrawn) terminal.err("\r\u001b[K");
      isDrawn = false;
    },
  };
}
