/**
 * Small random histories for tests: most of an atomic object, some with one answer changed.
 *
 * Processes call at random points; each completed operation takes effect between its call and its return, so an
 * unchanged history is linearizable by construction. A changed answer makes it a candidate for rejection, not more: only
 * the brute-force checker knows. Some operations never return, and those may have taken effect or not.
 */
import * as fc from "fast-check";
import { Meter } from "./budget.ts";
import type { Operation, PlainJson } from "./history.ts";
import type { Model } from "./model.ts";

export type Call = { readonly f: string; readonly input: PlainJson };

type Answers = NonNullable<RandomHistoryOptions["answers"]>;

type Plan = {
  readonly call: Call;
  readonly process: number;
  /** Gaps that place call, effect and return among the moments of the history. */
  readonly effectGap: number;
  readonly returnGap: number;
  readonly isLost: boolean;
  readonly hasEffect: boolean;
};

export type RandomHistoryOptions = {
  readonly operationsMax?: number;
  readonly processes?: number;
  readonly lostPercent?: number;
  /** Answers to try in a state, the first legal one is taken; a few obvious ones unless given. */
  readonly answers?: (state: unknown, call: Call) => readonly PlainJson[];
};

/** Outcomes are found by asking the model which of a few answers are legal. */
export function randomHistory<S>(
  model: Model<S>,
  call: fc.Arbitrary<Call>,
  options: RandomHistoryOptions = {},
): fc.Arbitrary<Operation[]> {
  const { operationsMax = 8, processes = 4, lostPercent = 12, answers = possibleAnswers } = options;
  const percent = fc.integer({ min: 0, max: 99 });
  const plan = fc.record({
    call,
    process: fc.integer({ min: 0, max: processes - 1 }),
    effectGap: fc.integer({ min: 0, max: 5 }),
    returnGap: fc.integer({ min: 0, max: 5 }),
    isLost: percent.map((drawn) => drawn < lostPercent),
    hasEffect: fc.boolean(),
  });
  const change = fc.record({ at: fc.integer({ min: 0, max: 63 }), donor: fc.integer({ min: 0, max: 63 }) });
  return fc
    .tuple(fc.array(plan, { minLength: 1, maxLength: operationsMax }), fc.array(change, { maxLength: 3 }))
    .map(([plans, changes]) => changes.reduce(mutate, execute(plans.map(freshen), model, answers)));
}

/** Gives calls that ask for it a value that no other call of the history has. */
function freshen(plan: Plan, position: number): Plan {
  if (plan.call.input === "fresh") return { ...plan, call: { ...plan.call, input: freshNumber(position) } };
  if (plan.call.input === "fresh text") return { ...plan, call: { ...plan.call, input: `<${position}>` } };
  return plan;
}

/** Not rising with time, so that priorities differ from the order of insertion. */
function freshNumber(position: number): number {
  return 50 + ((position * 7) % 17);
}

type Running = { readonly plan: Plan; readonly effectAt: number; readonly returnAt: number; readonly call: number };

/** Runs the calls one moment at a time; a process waits for its own operation before the next. */
function execute<S>(plans: readonly Plan[], model: Model<S>, answers: Answers): Operation[] {
  const freeAt = new Map<number, number>();
  const running: Running[] = [];
  let now = 0;
  let nextProcess = 100;
  const processOf = new Map<number, number>();
  const processes: number[] = [];
  for (const plan of plans) {
    now = Math.max(now + 1, freeAt.get(plan.process) ?? 0);
    const effectAt = now + plan.effectGap;
    const returnAt = effectAt + plan.returnGap;
    running.push({ plan, effectAt, returnAt, call: now });
    processes.push(processOf.get(plan.process) ?? plan.process);
    if (plan.isLost) {
      processOf.set(plan.process, nextProcess);
      nextProcess += 1;
    } else freeAt.set(plan.process, returnAt + 1);
  }
  const outputs = applyEffects(running, model, answers);
  return rank(running, processes, outputs);
}

function applyEffects<S>(running: readonly Running[], model: Model<S>, answers: Answers): PlainJson[] {
  const outputs: PlainJson[] = new Array(running.length).fill(null);
  const order = running.map((_, i) => i).sort((a, b) => running[a]!.effectAt - running[b]!.effectAt || a - b);
  let state = model.init;
  const meter = new Meter({ stepsMax: 1e9, bytesMax: 1e9 });
  for (const i of order) {
    const { plan } = running[i]!;
    if (plan.isLost && !plan.hasEffect) continue;
    for (const output of answers(state, plan.call)) {
      const operation = makeOperation(i, 0, plan.call, output, false, 0, 1);
      const next = model.step(state, operation, meter);
      if (next.length === 0) continue;
      outputs[i] = output;
      state = next[0]!;
      break;
    }
  }
  return outputs;
}

/** Answers worth asking for: what the state holds, the elements in it, small numbers and truth values. */
function possibleAnswers(state: unknown, call: Call): PlainJson[] {
  const answers: PlainJson[] = [];
  if (isPlain(state)) answers.push(state);
  if (Array.isArray(state)) for (const item of state as PlainJson[]) answers.push(item);
  for (let small = 0; small <= 40; small += 1) answers.push(small);
  answers.push(true, false, null, call.input);
  return call.input === null ? answers : [true, false, ...answers];
}

function isPlain(value: unknown): value is PlainJson {
  return value === null || typeof value !== "object" || Array.isArray(value);
}

/** Moments to ranks: calls before returns at the same moment. */
function rank(running: readonly Running[], processes: readonly number[], outputs: readonly PlainJson[]): Operation[] {
  const moments: { time: number; kind: number; i: number }[] = [];
  running.forEach(({ plan, call, returnAt }, i) => {
    moments.push({ time: call, kind: 0, i });
    if (!plan.isLost) moments.push({ time: returnAt, kind: 1, i });
  });
  moments.sort((a, b) => a.time - b.time || a.kind - b.kind || a.i - b.i);
  const call: number[] = [];
  const end: number[] = new Array(running.length).fill(Number.POSITIVE_INFINITY);
  moments.forEach((moment, at) => {
    if (moment.kind === 0) call[moment.i] = at;
    else end[moment.i] = at;
  });
  return running.map(({ plan }, i) =>
    makeOperation(i, processes[i]!, plan.call, plan.isLost ? null : outputs[i]!, plan.isLost, call[i]!, end[i]!),
  );
}

function makeOperation(
  id: number,
  process: number,
  call: Call,
  output: PlainJson,
  isPending: boolean,
  callAt: number,
  returnAt: number,
): Operation {
  return {
    id,
    process,
    f: call.f,
    key: undefined,
    input: call.input,
    output,
    isPending,
    call: callAt,
    return: returnAt,
    callUs: -1,
    returnUs: -1,
  };
}

/** Gives one completed operation the answer of another one of the same function. */
function mutate(operations: Operation[], change: { at: number; donor: number }): Operation[] {
  const victims = operations.filter((operation) => !operation.isPending);
  if (victims.length === 0) return operations;
  const victim = victims[change.at % victims.length]!;
  const donors = victims.filter((operation) => operation.f === victim.f);
  const donor = donors[change.donor % donors.length]!;
  const output = typeof victim.output === "boolean" && donor === victim ? !victim.output : donor.output;
  return operations.map((operation) => (operation === victim ? { ...operation, output } : operation));
}
