/** Shared by the benchmarks: wall time of one piece of work, the median of several, and how figures are printed. */
import * as os from "node:os";

export function machineName(): string {
  return `${os.cpus()[0]?.model ?? "unknown processor"}, ${os.cpus().length} cores, Node ${process.versions.node}`;
}

/** Seconds of processor time of this process, all its threads together: what a shared machine cannot blur as it does wall time. */
export async function secondsOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs `work` once to warm up, then `times` times; the median of what it returns. */
export async function medianOf(times: number, work: () => number | Promise<number>): Promise<number> {
  await work();
  const values: number[] = [];
  for (let i = 0; i < times; i++) values.push(await work());
  return median(values);
}

/** 12345678 as "12.35 M". */
export function short(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(2)} k`;
  return value.toFixed(value < 10 ? 2 : 1);
}

export function row(name: string, value: string, note = ""): void {
  process.stdout.write(`  ${name.padEnd(52)} ${value.padStart(14)}  ${note}\n`);
}
