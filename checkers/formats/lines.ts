/**
 * Lines of a text that arrives in chunks: nothing but the current line is held.
 */

export type Line = {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** False only for a last line that has no line feed behind it. */
  readonly isWhole: boolean;
};

/** Yields every line without its line feed or carriage return; an empty last line is left out. */
export function* readLines(chunks: Iterable<string>): Generator<Line> {
  let rest = "";
  let number = 0;
  for (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      number += 1;
      yield { text: trimReturn(rest + chunk.slice(start, end)), number, isWhole: true };
      rest = "";
      start = end + 1;
    }
    rest += chunk.slice(start);
  }
  if (rest !== "") yield { text: trimReturn(rest), number: number + 1, isWhole: false };
}

function trimReturn(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
