/**
 * The service queue of one disk: operations complete one after the other, in the order in which they were submitted.
 *
 * Only the operation in service has an event, so a stall needs to hold back one event, and latencies are at least 1 us, so
 * completions never tie.
 */
import type { EventKind, Incarnation, Kernel } from "../kernel.ts";

export const OPERATIONS = [
  "open",
  "close",
  "read",
  "write",
  "append",
  "truncate",
  "sync",
  "size",
  "rename",
  "unlink",
  "mkdir",
  "rmdir",
  "list",
  "syncDir",
] as const;

export type OperationName = (typeof OPERATIONS)[number];

export type Operation = {
  readonly name: OperationName;
  /** The how-manieth operation of this disk: names it in keyed outcomes. */
  readonly ordinal: number;
  readonly incarnation: Incarnation;
  readonly path: string;
  /** Stands for the path in digests. */
  readonly pathHash: number;
  /** Bytes to move. */
  readonly length: number;
  /** Does the work and returns what the promise shall hold; throws DiskError. */
  readonly effect: (operation: Operation) => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  next: Operation | null;
  isHeld: boolean;
};

export type ServiceHooks = {
  /** How long the operation will be in service; asked when its service begins. At least 1. */
  latencyUs(operation: Operation): number;
  /** The service is over: does the work. */
  complete(operation: Operation): void;
  /** A stalled operation goes on. */
  onDelayed(operation: Operation): void;
};

export class ServiceQueue {
  static readonly #SERVED: EventKind = {
    name: "disk.complete",
    sync: false,
    run: (queue: ServiceQueue, operation: Operation) => queue.#served(operation),
  };
  readonly #kernel: Kernel;
  readonly #hooks: ServiceHooks;
  #head: Operation | null = null;
  #tail: Operation | null = null;
  #serving: Operation | null = null;
  /** Stalls may overlap: the queue moves when all have ended. */
  #stalls = 0;

  constructor(kernel: Kernel, hooks: ServiceHooks) {
    this.#kernel = kernel;
    this.#hooks = hooks;
  }

  push(operation: Operation): void {
    if (this.#tail === null) {
      this.#head = operation;
      this.#tail = operation;
      this.#serve(operation);
    } else {
      this.#tail.next = operation;
      this.#tail = operation;
    }
  }

  stall(): void {
    this.#stalls += 1;
  }

  endStall(): void {
    this.#stalls -= 1;
    if (this.#stalls > 0) return;
    const head = this.#head;
    for (let held = head; head?.isHeld && held !== null; held = held.next) this.#hooks.onDelayed(held);
    if (head?.isHeld) {
      head.isHeld = false;
      this.#serve(head);
    }
  }

  /** Forgets all operations. Returns the one that was in service, unless a stall held it. */
  drop(): Operation | null {
    const serving = this.#serving;
    this.#head = null;
    this.#tail = null;
    this.#serving = null;
    return serving === null || serving.isHeld ? null : serving;
  }

  #serve(operation: Operation): void {
    const { nowUs } = this.#kernel;
    this.#serving = operation;
    this.#kernel.at(
      nowUs + this.#hooks.latencyUs(operation),
      operation.incarnation,
      ServiceQueue.#SERVED,
      this,
      operation,
    );
  }

  #served(operation: Operation): void {
    if (this.#head !== operation) return; // Dropped at the end of its incarnation.
    if (this.#stalls > 0) {
      operation.isHeld = true;
      return;
    }
    this.#serving = null;
    this.#head = operation.next;
    if (operation.next === null) this.#tail = null;
    this.#hooks.complete(operation);
    // The work may have ended the incarnation, or begun a new one with a queue of its own.
    const head = this.#head;
    if (head !== null && head === operation.next) this.#serve(head);
  }
}
