/**
 * The barrier: how Node drains its queues between two events.
 *
 * A batch of immediates is scheduled at once. Between two immediates of a batch Node runs all microtasks and ticks and
 * reports unhandled rejections, but does not go round the event loop: measured at 3.3 to 5.2 million barriers a second with three
 * awaits each on Node 20 to 26, where one immediate for each loop gives 0.75 million. After a batch the loop turns once, so that worker messages,
 * signals and timeouts get through. Nothing of the simulation depends on where the batches end.
 */

export type YieldPolicy =
  /** Go round the event loop after this many events. */
  | { readonly every: number }
  /** Go round after a number of events that these bits decide; for tests. */
  | { readonly random: () => number }
  /** Never go round; for tests. Uses the report of a sentinel rejection as the end of the queues. */
  | "never";

/** Large enough to make the turn of the loop cheap, small enough to answer a signal within a millisecond or so. */
export const BATCH_DEFAULT = 256;

type Drive = (step: () => boolean, onStrayError: (error: unknown) => void, beforeTurn?: () => void) => Promise<void>;

/** Real timers and queues, taken before any guard replaces them. */
const realSetImmediate = setImmediate;

const SENTINEL = { name: "seedbed sentinel" };

export function makeDrive(policy: YieldPolicy = { every: BATCH_DEFAULT }): Drive {
  return async (step, onStrayError, beforeTurn = () => {}) => {
    const restore = catchStrayErrors(onStrayError, policy === "never");
    try {
      if (policy === "never") await driveBySentinel(step);
      else await driveByImmediates(step, beforeTurn, policy);
    } finally {
      restore();
    }
  };
}

function driveByImmediates(
  step: () => boolean,
  beforeTurn: () => void,
  policy: Exclude<YieldPolicy, "never">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const once = (): void => {
      if (isOver) return;
      try {
        if (step()) return;
        isOver = true;
        resolve();
      } catch (error) {
        isOver = true;
        reject(error);
      }
    };
    const refill = (): void => {
      if (isOver) return;
      // Still an immediate of the batch: the queues are empty, and nothing from outside has run yet.
      beforeTurn();
      const size = "every" in policy ? policy.every : 1 + (policy.random() % 32);
      for (let i = 0; i < size; i++) realSetImmediate(once);
      realSetImmediate(refill);
    };
    refill();
  });
}

function driveBySentinel(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const onRejection = (reason: unknown): void => {
      if (reason !== SENTINEL) return;
      try {
        if (step()) {
          void Promise.reject(SENTINEL);
          return;
        }
        process.off("unhandledRejection", onRejection);
        resolve();
      } catch (error) {
        process.off("unhandledRejection", onRejection);
        reject(error);
      }
    };
    process.on("unhandledRejection", onRejection);
    void Promise.reject(SENTINEL);
  });
}

/** While a simulation runs, stray errors are its own: other listeners are set aside and put back. */
function catchStrayErrors(onStrayError: (error: unknown) => void, ignoreSentinel: boolean): () => void {
  const names = ["unhandledRejection", "uncaughtException"] as const;
  const saved = names.map((name) => process.listeners(name as "uncaughtException"));
  for (const name of names) process.removeAllListeners(name);
  const onError = (error: unknown): void => {
    if (!(ignoreSentinel && error === SENTINEL)) onStrayError(error);
  };
  for (const name of names) process.on(name, onError);
  return () => {
    names.forEach((name, i) => {
      process.off(name, onError);
      for (const listener of saved[i]!) process.on(name, listener as () => void);
    });
  };
}
