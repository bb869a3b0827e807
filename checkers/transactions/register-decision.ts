/**
 * Decides which consistency models a register history satisfies, where the version orders are not known.
 *
 * Cycles (cycles.ts) find what known version orders contradict; without a promise hardly any is known, and their absence says
 * little. Here each model that was demanded is decided: it holds when an order of the transactions is found that satisfies it or
 * a stronger one, and is refuted when it, or a weaker one that follows from it, has none. Otherwise it stays open.
 */
import { type Budget, BudgetSpent, Meter } from "../budget.ts";
import { checkIsolation, type IsolationLevel } from "./isolation.ts";
import { impliedModels } from "./lattice.ts";
import { eventIndex, type TransactionRecords, title } from "./records.ts";
import type { RegisterIndex } from "./register-index.ts";
import { projectKeys } from "./serial-projection.ts";
import type { SerialProblem } from "./serial-problem.ts";
import { findFault } from "./serial-fault.ts";
import type { ForcedPair, OrderKind, SerialQuestion } from "./serial-question.ts";
import type { SerialRelation } from "./serial-relation.ts";
import { saturate } from "./serial-saturation.ts";
import { searchSerialOrder } from "./serial-search.ts";
import { addFinding, type Finding, type Findings } from "./types.ts";

export type DecisionInput = {
  readonly index: RegisterIndex;
  readonly problem: SerialProblem;
  /** The same without predicate reads; the same object where there are none. */
  readonly itemProblem: SerialProblem;
  /** False when promises or predicates say more than the weak levels look at: they can then refute, but not prove. */
  readonly isPlain: boolean;
  /** False when values from before the history are missing, which the weak levels take for initial ones. */
  readonly hasInitialValues: boolean;
  readonly budget: Budget;
};

export type Decision = {
  /** Models that were demanded and could not be decided. */
  readonly open: readonly string[];
  readonly findings: Findings;
};

type Answer = "holds" | "refuted" | "open";

type Anchor = {
  readonly model: string;
  /** The anomaly that a refutation is reported as. */
  readonly anomaly: string;
  readonly question: SerialQuestion | IsolationLevel;
};

const serial = (model: string, isSnapshot: boolean, order: OrderKind): Anchor => ({
  model,
  anomaly: `no-${isSnapshot ? "snapshot" : "serial"}-order${order === "none" ? "" : `-${order}`}`,
  question: { isSnapshot, order },
});

/** The models that can be decided, the strongest first. */
const ANCHORS: readonly Anchor[] = [
  serial("strict-serializable", false, "realtime"),
  serial("strong-session-serializable", false, "process"),
  serial("serializable", false, "none"),
  { model: "repeatable-read", anomaly: "no-item-order", question: { isSnapshot: false, order: "none" } },
  serial("strong-snapshot-isolation", true, "realtime"),
  serial("strong-session-snapshot-isolation", true, "process"),
  serial("snapshot-isolation", true, "none"),
  { model: "causal-cerone", anomaly: "non-causal-read", question: "causal-consistency" },
  { model: "read-atomic", anomaly: "fractured-read", question: "read-atomic" },
  { model: "monotonic-atomic-view", anomaly: "non-monotonic-read", question: "read-committed" },
];

/** A committed order exists whenever reads-from has no circle, which the cycles have excluded. */
const DECIDED_BY_CYCLES: ReadonlySet<string> = new Set(["read-committed", "read-uncommitted"]);

/** Every question that is asked has this part of the budget: a history costs what it costs, whatever is demanded. */
const SHARES = 16;
/** Models that were not demanded, and could only save work, have less. */
const TRY_SHARES = 32;
/** Steps that every question has at least, for each transaction: a long history without doubts needs no more. */
const STEPS_PER_TRANSACTION = 300;
/** Bytes that the weak levels may use for their clocks. */
const LEVEL_BYTES_MAX = 1 << 28;

export function decideRegisters(models: readonly string[], input: DecisionInput): Decision {
  const decider = new Decider(input);
  const open = models.filter((model) => decider.decide(model) === "open");
  return { open, findings: decider.findings };
}

class Decider {
  readonly #input: DecisionInput;
  readonly #relations: { problem: SerialProblem; question: SerialQuestion; relation?: SerialRelation }[] = [];
  readonly #answers = new Map<Anchor, Answer>();
  readonly findings: Findings = new Map();

  constructor(input: DecisionInput) {
    this.#input = input;
  }

  decide(model: string): Answer {
    const follows = impliedModels(model);
    const stronger = ANCHORS.filter((anchor) => impliedModels(anchor.model).has(model));
    // The weakest first: their evidence is the simplest, and they are the cheapest.
    const weaker = ANCHORS.filter((anchor) => follows.has(anchor.model)).toReversed();
    for (const anchor of stronger) if (this.#try(anchor) === "holds") return "holds";
    // What is forced refutes most of what is wrong; a search for an order is needed for the rest only.
    for (const anchor of weaker) if (this.#within(() => this.#contradict(anchor)) === "refuted") return "refuted";
    for (const anchor of weaker) {
      const answer = this.#answer(anchor);
      if (answer === "refuted") return "refuted";
      if (answer === "holds" && anchor.model === model) return "holds";
    }
    return DECIDED_BY_CYCLES.has(model) ? "holds" : "open";
  }

  /** Does the model hold, as far as that costs little to see? A refutation comes later, with the simplest evidence. */
  #try(anchor: Anchor): Answer {
    const known = this.#answers.get(anchor);
    if (known !== undefined || typeof anchor.question === "string") return known ?? "open";
    const { question } = anchor;
    if (this.#problemOf(anchor).impossible !== undefined) return "open";
    const answer = this.#within(() => {
      const relation = this.#relationOf(anchor, question);
      const moments = relation.circle === undefined ? searchSerialOrder(relation, this.#share(TRY_SHARES)) : undefined;
      if (moments === undefined) return "open";
      demandOrder(relation.problem, question, moments);
      return "holds";
    });
    if (answer === "holds") this.#answers.set(anchor, answer);
    return answer;
  }

  /** Refutes what forced pairs alone refute, or for the weak levels all. */
  #contradict(anchor: Anchor): Answer {
    const { question } = anchor;
    if (typeof question === "string") return this.#answer(anchor);
    const known = this.#answers.get(anchor);
    if (known !== undefined) return known;
    const { impossible } = this.#problemOf(anchor);
    if (impossible !== undefined) return this.#refute(anchor, [impossible], []);
    const relation = this.#relationOf(anchor, question);
    return relation.circle === undefined ? "open" : this.#refuteCircle(anchor, relation);
  }

  /** What is forced; computed once for each question. Throws BudgetSpent, each time. */
  #relationOf(anchor: Anchor, question: SerialQuestion): SerialRelation {
    const problem = this.#problemOf(anchor);
    const known = this.#relations.find(
      ({ problem: other, question: { isSnapshot, order } }) =>
        other === problem && isSnapshot === question.isSnapshot && order === question.order,
    );
    if (known !== undefined) {
      if (known.relation === undefined) throw new BudgetSpent("what is forced is too much to compute");
      return known.relation;
    }
    const entry: { problem: SerialProblem; question: SerialQuestion; relation?: SerialRelation } = {
      problem,
      question,
    };
    this.#relations.push(entry);
    entry.relation = saturate(problem, question, this.#share(SHARES));
    return entry.relation;
  }

  #share(shares: number): Meter {
    const { budget } = this.#input;
    const least = this.#input.problem.transactions.length * STEPS_PER_TRANSACTION;
    const stepsMax = Math.min(budget.stepsMax, Math.max(Math.ceil(budget.stepsMax / shares), least));
    return new Meter({ ...budget, stepsMax });
  }

  #answer(anchor: Anchor): Answer {
    let answer = this.#answers.get(anchor);
    if (answer === undefined) {
      answer = this.#within(() => this.#ask(anchor));
      this.#answers.set(anchor, answer);
    }
    return answer;
  }

  #problemOf({ model }: Anchor): SerialProblem {
    return model === "repeatable-read" ? this.#input.itemProblem : this.#input.problem;
  }

  #within(ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      if (error instanceof BudgetSpent) return "open";
      throw error;
    }
  }

  #ask(anchor: Anchor): Answer {
    if (typeof anchor.question === "string") return this.#askLevel(anchor, anchor.question);
    // Without predicates the two are one, and what follows from both is the better name.
    if (anchor.model === "serializable" && this.#input.itemProblem === this.#input.problem) {
      return this.#answer(ANCHORS.find(({ model }) => model === "repeatable-read")!);
    }
    const { question } = anchor;
    const problem = this.#problemOf(anchor);
    if (problem.impossible !== undefined) return this.#refute(anchor, [problem.impossible], []);
    const whole = this.#within(() => {
      const relation = this.#relationOf(anchor, question);
      return this.#order(anchor, relation, this.#share(SHARES));
    });
    if (whole !== "open") return whole;
    return this.#within(() => this.#askKeys(anchor, problem, question));
  }

  /** What one key alone contradicts, all keys do. */
  #askKeys(anchor: Anchor, problem: SerialProblem, question: SerialQuestion): Answer {
    const meter = this.#share(SHARES);
    for (const part of projectKeys(problem)) {
      meter.spend(1 + (part.versions >> 3)); // the part itself is not free
      if (this.#order(anchor, saturate(part, question, meter), meter) === "refuted") return "refuted";
    }
    return "open";
  }

  #refuteCircle(anchor: Anchor, { problem, circle }: SerialRelation): Answer {
    const { lines, rows } = tellCircle(this.#input.index.records, problem, circle!);
    return this.#refute(anchor, lines, rows);
  }

  #order(anchor: Anchor, relation: SerialRelation, meter: Meter): Answer {
    if (relation.circle !== undefined) return this.#refuteCircle(anchor, relation);
    const { problem, question } = relation;
    const moments = searchSerialOrder(relation, meter);
    if (moments === undefined) {
      const rows = problem.transactions.map(({ row }) => row).filter((row) => row >= 0);
      return this.#refute(
        anchor,
        [`no order of the ${rows.length} transactions explains every read; all were tried`],
        rows,
      );
    }
    demandOrder(problem, question, moments);
    return "holds";
  }

  #askLevel(anchor: Anchor, level: IsolationLevel): Answer {
    const { index, isPlain, hasInitialValues, budget } = this.#input;
    if (!hasInitialValues) return "open";
    const { records } = index;
    // The models of the lattice promise nothing about sessions unless their names say so.
    const alone = { ...records, process: new Int32Array(records.count).fill(-1) };
    const result = checkIsolation(alone, level, {
      ...budget,
      bytesMax: Math.min(budget.bytesMax, LEVEL_BYTES_MAX),
    });
    if (result.holds) return isPlain ? "holds" : "open";
    const rows = new Set<number>();
    const lines: string[] = result.base.slice(0, 3).map(({ sentence }) => sentence.replace(/\.$/, ""));
    for (const { op } of result.base.slice(0, 3)) rows.add(records.opRow[op]!);
    const order: string[] = [];
    for (const hop of result.cycle) {
      for (const row of [hop.from, hop.to]) if (row < records.count) rows.add(row);
      const read = result.demandOf(hop)?.read;
      if (read !== undefined) rows.add(records.opRow[read]!);
      order.push(hop.from < records.count ? title(records, hop.from) : "the initial state");
    }
    if (order.length > 0)
      lines.push(`each of these would have to commit before the next, in a circle: ${order.slice(0, 6).join(", ")}`);
    return this.#refute(anchor, lines, [...rows]);
  }

  #refute({ model, anomaly }: Anchor, lines: readonly string[], rows: readonly number[]): Answer {
    const { records } = this.#input.index;
    const shown = [...new Set(rows)].slice(0, 32);
    addFinding(
      this.findings,
      anomaly,
      (): Finding => ({
        sentence: `${lines.join("; ")}. So ${model} does not hold.`,
        transactions: shown,
        details: { model, txns: shown.map((row) => eventIndex(records, row)) },
      }),
    );
    return "refuted";
  }
}

function demandOrder(problem: SerialProblem, question: SerialQuestion, moments: readonly number[]): void {
  const fault = findFault(problem, question, moments);
  if (fault !== undefined)
    throw new Error(`the search returned an order that is not one: ${fault}; a bug of this checker`);
}

const LINES_MAX = 6;

function tellCircle(
  records: TransactionRecords,
  { transactions }: SerialProblem,
  pairs: readonly ForcedPair[],
): { lines: readonly string[]; rows: readonly number[] } {
  const rowOf = (number: number): number => transactions[number]!.row;
  const name = (number: number): string => (rowOf(number) < 0 ? "a writer from before" : title(records, rowOf(number)));
  const rows: number[] = [];
  const lines: string[] = [];
  for (const { from, to, reason } of pairs) {
    rows.push(rowOf(from >> 1), rowOf(to >> 1));
    if ("reader" in reason) rows.push(rowOf(reason.reader), rowOf(reason.other));
    if (reason.kind !== "own" && lines.length < LINES_MAX) {
      lines.push(`${name(from >> 1)} precedes ${name(to >> 1)}: ${why(records, reason, name)}`);
    }
  }
  return { lines: [...lines, "a circle"], rows: rows.filter((row) => row >= 0) };
}

function why(records: TransactionRecords, reason: ForcedPair["reason"], name: (number: number) => string): string {
  const key = "key" in reason ? JSON.stringify(records.keys[reason.key]) : "";
  switch (reason.kind) {
    case "own":
      return "it starts before it commits";
    case "session":
      return "it came before it in its process";
    case "realtime":
      return "it had completed when the other was invoked";
    case "promise":
      return "so the versions of a key are ordered";
    case "read":
      return `the latter read key ${key} from it`;
    case "initial":
      return `it read key ${key} as it was before every write`;
    case "write":
      return `both wrote key ${key}, and the other way round is excluded`;
    case "overwritten":
      return `${name(reason.reader)} read key ${key} from the latter, and comes after the former, which wrote it too`;
    case "unseen":
      return `it read key ${key} from ${name(reason.other)}, which precedes the latter, a writer of it too`;
  }
}
