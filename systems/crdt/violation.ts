/**
 * What may be wrong with an operation or a state before it is let in, and the error that says so.
 *
 * Validation is apart from apply and merge: a replica that trusts its peers may skip it, and one that does not can
 * tell a duplicate (harmless), a gap (wait for the missing operations) and a lie (reject the peer) from each other.
 */

export type ViolationCode =
  /** Operations that came before this one have not arrived: keep it and try again later. */
  | "missing-dots"
  /** One dot names two different updates: an actor reused its counter. */
  | "double-spent-dot"
  /** Two different values carry the same marker. */
  | "conflicting-marker"
  /** A marker lies further ahead of the local clock than allowed. */
  | "clock-abuse"
  /** The operation names something the state has never held. */
  | "unknown-member"
  /** The actor spends rights that it does not hold. */
  | "insufficient-rights"
  /** A counter, a position or a value outside its range. */
  | "out-of-range"
  /** The parts of an operation or of two states contradict each other. */
  | "inconsistent"
  /** A context read for one key is used on another. */
  | "foreign-context";

export type Violation = { readonly code: ViolationCode; readonly message: string };

export function violation(code: ViolationCode, message: string): Violation {
  return { code, message };
}

/** Thrown by mutators that cannot be prepared, and by the validated forms of apply and merge. */
export class CrdtError extends Error {
  readonly code: ViolationCode;
  readonly violation: Violation;
  constructor(found: Violation) {
    super(`${found.code}: ${found.message}`);
    this.name = "CrdtError";
    this.code = found.code;
    this.violation = found;
  }
}

/** Throws unless the value is a whole number from min to 2^53 - 1. */
export function assertWhole(value: number, min: number, what: string): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new CrdtError(
    violation("out-of-range", `${what} is ${value}, expected a whole number from ${min} to 2^53 - 1.`),
  );
}
