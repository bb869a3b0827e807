/** What a campaign adds up to: the document that `--json` prints, from the lines of its runs. */
import type { FaultCounts } from "./result.ts";
import type { RunLine } from "./run-line.ts";

export type FailureReport = {
  readonly seed: string;
  readonly property: string;
  /** In sentences, cut at 2000 characters. */
  readonly reason: string;
  readonly digest: string | null;
  readonly wallMs: number;
  readonly repro: string | null;
  /** From the corpus, not a run of this campaign's own. */
  readonly isCorpus?: true;
};

/** Runs whose verdict is unknown for one reason; numbers in reasons may differ from run to run. */
export type UnknownReport = {
  readonly property: string;
  /** That of the first run. */
  readonly reason: string;
  readonly runs: number;
  /** Of these runs together, milliseconds. */
  readonly wallMs: number;
  /** The first run, and where its details are. */
  readonly seed: string;
  readonly repro: string | null;
};

/** The faults of all plans of a scenario's runs, and how many of them never struck, by reason. */
export type PlansReport = { readonly faults: number; readonly unstruck: { readonly [code: string]: number } };

export type ScenarioReport = {
  readonly name: string;
  readonly runs: number;
  readonly corpusRuns: number;
  readonly held: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of all its runs together, milliseconds. */
  readonly wallMs: number;
  /** Planned, and not run because the campaign was stopped before. */
  readonly notRun: number;
  readonly events: number;
  readonly virtualUs: number;
  readonly operations: { readonly ok: number; readonly fail: number; readonly info: number };
  readonly faults: FaultCounts;
  readonly plans: PlansReport;
  readonly failures: readonly FailureReport[];
  /** Why runs are unknown, the most frequent reason first. */
  readonly unknowns: readonly UnknownReport[];
  readonly floors: Floors;
  /** How often each rare branch was reached, over all runs. */
  readonly marks: { readonly [name: string]: number };
  /** Only where runs were validated against a specification. */
  readonly specification?: SpecificationReport;
};

/** How the runs of one scenario compare with its specification. */
export type SpecificationReport = {
  /** The root module. */
  readonly module: string;
  /** Runs that were validated, and those of them that were no behaviour of the specification. */
  readonly runs: number;
  readonly mismatches: number;
  /** Protocol steps that were matched, in all and by action. */
  readonly steps: number;
  readonly matched: { readonly [action: string]: number };
  /** Actions that no step of any run was: nothing was said about them. */
  readonly neverMatched: readonly string[];
};

/** Whether the runs were worth their time: medians and shares over the runs of one scenario. */
export type Floors = {
  readonly completedMedian: number;
  readonly wallMsMedian: number;
  readonly invokedInFaultWindowPerCent: number;
  readonly infoPerCent: number;
  readonly effectiveFaultsMedian: number;
  readonly hottestKeyConcurrencyMedian: number;
  /** Medians of what the scenario counts itself, and in how many runs each was above zero, in per cent. */
  readonly counts: { readonly [name: string]: { readonly median: number; readonly runsPerCent: number } };
};

export type CampaignTotals = {
  readonly runs: number;
  readonly failed: number;
  readonly unknown: number;
  readonly notRun: number;
  readonly events: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  readonly virtualSecondsPerSecond: number;
};

type Sum = {
  lines: number;
  corpusRuns: number;
  held: number;
  failed: number;
  unknown: number;
  events: number;
  virtualUs: number;
  operations: { ok: number; fail: number; info: number };
  faults: Map<string, { injected: number; effective: number }>;
  marks: Map<string, number>;
  specification: {
    module: string;
    runs: number;
    mismatches: number;
    steps: number;
    matched: Map<string, number>;
  } | null;
  counts: Map<string, number[]>;
  effective: number[];
  wallMs: number[];
  failures: FailureReport[];
  planned: number;
  unstruck: Map<string, number>;
  unknowns: Map<string, UnknownReport>;
};

const REASON_MAX = 2000;

const MEASURED = new Set(["completed", "invoked", "invokedInFaultWindow", "hottestKeyConcurrency", "messages"]);

export class Aggregate {
  readonly #sums: Map<string, Sum> = new Map();
  readonly #sometimes: Map<string, boolean> = new Map();
  readonly determinism: { checked: number; differed: number } = { checked: 0, differed: 0 };

  constructor(names: readonly string[]) {
    for (const name of names) this.#sums.set(name, emptySum());
  }

  add(line: RunLine): void {
    const sum = this.#sums.get(line.scenario) ?? emptySum();
    this.#sums.set(line.scenario, sum);
    if (line.isCorpus) sum.corpusRuns++;
    else sum.lines++;
    sum[line.verdict]++;
    sum.events += line.events;
    sum.virtualUs += line.virtualUs;
    for (const type of ["ok", "fail", "info"] as const) sum.operations[type] += line.operations[type];
    this.#addFaults(sum, line);
    sum.planned += line.planned ?? 0;
    for (const [code, count] of Object.entries(line.unstruck ?? {}))
      sum.unstruck.set(code, (sum.unstruck.get(code) ?? 0) + count);
    if (line.verdict === "unknown") addUnknown(sum.unknowns, line);
    addSpecification(sum, line);
    for (const [name, count] of Object.entries(line.marks)) sum.marks.set(name, (sum.marks.get(name) ?? 0) + count);
    for (const [name, value] of Object.entries(line.counts)) {
      const values = sum.counts.get(name) ?? [];
      values.push(value);
      sum.counts.set(name, values);
    }
    sum.wallMs.push(line.wallMs);
    for (const [name, isTrue] of Object.entries(line.sometimes))
      this.#sometimes.set(name, isTrue || this.#sometimes.get(name) === true);
    if (line.verdict === "failed") sum.failures.push(failureOf(line));
  }

  /** In order of scenario names as given; failures by seed. `notRun`: by scenario, how many runs were planned and not run. */
  scenarios(notRun: ReadonlyMap<string, number> = new Map()): ScenarioReport[] {
    return [...this.#sums].map(([name, sum]) => ({
      name,
      runs: sum.lines,
      corpusRuns: sum.corpusRuns,
      held: sum.held,
      failed: sum.failed,
      unknown: sum.unknown,
      wallMs: Math.round(sum.wallMs.reduce((all, each) => all + each, 0)),
      notRun: notRun.get(name) ?? 0,
      events: sum.events,
      virtualUs: sum.virtualUs,
      operations: sum.operations,
      faults: sorted(sum.faults),
      plans: { faults: sum.planned, unstruck: sorted(sum.unstruck) },
      unknowns: [...sum.unknowns.values()].sort((x, y) => y.runs - x.runs || compareSeeds(x.seed, y.seed)),
      failures: [...sum.failures].sort((x, y) => compareSeeds(x.seed, y.seed)),
      floors: floorsOf(sum),
      marks: sorted(sum.marks),
      ...(sum.specification === null ? {} : { specification: specificationOf(sum.specification) }),
    }));
  }

  /** Reachability properties that no run has reached: the campaign is blind there. */
  sometimesMissed(): string[] {
    return [...this.#sometimes]
      .filter(([, isTrue]) => !isTrue)
      .map(([name]) => name)
      .sort();
  }

  totals(wallMs: number, notRun: number = 0): CampaignTotals {
    const sums = [...this.#sums.values()];
    const total = (pick: (sum: Sum) => number): number => sums.reduce((all, sum) => all + pick(sum), 0);
    const seconds = Math.max(wallMs, 1) / 1000;
    return {
      runs: total((sum) => sum.lines),
      failed: total((sum) => sum.failed),
      unknown: total((sum) => sum.unknown),
      notRun,
      events: total((sum) => sum.events),
      wallMs: Math.round(wallMs),
      eventsPerSecond: Math.round(total((sum) => sum.events) / seconds),
      virtualSecondsPerSecond: Math.round(total((sum) => sum.virtualUs) / 1e6 / seconds),
    };
  }

  #addFaults(sum: Sum, line: RunLine): void {
    let effective = 0;
    for (const [kind, counts] of Object.entries(line.faults)) {
      const all = sum.faults.get(kind) ?? { injected: 0, effective: 0 };
      all.injected += counts.injected;
      all.effective += counts.effective;
      effective += counts.effective;
      sum.faults.set(kind, all);
    }
    sum.effective.push(effective);
  }
}

function addUnknown(unknowns: Map<string, UnknownReport>, line: RunLine): void {
  const found = line.properties.find(({ verdict }) => verdict === "unknown");
  const property = found?.name ?? "unknown";
  const reason = found?.reason ?? line.reason ?? "no reason is on record";
  const key = `${property} ${reason.replace(/\d+/g, "#")}`;
  const before = unknowns.get(key);
  // Lines come in any order: the first seed by number keeps the report the same for any number of workers.
  const isFirst = before === undefined || compareSeeds(line.seed, before.seed) < 0;
  const { seed, repro } = isFirst ? line : before;
  const wallMs = (before?.wallMs ?? 0) + line.wallMs;
  unknowns.set(key, {
    property,
    reason: isFirst ? reason : before.reason,
    runs: (before?.runs ?? 0) + 1,
    wallMs,
    seed,
    repro,
  });
}

/** The property that decided, and all that is not valid as the reason. */
function failureOf(line: RunLine): FailureReport {
  const property = line.properties.find(({ verdict }) => verdict === "invalid")?.name ?? "unknown";
  const reason = line.properties.map(({ name, reason: why }) => `${name}: ${why}`).join("\n");
  return {
    seed: line.seed,
    property,
    reason: reason.length > REASON_MAX ? `${reason.slice(0, REASON_MAX - 1)}…` : reason,
    digest: line.digest,
    wallMs: line.wallMs,
    repro: line.repro,
    ...(line.isCorpus ? { isCorpus: true as const } : {}),
  };
}

function addSpecification(sum: Sum, line: RunLine): void {
  const found = line.specification;
  if (found === undefined) return;
  sum.specification ??= { module: found.module, runs: 0, mismatches: 0, steps: 0, matched: new Map() };
  const all = sum.specification;
  all.runs++;
  if (found.verdict === "invalid") all.mismatches++;
  all.steps += found.steps;
  for (const [action, count] of Object.entries(found.matched))
    all.matched.set(action, (all.matched.get(action) ?? 0) + count);
}

function specificationOf(sum: NonNullable<Sum["specification"]>): SpecificationReport {
  const neverMatched = [...sum.matched].filter(([, count]) => count === 0).map(([action]) => action);
  return { ...sum, matched: Object.fromEntries(sum.matched), neverMatched };
}

function emptySum(): Sum {
  return {
    lines: 0,
    corpusRuns: 0,
    held: 0,
    failed: 0,
    unknown: 0,
    events: 0,
    virtualUs: 0,
    operations: { ok: 0, fail: 0, info: 0 },
    faults: new Map(),
    marks: new Map(),
    specification: null,
    counts: new Map(),
    effective: [],
    wallMs: [],
    failures: [],
    planned: 0,
    unstruck: new Map(),
    unknowns: new Map(),
  };
}

function floorsOf(sum: Sum): Floors {
  const of = (name: string): readonly number[] => sum.counts.get(name) ?? [];
  const all = (name: string): number => of(name).reduce((x, y) => x + y, 0);
  const { ok, fail, info } = sum.operations;
  const counts: Record<string, { median: number; runsPerCent: number }> = {};
  for (const name of [...sum.counts.keys()].sort()) {
    if (MEASURED.has(name)) continue;
    const values = of(name);
    counts[name] = {
      median: median(values),
      runsPerCent: perCent(values.filter((value) => value > 0).length, values.length),
    };
  }
  return {
    completedMedian: median(of("completed")),
    wallMsMedian: Math.round(median(sum.wallMs)),
    invokedInFaultWindowPerCent: perCent(all("invokedInFaultWindow"), all("invoked")),
    infoPerCent: perCent(info, ok + fail + info),
    effectiveFaultsMedian: median(sum.effective),
    hottestKeyConcurrencyMedian: median(of("hottestKeyConcurrency")),
    counts,
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): { [name: string]: T } {
  return Object.fromEntries([...map].sort(([x], [y]) => (x < y ? -1 : 1)));
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return [...values].sort((x, y) => x - y)[Math.floor((values.length - 1) / 2)]!;
}

function perCent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10;
}

/** Numbered seeds by number, with their base in front; others by code points. */
export function compareSeeds(x: string, y: string): number {
  const split = (seed: string): [string, number] => {
    const match = /^(.*?)(\d{1,15})$/.exec(seed);
    return match === null ? [seed, -1] : [match[1]!, Number(match[2])];
  };
  const [baseX, numberX] = split(x);
  const [baseY, numberY] = split(y);
  if (baseX !== baseY) return baseX < baseY ? -1 : 1;
  return numberX - numberY || (x < y ? -1 : x > y ? 1 : 0);
}
