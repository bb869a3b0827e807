/**
 * Text on real editing histories: time to make and to receive every edit, to save and to load; size; memory.
 *
 * Sequential traces: one replica types, a second receives its updates, a thousand transactions at a time. Concurrent traces: a replica for
 * each agent, which before a transaction receives what its writer had seen and no more; at the end all receive the rest. All must show the text
 * that the trace ends in. Ours and yjs take turns for some rounds; automerge, which takes many times as long, has one.
 */
import { median, row, secondsOf } from "../measure.ts";
import { memoryOf } from "./memory.ts";
import { AUTOMERGE, OURS, type TextLibrary, type TextReplica, type Update, YJS } from "./text-libraries.ts";
import { loadTrace, patchCount, type Trace } from "./trace.ts";

const TRACES = ["sveltecomponent", "seph-blog1", "friendsforever", "clownschool"];
const ROUNDS = 3;
const RECEIVED_AT_ONCE = 1_000;

type Figures = {
  /** Seconds. */
  readonly edit: number;
  readonly follow: number;
  readonly save: number;
  readonly load: number;
  readonly saved: Uint8Array;
};

/** Prints the figures. */
export async function benchText(): Promise<void> {
  for (const name of TRACES) {
    const trace = loadTrace(name);
    const kind = trace.agents === 1 ? "one writer" : `${trace.agents} writers`;
    process.stdout.write(`  text: ${name}, ${kind}, ${patchCount(trace)} patches, ${trace.endContent.length} units\n`);
    const rounds: Figures[][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const figures: Figures[] = [];
      for (const library of [...OURS, YJS]) figures.push(await measure(library, trace));
      rounds.push(figures);
    }
    const automerge = await measure(AUTOMERGE, trace);
    [...OURS, YJS].forEach((library, i) => {
      const ratios = rounds.map((figures) => total(figures[i]!) / Math.min(total(figures.at(-1)!), total(automerge)));
      report(
        library,
        rounds.map((figures) => figures[i]!),
        median(ratios),
      );
    });
    report(AUTOMERGE, [automerge], total(automerge) / median(rounds.map((figures) => total(figures.at(-1)!))));
  }
}

function total({ edit, follow }: Figures): number {
  return edit + follow;
}

function report(library: TextLibrary, rounds: readonly Figures[], ratio: number): void {
  const ms = (of: (figures: Figures) => number): string => (median(rounds.map(of)) * 1000).toFixed(0);
  const { saved } = rounds[0]!;
  const memory = (memoryOf("text", library.name, saved) / 1e6).toFixed(1);
  const apply = rounds[0]!.follow === 0 ? "" : `edit ${ms((one) => one.edit)}, receive ${ms((one) => one.follow)}, `;
  row(
    `  ${library.name}`,
    `${ms(total)} ms`,
    `${ratio.toFixed(2)} of the better other; ${apply}save ${ms((one) => one.save)}, load ${ms((one) => one.load)} ms; ${(saved.length / 1e3).toFixed(1)} kB, ${memory} MB in memory`,
  );
}

async function measure(library: TextLibrary, trace: Trace): Promise<Figures> {
  globalThis.gc?.();
  let [replicas, updates]: [TextReplica[], Update[]] = [[], []];
  let [saved, loaded]: [Uint8Array, TextReplica | null] = [new Uint8Array(), null];
  const edit = await secondsOf(() => {
    replicas = library.create(trace.agents === 1 ? 2 : trace.agents);
    updates = replay(trace, replicas);
  });
  const follow =
    trace.agents > 1
      ? 0
      : await secondsOf(() => {
          for (let i = 0; i < updates.length; i += RECEIVED_AT_ONCE)
            replicas[1]!.receive(updates.slice(i, i + RECEIVED_AT_ONCE));
        });
  const save = await secondsOf(() => {
    saved = replicas[0]!.save();
  });
  const load = await secondsOf(() => {
    loaded = library.load(saved);
  });
  for (const replica of [...replicas, loaded!])
    if (replica.read() !== trace.endContent)
      throw new Error(`${library.name} does not end in the text of ${trace.name}`);
  return { edit, follow, save, load, saved };
}

/** Makes every transaction at the replica of its writer, in a state equal to the writer's. Returns the updates. */
function replay(trace: Trace, replicas: readonly TextReplica[]): Update[] {
  const updates: Update[] = [];
  for (const { agent, receives, patches } of trace.steps) {
    const replica = replicas[agent]!;
    if (receives.length > 0) replica.receive(receives.map((i) => updates[i]!));
    updates.push(replica.edit(patches));
  }
  if (trace.agents > 1)
    trace.unseen.forEach((rest, agent) => {
      replicas[agent]!.receive(rest.map((i) => updates[i]!));
    });
  return updates;
}
