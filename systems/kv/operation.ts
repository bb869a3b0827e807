/** What clients of the store ask for, and what they are told. */

export type KvOperation =
  /** A stale read is served by any server from what it has applied: explicit, because it is not linearizable. */
  | { readonly f: "get"; readonly key: string; readonly isStaleOk?: boolean }
  | { readonly f: "put"; readonly key: string; readonly value: string }
  | { readonly f: "delete"; readonly key: string }
  /** Writes `to` if the key holds `from`; null stands for an absent key. */
  | { readonly f: "cas"; readonly key: string; readonly value: readonly [from: string | null, to: string] };

export type Outcome =
  /** It happened. `value` is what a get found, null for an absent key and for writes; `result` tells whether a cas wrote. */
  | { readonly type: "ok"; readonly value: string | null; readonly result?: boolean }
  /** It definitely did not happen. */
  | { readonly type: "fail"; readonly error: string }
  /** It may have happened, or may happen yet. */
  | { readonly type: "info"; readonly error: string };
