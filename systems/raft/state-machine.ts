/** What a Raft group replicates. Deterministic: equal commands in equal order give equal states, results and snapshots. */
import type { Entry } from "./message.ts";

export type StateMachine = {
  /**
   * Applies a committed command, synchronously; never called for no-ops. Returns a 32-bit hash of the outcome, which
   * monitors compare between nodes.
   */
  apply(entry: Entry): number;
  /** The whole state as bytes. */
  snapshot(): Uint8Array;
  /** Replaces the state. Throws when the bytes are no snapshot of this state machine. */
  restore(bytes: Uint8Array): void;
};
