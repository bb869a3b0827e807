/** The first event in which two traces of one run differ, told with what came before it. */

const CONTEXT_LINES = 2;

/** Null when the traces are equal. */
export function firstDifference(first: readonly string[], second: readonly string[]): string | null {
  const length = Math.max(first.length, second.length);
  for (let i = 0; i < length; i++) {
    if (first[i] === second[i]) continue;
    const before = first.slice(Math.max(0, i - CONTEXT_LINES), i).map((line) => `    ${line}`);
    return [
      ...before,
      `  1 ${first[i] ?? "(the trace ends here)"}`,
      `  2 ${second[i] ?? "(the trace ends here)"}`,
    ].join("\n");
  }
  return null;
}
