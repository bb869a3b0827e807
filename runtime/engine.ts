/** Node as the engine of a simulation: the barrier and the guards together. One simulation runs at a time in a process. */
import type { Engine } from "../sim/engine.ts";
import { makeDrive, type YieldPolicy } from "./barrier.ts";
import { installGuards, setCurrent, startJobCount } from "./guards.ts";

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
  const removeGuards = installGuards();
  const jobs = options.isCheckingClaims === true ? startJobCount() : null;
  try {
    return await use({ drive: makeDrive(options.yieldPolicy), setCurrent, jobCount: jobs?.count ?? null });
  } finally {
    jobs?.stop();
    removeGuards();
    release();
  }
}
