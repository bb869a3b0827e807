/**
 * run(scenario, input): the pure function that everything else composes over.
 *
 * Phases: set-up; chaos, in which the plan strikes; healing; liveness, in which every process must complete operations
 * within a bound; final reads; checks. What the input leaves open is drawn from its seed, each part from streams of its own.
 */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { generatePlan, Nemesis, parsePlan, type Plan, PlanError } from "../nemesis/index.ts";
import { withNodeEngine } from "../runtime/engine.ts";
import { installGuards } from "../runtime/guards.ts";
import type { YieldPolicy } from "../runtime/barrier.ts";
import type { Limits, PlannedOperation, Scenario, ScenarioContext, Settings, Watch } from "../scenarios/scenario.ts";
import { requireOperations } from "../scenarios/answers.ts";
import { invalidVerdict, validVerdict } from "../scenarios/checks.ts";
import { asked, guarded } from "../scenarios/guarded.ts";
import { ScenarioError } from "../scenarios/scenario-error.ts";
import { resolveSettings } from "../scenarios/settings.ts";
import { Control } from "../sim/control.ts";
import type { Engine } from "../sim/engine.ts";
import { hashText, scale } from "../sim/hash.ts";
import { PURPOSE } from "../sim/kernel.ts";
import type { LinkProperties } from "../sim/net/properties.ts";
import { Random } from "../sim/random.ts";
import { UsageError, WorkloadError } from "./errors.ts";
import { underGuards } from "./guarded.ts";
import { judge } from "./judge.ts";
import type { ResolvedInput, RunInput, RunOutcome, RunResult } from "./result.ts";
import { type Trouble, troubleOf } from "./trouble.ts";
import { type RunValidation, validateRun } from "./validation.ts";
import { Workload } from "./workload.ts";

export type RunOptions = {
  readonly isTracing?: boolean;
  /** Re-encodes messages at delivery and checks the claims of synchronous handlers; changes no digest. */
  readonly isDeepChecking?: boolean;
  /** False leaves the monitors out, to see what client checks alone find. Default true. */
  readonly hasMonitors?: boolean;
  /** True lets the run go on after a monitor fired or a claim of the system was violated, to see what clients will see. */
  readonly goesOnAfterMonitors?: boolean;
  /** Judges every step of the protocol by the scenario's specification, where it has one. Changes no digest of a run that holds. */
  readonly isValidating?: boolean;
  /** The specification alone judges: no monitor, no check of the history, no claim of the system, no bound on liveness. */
  readonly isSpecificationAlone?: boolean;
  /** The plan was given to see it at work: a run in which none of its faults struck is unknown. */
  readonly mustStrike?: boolean;
  readonly yieldPolicy?: YieldPolicy;
};

const LIMITS: Limits = { eventsMax: 4_000_000, livenessUsMax: 15_000_000, checkerStepsMax: 5_000_000 };

/** Time before the first fault: the cluster forms, sessions open. */
const SETUP_US = 600_000;
const WORKLOAD_START_US = 250_000;
/** How often `eventually` is asked after healing. */
const EVENTUALLY_US = 50_000;
const FINAL_READS_US_MAX = 10_000_000;
/** Two change points over the events of a usual run (Burckhardt et al., ASPLOS 2010: most bugs need few). */
const PCT_DEPTH = 3;
const PCT_EVENTS = 15_000;
const SUPERVISOR_DELAY_US = 100_000;

/**
 * Runs one input of a scenario. Throws SettingError, PlanError or UsageError for input that the scenario cannot execute. Whatever the scenario's
 * own functions do, the run has a verdict: their trouble fails it (trouble.ts).
 */
export async function run(scenario: Scenario, input: RunInput, options: RunOptions = {}): Promise<RunResult> {
  return (await execute(scenario, input, options)).result;
}

/** As run, with the history, the trace and the evidence. */
export async function execute(scenario: Scenario, input: RunInput, options: RunOptions = {}): Promise<RunOutcome> {
  // Held over the whole of it: to install them costs milliseconds.
  const removeGuards = installGuards();
  try {
    return await executeGuarded(guarded(underGuards(scenario, input.seed)), input, options);
  } finally {
    removeGuards();
  }
}

async function executeGuarded(sound: Scenario, input: RunInput, options: RunOptions): Promise<RunOutcome> {
  const { parts, trouble } = resolveParts(sound, input);
  if (trouble !== null) return outcomeWithout(sound, parts, trouble);
  const engineOptions = {
    ...(options.yieldPolicy === undefined ? {} : { yieldPolicy: options.yieldPolicy }),
    isCheckingClaims: options.isDeepChecking ?? false,
  };
  return withNodeEngine(engineOptions, async (engine) => {
    let made: Run;
    try {
      made = new Run(sound, parts as WholeInput, options, engine);
    } catch (error) {
      const found = troubleOf(error);
      if (found === null) throw error;
      return outcomeWithout(sound, parts, found);
    }
    return made.run();
  });
}

/** The outcome of a run that could not begin. */
function outcomeWithout(scenario: Scenario, input: ResolvedInput, { property, lines }: Trouble): RunOutcome {
  const verdict = invalidVerdict(property, 0, lines);
  const result: RunResult = {
    scenario: scenario.name,
    seed: input.seed,
    verdict: "failed",
    digest: null,
    events: 0,
    virtualUs: 0,
    properties: [{ name: property, verdict: "invalid", reason: lines.join("\n"), monitor: false }],
    operations: { ok: 0, fail: 0, info: 0 },
    faults: {},
    planned: input.plan?.faults.length ?? 0,
    unstruck: (input.plan?.faults ?? []).map(({ kind }, index) => ({
      index,
      kind,
      code: "after-end" as const,
      reason: "the run could not begin",
    })),
    thrown: [],
    marks: {},
    sometimes: {},
    counts: {},
    input,
  };
  return { result, history: [], prints: [], trace: [], verdicts: [{ name: property, verdict }], faultWindows: [] };
}

type WholeInput = Required<ResolvedInput>;

/**
 * Draws whatever the input leaves open. The parts come from different streams: holding one changes no other. Throws SettingError, PlanError or
 * UsageError for input that the scenario cannot execute, ScenarioError when a function of the scenario has no usable answer.
 */
export function resolveInput(scenario: Scenario, input: RunInput): WholeInput {
  const removeGuards = installGuards();
  try {
    const { parts, error } = resolveParts(guarded(underGuards(scenario, input.seed)), input);
    if (error !== null) throw error;
    return parts as WholeInput;
  } finally {
    removeGuards();
  }
}

type Parts = { readonly parts: ResolvedInput; readonly error: unknown; readonly trouble: Trouble | null };

/** As far as the scenario's functions give the parts: what one of them could not give is absent. */
function resolveParts(scenario: Scenario, input: RunInput): Parts {
  const settings = resolveSettings(scenario, input.seed, input.settings ?? {});
  const context = contextOf(settings);
  let parts: ResolvedInput = { seed: input.seed, settings, choices: input.choices ?? [], reseeds: input.reseeds ?? [] };
  try {
    parts = { ...parts, plan: planOf(scenario, input, context) };
    parts = { ...parts, workload: workloadOf(scenario, input, context) };
    return { parts, error: null, trouble: null };
  } catch (error) {
    const trouble = error instanceof PlanError || error instanceof UsageError ? null : troubleOf(error);
    if (trouble === null) throw error;
    return { parts, error, trouble };
  }
}

/** The plan that the input holds, which the user answers for; or one that is drawn, which the scenario does. */
function planOf(scenario: Scenario, input: RunInput, context: ScenarioContext): Plan {
  const known = planContext(scenario, context);
  if (input.plan !== undefined) return parsePlan(input.plan, known);
  try {
    return parsePlan(drawPlan(scenario, input.seed, context), { ...known, source: "plan()" });
  } catch (error) {
    if (error instanceof PlanError && scenario.plan !== undefined)
      throw new ScenarioError("plan()", error.message.replace(/^plan\(\): /, ""));
    throw error;
  }
}

function workloadOf(scenario: Scenario, input: RunInput, context: ScenarioContext): readonly PlannedOperation[] {
  if (input.workload === undefined) return scenario.operations(new Random(input.seed, "workload"), context);
  try {
    return requireOperations(input.workload, "workload", context.clients.length);
  } catch (error) {
    throw error instanceof ScenarioError ? new WorkloadError(error.message) : error;
  }
}

export function contextOf(settings: Settings): ScenarioContext {
  const names = (letter: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
  return { settings, nodes: names("n", settings.nodes), clients: names("c", settings.clients) };
}

function groupsOf(scenario: Scenario, context: ScenarioContext): { readonly [node: string]: readonly string[] } {
  if (scenario.groups !== undefined) return scenario.groups(context);
  return Object.fromEntries(context.nodes.map((node, i) => [node, [`rack${1 + Math.floor(i / 2)}`]]));
}

/** What plans of this scenario may name. Targets beyond the built-in ones exist only while it runs: `watch` says which. */
export function planContext(scenario: Scenario, context: ScenarioContext): Parameters<typeof parsePlan>[1] {
  return {
    hosts: [...context.nodes, ...context.clients],
    groups: [...new Set(Object.values(groupsOf(scenario, context)).flat())],
    targets: scenario.targets ?? [],
    kinds: scenario.faults.kinds,
    scenario: scenario.name,
  };
}

function drawPlan(scenario: Scenario, seed: string, context: ScenarioContext): unknown {
  const random = new Random(seed, "plan");
  if (scenario.plan !== undefined) return scenario.plan(random, context);
  const { settings } = context;
  if (settings["hasFaults"] === false) return { format: 1, faults: [] };
  return generatePlan(random, {
    kinds: scenario.faults.kinds,
    nodes: context.nodes,
    clients: context.clients,
    groups: planContext(scenario, context).groups,
    targets: scenario.targets ?? [],
    startUs: SETUP_US,
    endUs: SETUP_US + Number(settings["chaosUs"]),
    intensityPerMille: scenario.faults.intensityPerMille ?? 1000,
    ...(scenario.faults.points === undefined ? {} : { points: scenario.faults.points }),
  });
}

/** Exponential around the setting, with one packet in a thousand in a tail as FoundationDB's simulator has it. */
function linkOf(latencyUs: number): Partial<LinkProperties> {
  const minUs = Math.ceil(latencyUs / 4);
  const tail = { tailPerMillion: 1_000, tailUsMax: Math.max(100_000, latencyUs * 4) };
  return { latency: { shape: "exponential", minUs, meanUs: Math.max(latencyUs, minUs), ...tail } };
}

class Run {
  readonly #scenario: Scenario;
  readonly #input: WholeInput;
  readonly #context: ScenarioContext;
  readonly #limits: Limits;
  readonly #control: Control;
  readonly #workload: Workload;
  readonly #watch: Watch;
  readonly #nemesis: Nemesis;
  readonly #validation: RunValidation | null;
  readonly #isSpecificationAlone: boolean;
  readonly #mustStrike: boolean;
  readonly #bounds: { name: string; reason: string }[] = [];
  #hasFailed = false;
  #healedUs = 0;
  #liveness: Verdict | null = null;
  #eventually: readonly Verdict[] = [];
  readonly #hasMonitors: boolean;

  constructor(scenario: Scenario, input: WholeInput, options: RunOptions, engine: Engine) {
    this.#scenario = scenario;
    this.#input = input;
    this.#context = contextOf(input.settings as Settings);
    this.#limits = { ...LIMITS, ...scenario.limits };
    this.#mustStrike = options.mustStrike ?? false;
    this.#control = asked("network() or disk()", () => new Control(this.#controlOptions(options, engine)));
    this.#control.world.onObserverError = (kind, error) =>
      new ScenarioError(`watch(), which observes ${JSON.stringify(kind)}`, null, error);
    this.#workload = new Workload(this.#control, this.#context.clients);
    this.#addHosts();
    this.#isSpecificationAlone = options.isSpecificationAlone ?? false;
    this.#hasMonitors = (options.hasMonitors ?? true) && !this.#isSpecificationAlone;
    const goesOn = options.goesOnAfterMonitors === true;
    this.#watch =
      scenario.watch?.(this.#control, this.#context, {
        hasMonitors: this.#hasMonitors,
        onViolation: goesOn ? () => {} : () => this.#stopEarly(),
      }) ?? {};
    const { specification } = scenario;
    this.#validation =
      options.isValidating === true && specification !== undefined
        ? validateRun(specification, this.#control, this.#context, goesOn ? () => {} : () => this.#stopEarly())
        : null;
    this.#nemesis = new Nemesis(this.#control, input.plan, {
      targets: this.#watch.targets ?? {},
      nodes: this.#context.nodes,
      clients: this.#context.clients,
      lastingHarmMax: scenario.faults.lastingHarmMax?.(this.#context.settings) ?? 0,
      selfQuarantined: scenario.faults.selfQuarantined ?? [],
    });
    if (!goesOn && !this.#isSpecificationAlone) {
      const { properties } = this.#control.world;
      properties.onViolation = () => this.#stopEarly();
      if (scenario.uncaughtIsFailure !== false) properties.onUncaught = () => this.#stopEarly();
    }
  }

  #controlOptions(options: RunOptions, engine: Engine): ConstructorParameters<typeof Control>[0] {
    const scenario = this.#scenario;
    const { settings } = this.#context;
    return {
      seed: this.#input.seed,
      engine,
      choices: this.#input.choices,
      reseeds: this.#input.reseeds,
      eventsMax: this.#limits.eventsMax,
      strategy: settings["ties"] === "pct" ? { pct: { depth: PCT_DEPTH, eventsExpected: PCT_EVENTS } } : "random",
      isTracing: options.isTracing ?? false,
      isDeepChecking: options.isDeepChecking ?? false,
      isBuggified: settings["isBuggified"] === true,
      supervisorDelayUs: SUPERVISOR_DELAY_US,
      network: scenario.network?.(this.#context) ?? { link: linkOf(Number(settings["latencyUs"])) },
      ...(scenario.disk === undefined ? {} : { disk: scenario.disk(this.#context) }),
    };
  }

  async run(): Promise<RunOutcome> {
    try {
      await this.#chaos();
      if (this.#goesOn) await this.#healAndProveLiveness();
      if (this.#goesOn) await this.#proveEventually();
      if (this.#goesOn) await this.#finalReads();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === null) throw error;
      return this.#finish(trouble);
    }
    return this.#finish(null);
  }

  get #goesOn(): boolean {
    return !this.#hasFailed && this.#bounds.length === 0;
  }

  #stopEarly(): void {
    this.#hasFailed = true;
    this.#control.world.pause();
  }

  #addHosts(): void {
    const { nodes, clients } = this.#context;
    const groups = groupsOf(this.#scenario, this.#context);
    for (const name of nodes) {
      const program = this.#scenario.node(name, this.#context);
      // The disk's options are read when the machine is made.
      asked("disk()", () => this.#control.addHost({ name, program, groups: groups[name] ?? [] }));
    }
    clients.forEach((name, place) => {
      this.#control.addHost({
        name,
        program: (host) => this.#workload.setClient(place, this.#scenario.client(host, this.#context)),
      });
    });
    for (const name of nodes) this.#control.boot(name, true);
    for (const name of clients) this.#control.boot(name, true);
  }

  async #runUntil(timeUs: number): Promise<void> {
    const stop = await this.#control.run(timeUs);
    if (stop === "events-max") {
      this.#bounds.push({
        name: "bounded",
        reason: `stopped after ${this.#limits.eventsMax} events, the limit of the scenario`,
      });
    }
  }

  async #chaos(): Promise<void> {
    await this.#runUntil(WORKLOAD_START_US);
    if (!this.#goesOn) return;
    this.#workload.assign(this.#input.workload, { mustSucceed: false });
    this.#nemesis.start();
    await this.#runUntil(SETUP_US + Number(this.#context.settings["chaosUs"]));
  }

  async #healAndProveLiveness(): Promise<void> {
    this.#healedUs = this.#control.nowUs;
    this.#nemesis.healAll({ keepDown: this.#chooseOutsiders() });
    const scenario = this.#scenario;
    const operations = this.#context.clients.flatMap(
      (_, process) => scenario.livenessOperations?.(process, this.#context) ?? [],
    );
    if (operations.length === 0) {
      this.#workload.assign([], { mustSucceed: false });
      await this.#runUntil(this.#control.nowUs + 1_000_000);
      return;
    }
    await this.#completeAll(operations, "liveness", this.#limits.livenessUsMax);
  }

  async #proveEventually(): Promise<void> {
    const eventually = this.#watch.eventually ?? [];
    while (this.#goesOn) {
      const pending = eventually.flatMap((claim) => {
        const reason = claim.pending();
        return reason === null ? [] : [{ ...claim, reason }];
      });
      if (pending.length === 0) {
        if (this.#hasMonitors) this.#eventually = eventually.map(({ name }) => validVerdict(name, 0));
        return;
      }
      const sinceUs = this.#control.nowUs - this.#healedUs;
      const late = pending.find(({ withinUs }) => sinceUs >= withinUs);
      if (late !== undefined && !this.#hasMonitors) return;
      if (late !== undefined) {
        const what = `${late.withinUs / 1000} ms after healing it does not hold: ${late.reason}`;
        this.#eventually = [invalidVerdict(late.name, 0, [what])];
        this.#hasFailed = true;
        return;
      }
      await this.#runUntil(this.#control.nowUs + EVENTUALLY_US);
    }
  }

  async #finalReads(): Promise<void> {
    const operations = this.#scenario.finalOperations?.(this.#context) ?? [];
    if (operations.length > 0) await this.#completeAll(operations, "final-reads", FINAL_READS_US_MAX);
  }

  async #completeAll(operations: readonly PlannedOperation[], name: string, withinUs: number): Promise<void> {
    const startUs = this.#control.nowUs;
    this.#workload.onIdle = () => {
      if (this.#workload.isIdle) this.#control.world.pause();
    };
    this.#workload.assign(operations, { mustSucceed: true });
    while (this.#goesOn && !this.#workload.isIdle && this.#control.nowUs < startUs + withinUs) {
      await this.#runUntil(startUs + withinUs);
    }
    this.#workload.onIdle = () => {};
    if (!this.#goesOn) return;
    if (this.#workload.isIdle) {
      if (name === "liveness") this.#liveness = validVerdict(name, operations.length);
      return;
    }
    const states = this.#context.nodes.map((node) => `${node} ${this.#control.stateOf(node)}`).join(", ");
    const what = `${withinUs / 1000} ms after healing the run is stuck (${states}).`;
    this.#liveness = invalidVerdict(name, operations.length, [what, ...this.#workload.waiting().slice(0, 6)]);
    this.#hasFailed = true;
  }

  /** With `healing: core`, a random majority of nodes without lasting harm must do alone; the others stay down. */
  #chooseOutsiders(): string[] {
    const { nodes, settings } = this.#context;
    if (settings["healing"] !== "core" || this.#scenario.plan !== undefined) return [];
    const consumer = this.#control.world.consumer("healing");
    const harmed = new Set(this.#nemesis.harmedNodes());
    const ranked = nodes
      .map((node, i) => ({
        node,
        rank: scale(this.#control.world.outcome(consumer, i, PURPOSE.nemesisPick), 1_000_000),
      }))
      .sort(
        (x, y) =>
          Number(harmed.has(y.node)) - Number(harmed.has(x.node)) || x.rank - y.rank || (x.node < y.node ? -1 : 1),
      );
    return ranked.slice(0, nodes.length - (Math.floor(nodes.length / 2) + 1)).map(({ node }) => node);
  }

  /** Why a plan that must strike did not; null when it did, or does not have to. */
  #idlePlan(): string | null {
    const unstruck = this.#nemesis.notInjected();
    const { length } = this.#input.plan.faults;
    if (!this.#mustStrike || length === 0 || unstruck.length < length) return null;
    const why = unstruck.slice(0, 3).map(({ index, kind, reason }) => `faults[${index}] (${kind}): ${reason}`);
    const none =
      length === 1 ? "the one fault of the plan never struck" : `none of the ${length} faults of the plan struck`;
    return `${none}: ${why.join("; ")}`;
  }

  #unused(): Pick<RunResult, "unused"> {
    const { choices, reseeds } = this.#control.world.unused();
    const unused = [
      ...choices.map((at) => `choices: nothing was drawn at ${JSON.stringify(at)}`),
      ...reseeds.map((atEvent) => `reseeds: the run ended before event ${atEvent}`),
    ];
    return unused.length === 0 ? {} : { unused };
  }

  #finish(trouble: Trouble | null): RunOutcome {
    const { world } = this.#control;
    const history: readonly HistoryEvent[] = this.#workload.history;
    const windows = this.#nemesis.windows();
    const judged = judge({
      scenario: this.#scenario,
      context: this.#context,
      history,
      watch: this.#watch,
      properties: world.properties,
      liveness: this.#liveness,
      eventually: this.#eventually,
      bounds: this.#bounds,
      windows,
      limits: this.#limits,
      validation: this.#validation,
      isSpecificationAlone: this.#isSpecificationAlone,
      trouble,
      idlePlan: this.#idlePlan(),
      thrown: this.#workload.thrown(),
    });
    const result: RunResult = {
      scenario: this.#scenario.name,
      seed: this.#input.seed,
      verdict: judged.verdict,
      digest: trouble?.isOfSeed === false ? null : world.digest.hex(),
      events: world.eventCount,
      virtualUs: world.nowUs,
      properties: judged.properties,
      operations: { ...this.#workload.counts },
      faults: this.#nemesis.stats(),
      planned: this.#input.plan.faults.length,
      unstruck: this.#nemesis.notInjected(),
      thrown: this.#workload.thrown(),
      ...this.#unused(),
      marks: Object.fromEntries(world.properties.marks),
      sometimes: Object.fromEntries(world.properties.sometimes),
      counts: { ...judged.counts, messages: this.#control.network.datagramsSent },
      ...(this.#validation === null ? {} : { specification: this.#validation.result() }),
      input: { ...this.#input, plan: this.#nemesis.resolved() },
    };
    return {
      result,
      history,
      prints: world.prints,
      trace: world.traceRecords,
      verdicts: judged.verdicts,
      faultWindows: windows,
    };
  }
}

/** One run in a hundred is executed again, with deep checks: which ones is decided by scenario and seed alone. */
export function isSampled(scenario: string, seed: string): boolean {
  return hashText(`${scenario}/${seed}`).lo % 100 === 0;
}
