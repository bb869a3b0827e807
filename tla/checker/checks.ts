/** What is checked in every state and step, compiled from the configuration. */
import { describeSpan, TlaError } from "../errors.ts";
import { levelNames } from "../eval/level-rules.ts";
import { entityLevel } from "../eval/levels.ts";
import type { Value } from "../values/types.ts";
import {
  type Formula,
  formulaAt,
  type Generator,
  type Model,
  type Predicate,
  predicateOf,
  requireDefinition,
  definedFormula,
  settingPredicate,
} from "../eval/model.ts";
import { lookup } from "../eval/scope.ts";
import type { NamedSetting } from "../syntax/config.ts";
import { formulaOf, type Scoped } from "./sites.ts";
import {
  actionAt,
  behaviourOf,
  type Behaviour,
  defined,
  demandNoAction,
  initOf,
  splitTemporal,
} from "./specification.ts";

/** A property that needs whole behaviours: checked on the finished graph. */
export type LivenessProperty = { readonly name: string; readonly parts: readonly Scoped[] };
export type Checks = {
  readonly behaviour: Behaviour;
  readonly init: Generator | undefined;
  readonly next: Generator | undefined;
  readonly invariants: readonly Predicate[];
  readonly constraints: readonly Predicate[];
  readonly actionConstraints: readonly Predicate[];
  /** Conjuncts of properties that speak of the first state, of every state, and of every step. */
  readonly impliedInitial: readonly Predicate[];
  readonly impliedAlways: readonly Predicate[];
  readonly impliedSteps: readonly Predicate[];
  readonly liveness: readonly LivenessProperty[];
  readonly view: Formula | undefined;
  readonly alias: Formula | undefined;
  readonly postconditions: readonly Predicate[];
};

export function createChecks(model: Model): Checks {
  const { config } = model;
  demandSettingLevels(model);
  const behaviour = behaviourOf(model);
  const properties = config.properties.map((setting) => {
    const parts = splitTemporal(model.compiler, defined(model, setting));
    demandNoAction(setting, parts.initial, "PROPERTY");
    return { name: setting.name, parts };
  });
  const predicates = (pick: (parts: (typeof properties)[number]["parts"]) => readonly Scoped[]): Predicate[] => {
    return properties.flatMap(({ name, parts }) =>
      pick(parts).map((part) => predicateOf(formulaOf(model, name, part))),
    );
  };
  const { init, next, name } = behaviour;
  return {
    behaviour,
    init: init && initOf(model, init),
    next: next && actionAt(model, next, { mode: "next", owner: name }),
    invariants: config.invariants.map((setting) => settingPredicate(model, setting)),
    constraints: config.constraints.map((setting) => settingPredicate(model, setting)),
    actionConstraints: config.actionConstraints.map((setting) => settingPredicate(model, setting)),
    impliedInitial: predicates((parts) => parts.initial),
    impliedAlways: predicates((parts) => parts.always),
    impliedSteps: predicates((parts) => parts.steps),
    liveness: properties
      .filter(({ parts }) => parts.temporal.length > 0)
      .map(({ name: of, parts }) => ({ name: of, parts: parts.temporal })),
    view: config.view && definedFormula(model, requireDefinition(model, config.view)),
    alias: config.alias && definedFormula(model, requireDefinition(model, config.alias)),
    postconditions: config.postconditions.map((setting) => settingPredicate(model, setting)),
  };
}

/** Throws TlaError (config) for what speaks of more than it may where the configuration names it. */
function demandSettingLevels(model: Model): void {
  const { config } = model;
  const single = (setting: NamedSetting | undefined): readonly NamedSetting[] =>
    setting === undefined ? [] : [setting];
  const limits: readonly (readonly [string, readonly NamedSetting[], number, string])[] = [
    ["an invariant", config.invariants, 1, "a state predicate; name it as a PROPERTY"],
    ["a constraint", config.constraints, 1, "a state predicate; an action is an ACTION_CONSTRAINT"],
    ["an action constraint", config.actionConstraints, 2, "a state predicate or an action"],
    ["INIT", single(config.init), 1, "a state predicate"],
    ["NEXT", single(config.next), 2, "an action; a temporal formula is a SPECIFICATION"],
    ["SYMMETRY", single(config.symmetry), 0, "a constant"],
    ["VIEW", single(config.view), 1, "an expression about one state"],
    ["ALIAS", single(config.alias), 2, "an expression about a state and the next"],
    ["a postcondition", config.postconditions, 1, "an expression without primes"],
  ];
  for (const [what, settings, limit, wanted] of limits)
    for (const setting of settings) {
      const entity = lookup(model.scope, setting.name);
      const level = entityLevel(entity);
      if (level > limit)
        throw new TlaError(
          "config",
          `${setting.name} cannot be ${what}: expected ${wanted}; found ${levelNames[level]}` +
            (entity?.kind === "definition" ? ` (${describeSpan(entity.span)})` : ""),
          setting.span,
        );
    }
}

/**
 * Throws TlaError (config) if the configuration names no behaviour, but something that could only be checked with one, or if
 * nothing at all would be checked.
 */
export function demandBehaviour(model: Model, checks: Checks): void {
  if (checks.init !== undefined) return;
  const { invariants, properties, constraints, actionConstraints, postconditions } = model.config;
  const [asked] = [...invariants, ...properties, ...constraints, ...actionConstraints, ...postconditions];
  if (asked !== undefined)
    throw new TlaError(
      "config",
      `${asked.name} cannot be checked without SPECIFICATION, or INIT and NEXT, which are missing here`,
      asked.span,
    );
  if (model.compiler.library.assumptions.length === 0)
    throw new TlaError(
      "config",
      "there is nothing to check: the configuration names no SPECIFICATION, nor INIT and NEXT, and nothing is assumed",
    );
}

/** Evaluates something about one step. */
export function inStep<T>(
  model: Model,
  from: readonly (Value | undefined)[],
  to: readonly (Value | undefined)[],
  look: () => T,
): T {
  const m = model.machine;
  const { current, next, target, epoch, nextEpoch } = m;
  m.current = from as Value[];
  m.next = to as Value[];
  m.target = NOWHERE;
  m.epoch = ++m.epochCount;
  m.nextEpoch = ++m.epochCount;
  try {
    return look();
  } finally {
    m.epoch = epoch;
    m.nextEpoch = nextEpoch;
    m.current = current;
    m.next = next;
    m.target = target;
  }
}

/** Checks ASSUMEs; returns the first that is false. */
export function failedAssumption(model: Model): Predicate | undefined {
  for (const { unit, scope } of model.compiler.library.assumptions) {
    const predicate = predicateOf(formulaAt(model, unit.name ?? "ASSUME", unit.body, scope));
    if (!predicate.holds()) return predicate;
  }
  return undefined;
}

/** Evaluates something about one state: LETs and thunks may keep state-level values while it lasts. */
export function inState<T>(model: Model, state: readonly (Value | undefined)[], look: () => T): T {
  const m = model.machine;
  const { current, next, target, epoch, nextEpoch } = m;
  m.current = state as Value[];
  m.next = NOWHERE;
  m.target = NOWHERE;
  m.epoch = ++m.epochCount;
  m.nextEpoch = 0;
  try {
    return look();
  } finally {
    m.epoch = epoch;
    m.nextEpoch = nextEpoch;
    m.current = current;
    m.next = next;
    m.target = target;
  }
}

/** The next state of a state predicate: none. */
export const NOWHERE: Value[] = [];
