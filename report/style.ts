/** Colours and widths of terminal output. The rule: --color/--no-color, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal. */
import { Chalk, type ChalkInstance } from "chalk";

export type ColorWish = boolean | undefined;

/** chalk itself does not know NO_COLOR, so its level is set here. */
export function makeStyle(wish: ColorWish, isTerminal: boolean, env: NodeJS.ProcessEnv): ChalkInstance {
  return new Chalk({ level: isColored(wish, isTerminal, env) ? 1 : 0 });
}

function isColored(wish: ColorWish, isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (wish !== undefined) return wish;
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTerminal && env["TERM"] !== "dumb";
}

/** 1234567 as "1,234,567", whatever the locale. */
export function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 run", "2,000 runs". */
export function counted(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}

/** 12345678 as "12.3 M". */
export function compact(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return grouped(value);
}

/** Columns padded to their widest cell; the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}
