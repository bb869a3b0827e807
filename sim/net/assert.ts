/** Checks of arguments and of the network's own invariants. */

/** Throws a RangeError that names the field, the bounds and what was found. */
export function assertInteger(value: number, min: number, max: number, name: string): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}; found ${value}.`);
}

/** For bugs of the network itself: never for what code under test does. */
export function invariant(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`The simulated network broke its own rule: ${claim}. This is a bug in the tool.`);
}
