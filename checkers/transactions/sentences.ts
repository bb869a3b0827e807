/**
 * Cycles told in sentences: who the transactions are, why each precedes the next, and where the contradiction lies.
 */
import { type PlainJson, show } from "../history.ts";
import { eventIndex, operationsOf, type TransactionRecords } from "./records.ts";
import type { Cycle, Step } from "./types.ts";

/** Transactions of a longer cycle that are still told one by one. */
const STEPS_MAX = 8;

export type CycleWords = {
  /** For "appended" and "set": what a write does in this kind of history. */
  readonly wrote: string;
};

/** The whole story of one cycle, one sentence a line. */
export function tellCycle(records: TransactionRecords, cycle: Cycle, words: CycleWords): readonly string[] {
  const names = cycle.steps.map((_, i) => `T${i + 1}`);
  const told = Math.min(cycle.steps.length, STEPS_MAX);
  const lines = names.slice(0, told).map((name, i) => `${name} is ${introduce(records, cycle.transactions[i]!)}.`);
  for (let i = 0; i < told; i += 1) {
    const isLast = i === cycle.steps.length - 1;
    const pair = [names[i]!, names[(i + 1) % names.length]!] as const;
    const order = `${pair[0]} < ${pair[1]}, because ${reason(cycle.steps[i]!, pair, words)}`;
    lines.push(isLast ? `However, ${order}: a contradiction.` : `${order}.`);
  }
  if (told < cycle.steps.length)
    lines.push(`... and ${cycle.steps.length - told} more steps lead back to T1: a contradiction.`);
  return lines;
}

/** The same in one line, for verdicts that show several anomalies. */
export function tellCycleBriefly(records: TransactionRecords, cycle: Cycle, words: CycleWords): string {
  const names = cycle.transactions.map((row) => `event ${eventIndex(records, row)}`);
  const steps = cycle.steps
    .slice(0, STEPS_MAX)
    .map((step, i) => `${names[i]} precedes ${names[i + 1]} (${reason(step, [names[i]!, names[i + 1]!], words)})`);
  const rest = cycle.steps.length > STEPS_MAX ? `; and ${cycle.steps.length - STEPS_MAX} more steps lead back` : "";
  return `${cycle.type}: ${steps.join("; ")}${rest}.`;
}

function introduce(records: TransactionRecords, row: number): string {
  const all = operationsOf(records, row);
  const operations = all.slice(0, 6).map(tellOperation);
  const more = all.length > 6 ? ", ..." : "";
  return `event ${eventIndex(records, row)} of process ${records.process[row]}: ${operations.join(", ")}${more}`;
}

function tellOperation(operation: PlainJson): string {
  const [f, key, value] = operation as readonly [string, PlainJson, PlainJson];
  const verb = f === "r" ? "read" : f === "w" ? "wrote" : f;
  return `${verb} ${show(key)} ${value === null ? "as nothing" : show(value)}`;
}

function reason(step: Step, [from, to]: readonly [string, string], { wrote }: CycleWords): string {
  if (step.type === "realtime") return `${from} completed before ${to} was invoked`;
  if (step.type === "process") return `the same process ran ${from} first`;
  const key = `key ${show(step.key)}`;
  const value = step.value === null ? "the initial state" : show(step.value);
  if (step.type === "wr") return `${to} read ${value} in ${key}, which ${from} ${wrote}`;
  if (step.type === "ww")
    return `${from} ${wrote} ${value} to ${key} and ${to} ${wrote} ${show(step.valueNext)} after it`;
  const seen = step.value === null ? `${from} read ${key} in its initial state` : `${from} read ${key} up to ${value}`;
  return `${seen} and did not see ${show(step.valueNext)}, which ${to} ${wrote} next`;
}
