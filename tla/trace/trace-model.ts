/** A specification with a mapping, compiled so that any number of traces can be validated against it. */
import { type Checks, createChecks } from "../checker/checks.ts";
import { actionAt } from "../checker/specification.ts";
import { TlaError } from "../errors.ts";
import { compileAction } from "../eval/actions.ts";
import { bodyPlace, codeOf } from "../eval/calls.ts";
import type { Action, Evaluate, Frame } from "../eval/machine.ts";
import { createModel, type Generator, type Model, type ModelSource } from "../eval/model.ts";
import { type DefinitionEntity, lookup } from "../eval/scope.ts";
import type { Value } from "../values/types.ts";
import type { EventMapping, TraceMapping } from "./mapping.ts";

export type State = readonly Value[];
/** An operator of the specification, both ways: as a generator and as a predicate on a step. */
export type NamedAction = {
  readonly name: string;
  readonly arity: number;
  readonly definition: DefinitionEntity;
  readonly frame: (args: readonly Value[]) => Frame;
  readonly run: Action["run"];
  readonly holds: Evaluate;
};

/** A specification ready to validate any number of traces. */
export type TraceModel = {
  readonly model: Model;
  readonly checks: Checks;
  readonly mapping: TraceMapping;
  readonly actions: ReadonlyMap<string, NamedAction>;
  readonly next: Generator;
  /** For each variable: whether the mapping declares it a ghost. */
  readonly isGhost: readonly boolean[];
};

/** Loads and compiles the specification. Throws TlaError for what cannot be read, or a mapping that names no operator. */
export function createTraceModel(source: ModelSource, mapping: TraceMapping): TraceModel {
  const model = createModel(source);
  const checks = createChecks(model);
  const { init, next, name } = checks.behaviour;
  if (init === undefined || next === undefined)
    throw new TlaError("config", "a trace can only be validated against a specification with Init and Next");
  const actions = new Map<string, NamedAction>();
  for (const action of namesIn(mapping)) actions.set(action, namedAction(model, action));
  const ghosts = mapping.ghosts ?? [];
  const stranger = ghosts.find((ghost) => !model.variables.includes(ghost));
  if (stranger !== undefined)
    throw new TlaError("resolve", `the mapping names the ghost ${stranger}, which is no variable of ${model.name}`);
  if (ghosts.length > 0 && mapping.unobserved !== "unchanged")
    throw new TlaError("resolve", "a mapping with ghosts must tell everything else: unobserved has to be unchanged");
  return {
    isGhost: model.variables.map((name) => ghosts.includes(name)),
    model,
    checks,
    mapping,
    actions,
    next: later(() => actionAt(model, next, { mode: "next", owner: name })),
  };
}

/** The whole relation is large, and most traces never need it. */
function later(make: () => Generator): Generator {
  let made: Generator | undefined;
  return (then) => (made ??= make())(then);
}

export function namesIn(mapping: TraceMapping): Set<string> {
  const names = new Set(mapping.hidden ?? []);
  for (const event of Object.values(mapping.events)) for (const name of actionsOf(event)) names.add(name);
  return names;
}

export function actionsOf(event: EventMapping): readonly string[] {
  if (event.kind === "composed") return event.actions;
  if (event.kind !== "action") return [];
  return typeof event.action === "string" ? [event.action] : event.action;
}

export function namedAction(model: Model, name: string): NamedAction {
  const entity = lookup(model.scope, name);
  if (entity?.kind !== "definition" || entity.bounds !== undefined)
    throw new TlaError("resolve", `the mapping names ${name}, which is no operator of ${model.name}`);
  const code = codeOf(model.compiler, entity);
  const place = bodyPlace(entity, code.layout);
  const { run } = compileAction(model.compiler, entity.body, place, { mode: "next", owner: undefined });
  const frame = (args: readonly Value[]): Frame => {
    const made: Frame = new Array(code.layout.size);
    for (let i = 0; i < args.length; i++) made[i + 1] = args[i];
    return made;
  };
  return { name, arity: entity.params.length, definition: entity, frame, run, holds: (own) => code.evaluate(own) };
}
