/**
 * Maps, sets and counters: 100,000 seeded operations of three actors who exchange what they have after every 100.
 *
 * All replicas of all libraries must end with equal contents. Ours and yjs take turns for some rounds. Automerge needs minutes
 * for the whole, and more for each operation the more there were, so it gets the first 10,000 operations, as everybody does for the comparison
 * with it: a ratio that flatters it. With SEEDBED_BENCH_WHOLE=1 it gets them all (many minutes, most of them one counter).
 */
import { median, row, secondsOf } from "../measure.ts";
import {
  AUTOMERGE_MAP,
  AUTOMERGE_SET,
  automergeCounters,
  type KeyedLibrary,
  type KeyedReplica,
  OUR_COUNTER_MAPS,
  OUR_COUNTERS,
  OUR_MAPS,
  OUR_SETS,
  YJS_MAP,
  YJS_SET,
} from "./keyed-libraries.ts";
import { memoryOf } from "./memory.ts";
import { additions, keyChanges, MERGED_EVERY } from "./operations.ts";
import { COUNTERS } from "./subjects.ts";

const ROUNDS = 3;
const KEYS = 1_000;
const PREFIX = 10_000;

type Actor = { readonly actor: number };
type Figures = { readonly seconds: number; readonly saved: Uint8Array; readonly contents: string };
type Subject<E extends Actor> = {
  readonly name: string;
  readonly operations: readonly (readonly E[])[];
  /** Measured on everything, in turns. */
  readonly whole: readonly KeyedLibrary<E>[];
  readonly automerge: KeyedLibrary<E>;
};

/** Prints the figures. */
export async function benchKeyed(): Promise<void> {
  const changes = keyChanges("crdt", KEYS);
  await bench({ name: "maps", operations: changes, whole: [...OUR_MAPS, YJS_MAP], automerge: AUTOMERGE_MAP });
  await bench({ name: "sets", operations: changes, whole: [...OUR_SETS, YJS_SET], automerge: AUTOMERGE_SET });
  await bench({
    name: "counters",
    operations: additions("crdt", 1),
    whole: OUR_COUNTERS,
    automerge: automergeCounters(1),
  });
  await bench({
    name: "counters in a map",
    operations: additions("crdt", COUNTERS),
    whole: OUR_COUNTER_MAPS,
    automerge: automergeCounters(COUNTERS),
  });
}

async function bench<E extends Actor>(subject: Subject<E>): Promise<void> {
  const { name, operations, whole, automerge } = subject;
  process.stdout.write(`  ${name}: ${operations.length * MERGED_EVERY} operations, merged every ${MERGED_EVERY}\n`);
  const rounds: Figures[][] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measureAll(whole, operations));
  const yjs = whole.findIndex((library) => library.name === "yjs");
  whole.forEach((library, i) => {
    const ratio = median(rounds.map((figures) => figures[i]!.seconds / (figures[yjs]?.seconds ?? Number.NaN)));
    report(
      name,
      library,
      rounds.map((figures) => figures[i]!),
      yjs < 0 ? "" : `${ratio.toFixed(2)} of yjs; `,
    );
  });
  const isWhole = process.env["SEEDBED_BENCH_WHOLE"] === "1";
  const some = isWhole ? operations : operations.slice(0, PREFIX / MERGED_EVERY);
  process.stdout.write(`  ${name}: ${isWhole ? "all" : `the first ${PREFIX}`} of them\n`);
  const figures = await measureAll([...whole, automerge], some);
  const theirs = figures.at(-1)!;
  [...whole, automerge].forEach((library, i) => {
    report(name, library, [figures[i]!], `${(figures[i]!.seconds / theirs.seconds).toFixed(3)} of automerge; `);
  });
}

function report(subject: string, library: KeyedLibrary<never>, rounds: readonly Figures[], ratio: string): void {
  const { saved } = rounds[0]!;
  const memory = (memoryOf(subject, library.name, saved) / 1e6).toFixed(1);
  const ms = median(rounds.map((figures) => figures.seconds)) * 1000;
  row(
    `  ${library.name}`,
    `${ms.toFixed(0)} ms`,
    `${ratio}${(saved.length / 1e3).toFixed(1)} kB, ${memory} MB in memory`,
  );
}

/** Each library once, in turn. Throws when one ends with other contents. */
async function measureAll<E extends Actor>(
  libraries: readonly KeyedLibrary<E>[],
  operations: readonly (readonly E[])[],
): Promise<Figures[]> {
  const all: Figures[] = [];
  for (const library of libraries) all.push(await measure(library, operations));
  const other = all.findIndex(({ contents }) => contents !== all[0]!.contents);
  if (other >= 0) throw new Error(`${libraries[other]!.name} and ${libraries[0]!.name} end with different contents`);
  return all;
}

async function measure<E extends Actor>(
  library: KeyedLibrary<E>,
  operations: readonly (readonly E[])[],
): Promise<Figures> {
  globalThis.gc?.();
  let replicas: KeyedReplica<E>[] = [];
  const seconds = await secondsOf(() => {
    replicas = library.create();
    for (const round of operations) {
      const sent = replicas.map((replica, i) => replica.edit(round.filter(({ actor }) => actor === i)));
      replicas.forEach((replica, i) => {
        replica.receive(sent.filter((_, from) => from !== i));
      });
    }
  });
  const contents = replicas.map((replica) => JSON.stringify(replica.read()));
  if (new Set(contents).size !== 1) throw new Error(`the replicas of ${library.name} end with different contents`);
  return { seconds, saved: replicas[0]!.save(), contents: contents[0]! };
}
