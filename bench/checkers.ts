/**
 * Checkers of linearizability: check time on recorded histories, parsing excluded, shrinking off.
 *
 * Porcupine's files are in the repository. The generated ones are read from the folder in SEEDBED_HISTORIES, and left
 * out with a line that says so when it is not set. Each figure is the median of five after a warm-up. Porcupine's
 * own times beside them were measured once on a machine of this kind (porcupine 55508eb, 2 processors).
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkHistory } from "../checkers/check.ts";
import { readHistory, type RecordedHistory } from "../checkers/formats/read-history.ts";
import {
  GENERATED_ROWS,
  HARD_CAS_FILES,
  type HistoryRow,
  PORCUPINE_ROWS,
} from "../checkers/histories-table.test.help.ts";
import { median, row, secondsOf } from "./measure.ts";

const TIMES = 5;
/** The seven etcd logs that take porcupine longest, with its milliseconds. */
const HARD_ETCD: Readonly<Record<string, string>> = {
  "002": "103",
  "007": "76",
  "040": "6.6",
  "057": "35",
  "075": "13",
  "080": "5.3",
  "099": "34",
};

type Loaded = { readonly row: HistoryRow; readonly history: RecordedHistory };

function load(folder: string, one: HistoryRow): Loaded {
  return { row: one, history: readHistory([readFileSync(`${folder}/${one.file}`, "utf8")]) };
}

/** Milliseconds of one check. Throws when the verdict is not the published one: a wrong answer has no time. */
async function millisecondsOf({ row: one, history }: Loaded): Promise<number> {
  let verdict = "";
  const seconds = await secondsOf(() => {
    verdict = checkHistory(history, { model: one.model, options: one.options, isShrinking: false }).kind;
  });
  if (verdict !== one.verdict) throw new Error(`${one.file}: expected ${one.verdict}, found ${verdict}`);
  return seconds * 1000;
}

/** The median for each history; all are measured once in a round, so that none profits from being alone. */
async function mediansOf(loaded: readonly Loaded[]): Promise<number[]> {
  const rounds: number[][] = [];
  for (let round = 0; round <= TIMES; round++) {
    const times: number[] = [];
    for (const one of loaded) times.push(await millisecondsOf(one));
    if (round > 0) rounds.push(times); // the first one warms up
  }
  return loaded.map((_, i) => median(rounds.map((times) => times[i] ?? Number.NaN)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

async function benchPorcupine(): Promise<void> {
  const folder = fileURLToPath(new URL("../checkers/fixtures", import.meta.url));
  const loaded = PORCUPINE_ROWS.map((one) => load(folder, one));
  const etcd = loaded.filter((one) => one.row.format === "jepsen-log");
  const times = await mediansOf(etcd);
  row(`sum over ${etcd.length} etcd logs`, milliseconds(sum(times)), "porcupine 287 ms");
  etcd.forEach(({ row: { file } }, i) => {
    const number = /etcd_(\d+)/.exec(file)?.[1] ?? "";
    const theirs = HARD_ETCD[number];
    if (theirs !== undefined) row(`etcd_${number}`, milliseconds(times[i] ?? Number.NaN), `porcupine ${theirs} ms`);
  });
  row("slowest etcd log", milliseconds(Math.max(...times)));
  const kv = loaded.filter((one) => one.row.format !== "jepsen-log");
  const kvTimes = await mediansOf(kv);
  const theirs: Readonly<Record<string, string>> = { "c50-ok": "120 to 137", "c50-bad": "12.7", "c10-ok": "0.42" };
  kv.forEach(({ row: { file } }, i) => {
    const name = file.replace(/^.*\/|\.txt$/g, "");
    const note = theirs[name] === undefined ? "" : `porcupine ${theirs[name]} ms`;
    row(`kv ${name}`, milliseconds(kvTimes[i] ?? Number.NaN), note);
  });
}

async function benchGenerated(folder: string): Promise<void> {
  const special = GENERATED_ROWS.filter(({ file, model }) => /-n10000-/.test(file) && model !== "cas-register");
  const loaded = special.map((one) => load(folder, one));
  const times = await mediansOf(loaded);
  for (const model of new Set(special.map((one) => one.model))) {
    const ours = times.filter((_, i) => special[i]?.model === model);
    row(
      `${model}, 10,000 operations: slowest of ${ours.length}`,
      milliseconds(Math.max(...ours)),
      "asked: at most 40 ms",
    );
  }
  const counters = GENERATED_ROWS.filter(({ model }) => model === "counter").map((one) => load(folder, one));
  row(
    `counter, 1,000 operations: slowest of ${counters.length}`,
    milliseconds(Math.max(...(await mediansOf(counters)))),
  );
  const hard = GENERATED_ROWS.filter(({ file }) => HARD_CAS_FILES.includes(file)).map((one) => load(folder, one));
  const hardTimes = await mediansOf(hard);
  hard.forEach(({ row: { file, verdict } }, i) => {
    const name = file.replace(/^.*\/|\.jsonl$/g, "");
    row(`${name}: ${verdict}`, milliseconds(hardTimes[i] ?? Number.NaN), "porcupine: none in 5 s");
  });
}

/** Prints the figures. */
export async function benchCheckers(): Promise<void> {
  await benchPorcupine();
  const folder = process.env["SEEDBED_HISTORIES"];
  if (folder === undefined || !existsSync(`${folder}/generated`)) {
    process.stdout.write("  generated histories left out: SEEDBED_HISTORIES names no folder that holds them\n");
    return;
  }
  await benchGenerated(folder);
}
