/** Node as the engine of a simulation: the barrier and the guards together. One simulation runs at a time in a process. */
import type { Engine } from "../sim/engine.ts";
import { makeDrive, type YieldPolicy } from "./barrier.ts";
import { bindContext, installGuards, setCurrent, startJobCount, usesContexts } from "./guards.ts";

export type NodeEngineOptions = {
  readonly yieldPolicy?: YieldPolicy;
  /** Counts engine jobs so that false claims of synchronous handlers are found; several times slower. */
  readonly isCheckingClaims?: boolean;
};

let last: Promise<void> = Promise.resolve();

/** Runs `use` with Node as the engine. A second call waits for the first: the guards are global. */
export async function withNodeEngine<T>(options: NodeEngineOptions, use: (engine: Engine) => Promise<T>): Promise<T> {
  const before = last;
  let release = (): void => {};
  last = new Promise((resolve) => {
    release = resolve;
  });
  await before;
  let removeGuards = (): void => {};
  let jobs: ReturnType<typeof startJobCount> | null = null;
  try {
    removeGuards = installGuards();
    jobs = options.isCheckingClaims === true ? startJobCount() : null;
    const drive = makeDrive(options.yieldPolicy);
    return await use({ drive, setCurrent, jobCount: jobs?.count ?? null, bindContext, usesContexts });
  } finally {
    jobs?.stop();
    removeGuards();
    release();
  }
}
