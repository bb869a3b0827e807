/**
 * A pool of runner processes under watch. A runner that is silent too long, or grows too large, is killed; the run it was at is
 * reported as such and the others go on in a new process.
 *
 * Wall time and memory are a backstop, never a verdict about the system: such a run is unknown.
 */
import type { ChildProcess } from "node:child_process";
import { residentBytes, spawnRunner } from "../runtime/spawn.ts";
import type { FromRunner, Job, ToRunner } from "./protocol.ts";

export type Killed = "killed: time" | "killed: memory" | "killed: crash";

export type PoolResult =
  | Extract<FromRunner, { type: "done" } | { type: "error" }>
  | { readonly type: "killed"; readonly id: number; readonly reason: Killed };

export type PoolOptions = {
  readonly workers: number;
  /** A run that takes longer is killed, milliseconds of wall time. */
  readonly runMsMax: number;
  /** A runner whose resident memory passes this is killed, MiB. */
  readonly residentMbMax: number;
  readonly execPath?: string;
  /** The runner of another build of the tool; default: our own. */
  readonly entry?: URL;
  /** How many jobs a runner has in hand: they still run after `dropWaiting`. Default 3, so that it never waits for the next. */
  readonly sentMax?: number;
  readonly onResult: (job: Job, result: PoolResult) => void;
};

type Runner = {
  readonly process: ChildProcess;
  /** Jobs that were sent and have not come back, the present one first. */
  readonly sent: Job[];
  startedMs: number;
  /** Booting a runner is not the time of a run. */
  isReady: boolean;
  killing: Killed | null;
};

const HEAP_MB_MAX = 512;
const WATCH_MS = 100;
const BOOT_MS_MAX = 60_000;
/** Enough that a runner never waits for the coordinator, few enough that little is left when one is killed. */
const SENT_MAX_DEFAULT = 3;

export class Pool {
  readonly #options: PoolOptions;
  readonly #runners: Set<Runner> = new Set();
  readonly #watch: NodeJS.Timeout;
  #waiting: Job[] = [];
  #isClosing = false;
  #onIdle: (() => void) | null = null;
  /** The largest resident size seen in any runner, bytes. */
  residentBytesPeak = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#check(), WATCH_MS);
  }

  /** Runs all jobs; settles when each has a result. Called again, it goes on with the same runners. */
  async run(jobs: readonly Job[]): Promise<void> {
    this.#waiting.push(...jobs);
    if (this.#isIdle) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    for (const runner of this.#runners) this.#feed(runner);
    while (
      !this.#isClosing &&
      this.#runners.size < Math.min(this.#options.workers, this.#waiting.length + this.#runners.size)
    )
      this.#spawn();
    await idle;
  }

  /** Forgets what waits; jobs that a runner has in hand still come back. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  /** Ends every runner at once. What had no result gets none. */
  close(): void {
    this.#isClosing = true;
    clearInterval(this.#watch);
    this.#waiting = [];
    for (const runner of this.#runners) {
      runner.sent.length = 0;
      runner.process.removeAllListeners();
      runner.process.kill("SIGKILL");
    }
    this.#runners.clear();
    this.#settleIfIdle();
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && [...this.#runners].every((runner) => runner.sent.length === 0);
  }

  #spawn(): void {
    const { execPath, entry } = this.#options;
    const child = spawnRunner({
      entry: entry ?? new URL(import.meta.url.endsWith(".ts") ? "./runner.ts" : "./runner.js", import.meta.url),
      heapMbMax: HEAP_MB_MAX,
      ...(execPath === undefined ? {} : { execPath }),
    });
    const runner: Runner = { process: child, sent: [], startedMs: Date.now(), isReady: false, killing: null };
    this.#runners.add(runner);
    child.on("message", (message: FromRunner) => this.#onMessage(runner, message));
    child.on("exit", () => this.#onExit(runner));
    child.on("error", () => this.#onExit(runner));
    this.#feed(runner);
  }

  #feed(runner: Runner): void {
    const handMax = this.#handMax();
    while (runner.killing === null && runner.sent.length < handMax && this.#waiting.length > 0) {
      const job = this.#waiting.shift()!;
      if (runner.sent.length === 0) runner.startedMs = Date.now();
      runner.sent.push(job);
      const message: ToRunner = { type: "job", job };
      runner.process.send(message, () => {});
    }
  }

  /** How many jobs a runner may have in hand: where few are left they are shared, or one runner would do what others could. */
  #handMax(): number {
    const { sentMax = SENT_MAX_DEFAULT, workers } = this.#options;
    const sent = [...this.#runners].reduce((sum, each) => sum + each.sent.length, 0);
    return Math.min(sentMax, Math.ceil((this.#waiting.length + sent) / workers));
  }

  #onMessage(runner: Runner, message: FromRunner): void {
    if (message.type === "ready" || message.type === "start") {
      runner.startedMs = Date.now();
      runner.isReady = true;
      return;
    }
    const job = runner.sent.shift();
    if (job === undefined || job.id !== message.id) throw new Error(`runner answered run ${message.id} out of turn`);
    runner.startedMs = Date.now();
    this.#options.onResult(job, message);
    this.#feed(runner);
    this.#settleIfIdle();
  }

  #onExit(runner: Runner): void {
    if (!this.#runners.delete(runner)) return;
    const [present, ...later] = runner.sent;
    // The others were not at fault: they go to the front of the queue.
    this.#waiting.unshift(...later);
    runner.sent.length = 0;
    if (present !== undefined) {
      const isAbort = runner.process.signalCode === "SIGABRT" || runner.process.exitCode === 134;
      const reason = runner.killing ?? (isAbort ? "killed: memory" : "killed: crash");
      this.#options.onResult(present, { type: "killed", id: present.id, reason });
    }
    if (!this.#isClosing && this.#waiting.length > 0) this.#spawn();
    this.#settleIfIdle();
  }

  #settleIfIdle(): void {
    if (!this.#isIdle) return;
    const settle = this.#onIdle;
    this.#onIdle = null;
    settle?.();
  }

  #check(): void {
    const nowMs = Date.now();
    for (const runner of this.#runners) {
      if (runner.sent.length === 0 || runner.killing !== null) continue;
      const bytes = runner.process.pid === undefined ? null : residentBytes(runner.process.pid);
      if (bytes !== null && bytes > this.residentBytesPeak) this.residentBytesPeak = bytes;
      if (nowMs - runner.startedMs > (runner.isReady ? this.#options.runMsMax : BOOT_MS_MAX))
        runner.killing = "killed: time";
      else if (bytes !== null && bytes > this.#options.residentMbMax * 1024 * 1024) runner.killing = "killed: memory";
      if (runner.killing !== null) runner.process.kill("SIGKILL");
    }
  }
}
