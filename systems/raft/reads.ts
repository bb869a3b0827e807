/**
 * Reads under way at one node: each waits for its confirmation, then for its index to be applied.
 *
 * A context is used for one attempt only: a retried read asks for a new index, because an answer to the first attempt
 * may have been decided by a leader that has since been replaced (etcd issue 20418).
 */
import type { StepListener } from "./step.ts";

type WaitingRead = {
  readonly done: (isConfirmed: boolean) => void;
  readonly deadlineUs: number;
  /** -1 until the leadership is confirmed. */
  index: number;
};

/** Reads that may wait; more are refused. */
const READS_MAX = 4_096;

/** Contexts of one boot. They differ from those of all others: an answer on its way outlives the node that asked. */
const CONTEXTS_MAX = 0x1000_0000;

export class Reads {
  readonly #timeoutUs: number;
  readonly #step: StepListener;
  #nextContext: number;
  // In the order of their deadlines, since all have the same timeout.
  readonly #waiting: Map<number, WaitingRead> = new Map();

  /** `incarnation` numbers the boots of this node. */
  constructor(timeoutUs: number, incarnation: number, step: StepListener) {
    this.#timeoutUs = timeoutUs;
    this.#nextContext = incarnation * CONTEXTS_MAX;
    this.#step = step;
  }

  /** The context for a new attempt; 0 when there are too many. `done` is called once. */
  add(nowUs: number, done: (isConfirmed: boolean) => void): number {
    if (this.#waiting.size >= READS_MAX) return 0;
    const context = this.#nextContext++;
    this.#waiting.set(context, { done, deadlineUs: nowUs + this.#timeoutUs, index: -1 });
    return context;
  }

  confirm(context: number, index: number): void {
    const read = this.#waiting.get(context);
    // A second answer to the same context says nothing new.
    if (read !== undefined && read.index === -1) read.index = index;
  }

  fail(context: number): void {
    const read = this.#waiting.get(context);
    if (read === undefined) return;
    this.#waiting.delete(context);
    this.#step("drop-read", context);
    read.done(false);
  }

  /** Serves what may be read now, and gives up what waited too long. */
  serve(applied: number, nowUs: number): void {
    if (this.#waiting.size === 0) return;
    for (const [context, read] of this.#waiting) {
      if (read.index !== -1 && read.index <= applied) {
        this.#waiting.delete(context);
        this.#step("serve-read", context, read.index);
        read.done(true);
      } else if (nowUs >= read.deadlineUs) {
        this.fail(context);
      }
    }
  }
}
