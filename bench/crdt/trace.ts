/**
 * Editing histories as the benchmark replays them: who types what, and what each writer had seen before.
 *
 * A sequential trace has one writer. A concurrent one is a graph of transactions; it is flattened into steps that keep its causal
 * structure exactly: before a step its agent receives the transactions of the others that the writer had seen, and no more.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export type Patch = readonly [position: number, deleted: number, inserted: string];

/** Agent `agent` receives the updates `updates` (indices of earlier steps, in an order that keeps causality), then edits. */
export type Step = { readonly agent: number; readonly receives: readonly number[]; readonly patches: readonly Patch[] };

export type Trace = {
  readonly name: string;
  readonly agents: number;
  readonly steps: readonly Step[];
  /** For each agent the steps that it has not received after its last one. */
  readonly unseen: readonly (readonly number[])[];
  readonly endContent: string;
};

type TraceFile = {
  readonly endContent: string;
  readonly numAgents?: number;
  readonly txns: readonly {
    readonly parents?: readonly number[];
    readonly agent?: number;
    readonly patches: readonly Patch[];
  }[];
};

export function loadTrace(name: string): Trace {
  const path = fileURLToPath(new URL(`../../systems/crdt/fixtures/${name}.json.gz`, import.meta.url));
  const file = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as TraceFile;
  return { name, agents: file.numAgents ?? 1, endContent: file.endContent, ...flatten(file) };
}

export function patchCount(trace: Trace): number {
  return trace.steps.reduce((sum, { patches }) => sum + patches.length, 0);
}

function flatten({ txns, numAgents = 1 }: TraceFile): Pick<Trace, "steps" | "unseen"> {
  const known = Array.from({ length: numAgents }, () => new Set<number>());
  const steps = txns.map(({ parents = [], agent = 0, patches }, i) => {
    const mine = known[agent]!; // agents are numbered below numAgents
    const open = numAgents === 1 ? [] : [...parents];
    const receives: number[] = [];
    for (let txn = open.pop(); txn !== undefined; txn = open.pop()) {
      if (mine.has(txn)) continue;
      mine.add(txn);
      receives.push(txn);
      open.push(...(txns[txn]!.parents ?? []));
    }
    mine.add(i);
    return { agent, receives: receives.sort((a, b) => a - b), patches };
  });
  const unseen = known.map((mine) => txns.flatMap((_, i) => (mine.has(i) ? [] : [i])));
  return { steps, unseen };
}
