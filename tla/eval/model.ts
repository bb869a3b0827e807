/**
 * A model: a specification with a configuration, resolved and compiled, ready to be checked or to validate traces.
 */
import { type Span, TlaError } from "../errors.ts";
import { type Config, type ConfigValue, type NamedSetting, parseConfig } from "../syntax/config.ts";
import type { Node } from "../syntax/ast.ts";
import type { Value } from "../values/types.ts";
import { compileAction, withLabel } from "./actions.ts";
import { bodyPlace, codeOf } from "./calls.ts";
import { type ActionLabel, type Compiler, type Place, truth } from "./compiler.ts";
import { compile } from "./expressions.ts";
import { type Continue, createMachine, type Frame, type Machine, type Surroundings } from "./machine.ts";
import { createLibrary, type Library, loadRoot } from "./modules.ts";
import { type DefinitionEntity, type Entity, type Layout, lookup, type Scope } from "./scope.ts";

/** A formula of the root module that can be evaluated in the machine's current state (and next, if it speaks of it). */
export type Formula = {
  readonly name: string;
  readonly node: Node;
  readonly place: Place;
  readonly evaluate: () => Value;
};
export type Predicate = { readonly name: string; readonly node: Node; readonly holds: () => boolean };
export type Model = {
  readonly name: string;
  readonly config: Config;
  readonly compiler: Compiler;
  readonly machine: Machine;
  readonly scope: Scope;
  readonly variables: readonly string[];
  readonly labels: readonly ActionLabel[];
  /** What a reader of the result should know, and is no error. */
  readonly warnings: readonly string[];
};
export type ModelSource = {
  /** The text of a module by name; undefined if there is none. */
  readonly load: (name: string) => string | undefined;
  /** The name of the root module. */
  readonly spec: string;
  /** The text of the configuration. */
  readonly config: string;
  readonly configName?: string | undefined;
  readonly surroundings?: Partial<Surroundings> | undefined;
};

/** Loads, resolves and configures. Throws TlaError (syntax, resolve or config). */
export function createModel(source: ModelSource): Model {
  const config = parseConfig(source.config, source.configName ?? `${source.spec}.cfg`);
  const machine = createMachine({
    print: () => {},
    readText: () => undefined,
    environment: {},
    ...source.surroundings,
  });
  const library = createLibrary(source.load);
  const scope = loadRoot(library, source.spec);
  internStrings(machine, config, library);
  const compiler: Compiler = { m: machine, library, labels: [] };
  const warnings = configure(config, library, scope, machine);
  const variables = library.variables.map((variable) => variable.name);
  machine.names = variables;
  machine.isDeadlockChecked = config.checkDeadlock;
  machine.current = new Array<Value | undefined>(variables.length);
  machine.next = new Array<Value | undefined>(variables.length);
  machine.target = machine.next;
  return { name: source.spec, config, compiler, machine, scope, variables, labels: compiler.labels, warnings };
}

/**
 * Gives strings their order, which is TLC's: that of their first mention, where the names in a specification count as well:
 * the strings of the configuration, the identifiers of all files, then the strings in them.
 */
function internStrings({ u }: Machine, config: Config, library: Library): void {
  const inValue = (value: ConfigValue | undefined): void => {
    if (value?.kind === "string") u.string(value.text);
    if (value?.kind === "set") value.elements.forEach(inValue);
  };
  for (const { value } of config.constants) inValue(value);
  for (const text of [...library.words, ...library.strings]) u.string(text);
}

function configure(config: Config, library: Library, scope: Scope, m: Machine): string[] {
  const warnings: string[] = [];
  for (const setting of config.constants) {
    const targets = findTargets(library, scope, setting.name, setting.inModule);
    if (targets.length === 0) {
      // `r1 = r1` without a declaration just names a model value.
      if (setting.value?.kind === "model" && setting.value.text === setting.name) continue;
      // As in TLC, what gives a value to a constant that nobody declares says nothing.
      if (setting.value !== undefined && setting.inModule === undefined) {
        warnings.push(`${setting.name} = ... is ignored: the specification declares no constant ${setting.name}`);
        continue;
      }
      const where = setting.inModule === undefined ? "the specification" : `module ${setting.inModule}`;
      throw new TlaError("config", `${setting.name} is not defined in ${where}`, setting.span);
    }
    for (const target of targets) {
      if (setting.value !== undefined) give(target, givenValue(m, setting.value, setting.span), setting.span);
      else redirect(target, requireEntity(scope, { name: setting.operator!, span: setting.span }));
    }
  }
  for (const entity of scope.names.values()) {
    if (entity.kind === "constant" && entity.value === undefined && entity.override === undefined) {
      throw new TlaError(
        "config",
        `the constant ${entity.name} of module ${entity.module} has no value: the configuration must give it one`,
      );
    }
  }
  return warnings;
}

function findTargets(library: Library, scope: Scope, name: string, inModule: string | undefined): Entity[] {
  const scopes = inModule === undefined ? [scope] : (library.scopesOf.get(inModule) ?? []);
  return scopes.flatMap((inside) => inside.names.get(name) ?? []);
}

function give(target: Entity, value: Value, span: Span): void {
  if (target.kind === "constant" || target.kind === "definition") target.value = value;
  else throw new TlaError("config", `${"name" in target ? target.name : "this"} cannot be given a value`, span);
}

function redirect(target: Entity, to: Entity): void {
  if (target.kind === "constant" || target.kind === "definition" || target.kind === "native") {
    if (target !== to) target.override = to;
  }
}

function givenValue(m: Machine, value: ConfigValue, span: Span): Value {
  try {
    return toValue(m, value);
  } catch (error) {
    throw error instanceof TlaError ? new TlaError("config", error.message, span) : error;
  }
}

function toValue(m: Machine, value: ConfigValue): Value {
  if (value.kind === "number" || value.kind === "boolean") return value.value;
  if (value.kind === "set") return m.u.set(value.elements.map((element) => toValue(m, element)));
  return value.kind === "string" ? m.u.string(value.text) : m.u.model(value.text);
}

function requireEntity(scope: Scope, setting: NamedSetting): Entity {
  const entity = lookup(scope, setting.name);
  if (entity === undefined)
    throw new TlaError("config", `${setting.name} is not defined in the specification`, setting.span);
  return entity;
}

function requireNamed(model: Model, setting: NamedSetting): Entity {
  if (lookup(model.scope, setting.name) === undefined && model.compiler.library.untranslated.has(model.name))
    throw new TlaError(
      "config",
      `${setting.name} is not defined: module ${model.name} holds a PlusCal algorithm without its translation, and only the ` +
        "translation is checked. Translate it with the TLA+ tools (pcal.trans, or Parse Module in their editors)",
      setting.span,
    );
  return requireEntity(model.scope, setting);
}

/** The definition a setting of the configuration names. */
export function requireDefinition(model: Model, setting: NamedSetting): DefinitionEntity {
  const entity = requireNamed(model, setting);
  if (entity.kind !== "definition") throw new TlaError("config", `${setting.name} is not a definition`, setting.span);
  if (entity.params.length > 0)
    throw new TlaError("config", `${setting.name} takes arguments, so it cannot be used here`, setting.span);
  return entity;
}

/** A formula at a place of its own: a fresh frame for each evaluation. */
export function formulaAt(model: Model, name: string, node: Node, scope: Scope): Formula {
  const layout: Layout = { up: undefined, size: 1 };
  const place: Place = { scope, layout, isPrimed: false };
  const evaluate = compile(model.compiler, node, place);
  return { name, node, place, evaluate: () => evaluate(new Array(layout.size)) };
}

/** A definition without parameters as a formula. */
export function definedFormula(model: Model, definition: DefinitionEntity): Formula {
  const code = codeOf(model.compiler, definition);
  const { body: node, name } = definition;
  const place = bodyPlace(definition, code.layout);
  return { name, node, place, evaluate: () => code.evaluate(new Array(code.layout.size)) };
}

export function predicateOf(formula: Formula): Predicate {
  const { name, node, evaluate } = formula;
  return { name, node, holds: () => truth(evaluate(), node) };
}

export function settingPredicate(model: Model, setting: NamedSetting): Predicate {
  const entity = requireNamed(model, setting);
  if (entity.kind === "definition" && entity.params.length === 0 && entity.value === undefined)
    return predicateOf(definedFormula(model, entity));
  const node: Node = { kind: "apply", prefix: [], name: setting.name, args: [], span: setting.span };
  return predicateOf(formulaAt(model, setting.name, node, model.scope));
}

/** Runs an action in the machine; the continuation sees each outcome in `target`. */
export type Generator = (then: Continue) => boolean;

/** An action with a frame of its own; outcomes inside no named action carry the given name. */
export function generatorOf(
  model: Model,
  node: Node,
  at: { readonly place: Place; readonly frame: () => Frame },
  options: { readonly mode: "init" | "next"; readonly owner: string },
): Generator {
  const { compiler } = model;
  const action = compileAction(compiler, node, at.place, options);
  const label = compiler.labels.push({ name: options.owner, span: node.span, isInitial: options.mode === "init" }) - 1;
  const { run } = withLabel(compiler, label, action);
  return (then) => run(at.frame(), then);
}
