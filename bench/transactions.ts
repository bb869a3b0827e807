/**
 * Transaction checkers: transactions judged a second, generation and reading excluded.
 *
 * The history is strict-serializable: seed 1, 4 micro-operations a transaction, half of them reads, 20 processes, 32 live keys
 * each replaced after 64 writes. It goes straight into transaction records, as a reader would put it; a second figure
 * counts the conversion of events in memory too. Figures are the median of three after a warm-up.
 */
import { DEFAULT_BUDGET } from "../checkers/budget.ts";
import type { HistoryEvent, PlainJson } from "../checkers/history.ts";
import { generateEvents, type GeneratorOptions, generateTransactions } from "../checkers/transactions/generate.ts";
import {
  type Analysis,
  analyseListRecords,
  analyseRegisterRecords,
  RecordsBuilder,
  readAnalysisOptions,
  readRegisterOptions,
  type TransactionRecords,
  transactionCheckers,
} from "../checkers/transactions/index.ts";
import { medianOf, row, secondsOf, short } from "./measure.ts";

const TRANSACTIONS = 1_000_000;
const IN_MEMORY = 200_000;
const COMPONENT = 100_000;
const TIMES = 3;

type Kind = GeneratorOptions["kind"];

function optionsFor(kind: Kind, transactions: number): GeneratorOptions {
  return { kind, transactions, seed: 1, microOperations: 4, processes: 20, liveKeys: 32, writesPerKey: 64 };
}

function recordsOf(kind: Kind, events: Iterable<HistoryEvent>): TransactionRecords {
  const builder = new RecordsBuilder(kind, { events: 2 * TRANSACTIONS, ops: 4 * TRANSACTIONS, pooled: 0 });
  for (const event of events) builder.add(event);
  return builder.finish();
}

/** Prints transactions a second of one analysis. Throws when the history is not found valid: a wrong answer has no speed. */
async function benchAnalysis(name: string, count: number, analyse: () => Analysis): Promise<void> {
  const before = process.cpuUsage();
  const seconds = await medianOf(TIMES, () =>
    secondsOf(() => {
      const { validity, not } = analyse();
      if (validity !== true) throw new Error(`expected valid, found ${validity}, ruled out ${not.join(", ")}`);
    }),
  );
  // On a busy machine the wall clock measures the others too: processor time is what the work itself took.
  const { user, system } = process.cpuUsage(before);
  const perProcessorSecond = (count * (TIMES + 1)) / ((user + system) / 1e6);
  const memory = `${Math.round(process.memoryUsage().rss / 1e6)} MB resident`;
  row(
    name,
    `${short(count / seconds)} txn/s`,
    `floor 200 k; ${short(perProcessorSecond)} a processor second; ${memory}`,
  );
}

async function benchRecords(): Promise<void> {
  const wanted = readAnalysisOptions({});
  const lists = recordsOf("list-append", generateEvents(optionsFor("list-append", TRANSACTIONS)));
  await benchAnalysis("list-append, 1,000,000 transactions", TRANSACTIONS, () =>
    analyseListRecords(lists, wanted, DEFAULT_BUDGET),
  );
  const registers = recordsOf("rw-register", generateEvents(optionsFor("rw-register", TRANSACTIONS)));
  for (const [name, options] of [
    ["rw-register, 1,000,000 transactions", {}],
    ["rw-register, linearizable-keys and wfr-keys", { "linearizable-keys": true, "wfr-keys": true }],
  ] as const) {
    const all = { ...wanted, ...readRegisterOptions(options) };
    await benchAnalysis(name, TRANSACTIONS, () => analyseRegisterRecords(registers, all, DEFAULT_BUDGET));
  }
}

async function benchEvents(): Promise<void> {
  for (const kind of ["list-append", "rw-register"] as const) {
    const events = generateTransactions(optionsFor(kind, IN_MEMORY));
    const seconds = await medianOf(TIMES, () =>
      secondsOf(() => {
        const verdict = transactionCheckers.get(kind)!.check(events, {}, DEFAULT_BUDGET);
        if (verdict.kind !== "valid") throw new Error(`expected valid, found ${verdict.kind}`);
      }),
    );
    row(`${kind}, 200,000 as events in memory`, `${short(IN_MEMORY / seconds)} txn/s`, "conversion to records counted");
  }
}

/** Each transaction misses the append of the next one, in a ring: one component, one cycle of that length. */
function ringEvents(): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (let i = 0; i < COMPONENT; i += 1) {
    const value: PlainJson = [
      ["r", (i + 1) % COMPONENT, null],
      ["append", i, 1],
    ];
    events.push({ index: i, timeUs: i, process: i, type: "ok", f: "txn", value });
  }
  return events;
}

async function benchComponent(): Promise<void> {
  const events = ringEvents();
  let kind = "";
  const seconds = await medianOf(TIMES, () =>
    secondsOf(() => {
      kind = transactionCheckers.get("list-append")!.check(events, {}, DEFAULT_BUDGET).kind;
    }),
  );
  row("one component of 100,000 transactions", `${Math.round(seconds * 1000)} ms`, kind);
}

/** Prints the figures. */
export async function benchTransactions(): Promise<void> {
  await benchRecords();
  await benchEvents();
  await benchComponent();
}
