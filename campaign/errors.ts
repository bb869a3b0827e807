/** Errors of the user: told without a stack, exit code 64. Everything else that is thrown is a bug of ours, exit code 70. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** What is wrong with a workload that was given; the message begins with `workload`, which its file calls by another name. */
export class WorkloadError extends UsageError {}

/** Exit codes, never renumbered. */
export const EXIT = {
  held: 0,
  failed: 1,
  unknown: 2,
  nondeterminism: 3,
  nothingMatched: 4,
  usage: 64,
  internal: 70,
  interrupted: 130,
} as const;

/** Where several codes apply, the first of these wins. */
const PRECEDENCE: readonly number[] = [70, 64, 130, 3, 1, 2, 4, 0];

export function worstExit(codes: Iterable<number>): number {
  const all = new Set(codes);
  return PRECEDENCE.find((code) => all.has(code)) ?? 0;
}

/** A value as it appears in messages: JSON, cut at 80 characters. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
