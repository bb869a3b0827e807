/**
 * The seeded operations: 100,000 by three actors, who exchange what they have every 100.
 *
 * In one round everybody who changes a key wants the same of it (the same value, or its removal), drawn from key and round. So the
 * libraries meet real conflicts in every round, but their different tie rules have nothing to differ on, and contents must end equal.
 */
import seedrandom from "seedrandom";

export const ACTORS = 3;
export const OPERATIONS = 100_000;
export const MERGED_EVERY = 100;

export type KeyChange = { readonly actor: number; readonly key: string; readonly value: number | null };
export type Addition = { readonly actor: number; readonly key: string; readonly amount: number };

/** Sets and removals of keys, in rounds. A fifth of the changes removes. */
export function keyChanges(seed: string, keys: number): KeyChange[][] {
  const random = seedrandom(seed);
  return rounds((round) => {
    const key = Math.floor(random() * keys);
    const isRemoval = (key * 7 + round * 13) % 5 === 0;
    return { actor: Math.floor(random() * ACTORS), key: `key${key}`, value: isRemoval ? null : key * 1_000 + round };
  });
}

/** Changes of counters by -9 to 9, never 0. */
export function additions(seed: string, keys: number): Addition[][] {
  const random = seedrandom(seed);
  return rounds(() => ({
    actor: Math.floor(random() * ACTORS),
    key: `key${Math.floor(random() * keys)}`,
    amount: (1 + Math.floor(random() * 9)) * (random() < 0.5 ? -1 : 1),
  }));
}

function rounds<T>(draw: (round: number) => T): T[][] {
  return Array.from({ length: OPERATIONS / MERGED_EVERY }, (_, round) =>
    Array.from({ length: MERGED_EVERY }, () => draw(round)),
  );
}
