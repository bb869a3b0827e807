/** The laws that a join of states must obey, on states that a run has really reached. */

export type Lattice = {
  /** The encoded join of two encoded states. Throws for bytes that are no state: a run that has reached such a state breaks its type. */
  join(a: Uint8Array, b: Uint8Array): Uint8Array;
};

/** Null, or the first law that some of the states break: idempotent, commutative, associative. Cubic in the number of states. */
export function findBrokenLaw(lattice: Lattice, states: readonly Uint8Array[]): string | null {
  try {
    return tryLaws(lattice, states);
  } catch (error) {
    return `states that the run has reached cannot be joined: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function tryLaws({ join }: Lattice, states: readonly Uint8Array[]): string | null {
  for (const [i, a] of states.entries()) {
    if (!isSame(join(a, a), a)) return `the join of state ${i} with itself is another state`;
    for (const [j, b] of states.entries()) {
      const joined = join(a, b);
      if (i < j && !isSame(joined, join(b, a)))
        return `states ${i} and ${j} join to different states in different orders`;
      if (!isSame(join(joined, b), joined)) return `joining state ${j} to ${i} twice is not as joining it once`;
      for (const [k, c] of states.entries()) {
        if (!isSame(join(joined, c), join(a, join(b, c))))
          return `states ${i}, ${j} and ${k} join differently when grouped differently`;
      }
    }
  }
  return null;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
