/**
 * Modules to scopes: loading, EXTENDS, INSTANCE with substitutions and parameters, LOCAL, submodules.
 *
 * An instance is a fresh copy of a module's definitions in which the declared constants and variables stand for what the
 * substitution gives (by default: the same name where the INSTANCE stands). Definitions compile only when used, so a copy
 * costs little.
 */
import { type Span, TlaError } from "../errors.ts";
import { builtinModules, standardModules } from "../modules/builtin.ts";
import { missingModules } from "../modules/missing.ts";
import type { InstanceUnit, Module, Node, Param, Unit } from "../syntax/ast.ts";
import { parseFile } from "../syntax/parse-module.ts";
import { demandLevels } from "./level-rules.ts";
import { demandMeaning, type Surrounding } from "./meaning.ts";
import {
  type AssumeUnit,
  childScope,
  define,
  type Entity,
  type InstanceEntity,
  type Layout,
  lookup,
  type Scope,
  type VariableEntity,
} from "./scope.ts";

/** Where a module's definitions are made: in the root, or in an instance with its substitutions. */
type Context = {
  readonly scopes: Map<string, Scope>;
  /** undefined in the root: constants and variables are declared for real. */
  readonly bindings:
    | {
        readonly values: ReadonlyMap<string, Node>;
        readonly scope: Scope;
        readonly at: Span;
        /** The names that were declared in the module and so stand for what the bindings say. */
        readonly declared: Set<string>;
      }
    | undefined;
  readonly layout: Layout | undefined;
};
export type Assumption = { readonly unit: AssumeUnit; readonly scope: Scope };
export type Library = {
  readonly load: (name: string) => string | undefined;
  readonly modules: Map<string, Module>;
  readonly variables: VariableEntity[];
  readonly assumptions: Assumption[];
  /** Every scope made for a module, instances included: where `Name <- [Module] Other` looks. */
  readonly scopesOf: Map<string, Scope[]>;
  /** How many variables of instantiated modules stand for expressions. */
  virtualCount: number;
  readonly submodules: Map<Scope, Map<string, Module>>;
  /** The identifiers of the specification's files, in the order in which they were read. */
  readonly words: string[];
  /** The strings of each file that was read; and those of the files that are complete, a file after those it extends. */
  readonly stringsOf: Map<string, readonly string[]>;
  readonly strings: string[];
  /** The modules being loaded, outermost first. */
  readonly loading: string[];
  /** Modules that hold a PlusCal algorithm without its translation. */
  readonly untranslated: Set<string>;
  /** Library modules declare nothing, so all modules share their definitions (and what the configuration makes of them). */
  readonly shared: Context;
};

export function createLibrary(load: (name: string) => string | undefined): Library {
  return {
    load,
    modules: new Map(),
    variables: [],
    assumptions: [],
    scopesOf: new Map(),
    submodules: new Map(),
    words: [],
    stringsOf: new Map(),
    strings: [],
    loading: [],
    untranslated: new Set(),
    virtualCount: 0,
    shared: rootContext(),
  };
}

/** Loads the root module and everything it extends. Throws TlaError for what cannot be found, parsed or resolved. */
export function loadRoot(library: Library, name: string): Scope {
  const scope = moduleScope(library, name, undefined, rootContext(), undefined);
  demandLevels(library);
  return scope;
}

function rootContext(): Context {
  return { scopes: new Map(), bindings: undefined, layout: undefined };
}

function findModule(
  library: Library,
  name: string,
  from: Scope | undefined,
  at: Span | undefined,
): { module: Module; parent: Scope | undefined } {
  for (let scope = from; scope !== undefined; scope = scope.parent) {
    const inner = library.submodules.get(scope)?.get(name);
    if (inner !== undefined) return { module: inner, parent: scope };
  }
  const known = library.modules.get(name);
  if (known !== undefined) return { module: known, parent: undefined };
  const own = standardModules.has(name) ? undefined : library.load(name);
  const text = own ?? builtinModules.get(name)?.text;
  if (text === undefined) {
    const hint = missingModules.includes(name)
      ? ": it is one of the community's that this engine does not bring; put a copy beside the specification or in a folder of --library"
      : "";
    throw new TlaError("resolve", `module ${name} cannot be found${hint}`, at);
  }
  const file = parseFile(text, name);
  if (hasUntranslated(text)) library.untranslated.add(name);
  if (own !== undefined) library.words.push(...file.words);
  for (const module of file.modules) if (!library.modules.has(module.name)) library.modules.set(module.name, module);
  library.stringsOf.set(name, own === undefined ? [] : file.strings);
  const module = library.modules.get(name);
  if (module === undefined)
    throw new TlaError("resolve", `the text of module ${name} declares no module of that name`, at);
  return { module, parent: undefined };
}

function hasUntranslated(text: string): boolean {
  return /--(?:fair\s+)?algorithm\b/.test(text) && !/\\\*+\s*BEGIN TRANSLATION/.test(text);
}

function moduleScope(
  library: Library,
  name: string,
  from: Scope | undefined,
  wanted: Context,
  at: Span | undefined,
): Scope {
  const isLibrary = builtinModules.has(name) && (standardModules.has(name) || library.load(name) === undefined);
  const context = isLibrary ? library.shared : wanted;
  demandNoCircle(library, name, at);
  const known = context.scopes.get(name);
  if (known !== undefined) return known;
  const { module, parent } = findModule(library, name, from, at);
  const scope: Scope = {
    names: new Map(),
    parent,
    hidden: new Set(),
    instantiate: (inner, unit) => addInstance(library, inner, unit, undefined),
  };
  context.scopes.set(name, scope);
  const list = library.scopesOf.get(name) ?? [];
  list.push(scope);
  library.scopesOf.set(name, list);
  library.loading.push(name);
  for (const extended of module.extends)
    importNames(scope, moduleScope(library, extended.name, scope, context, extended.span));
  library.strings.push(...(library.stringsOf.get(name) ?? []));
  library.stringsOf.delete(name);
  const natives = isLibrary ? builtinModules.get(name)?.natives : undefined;
  for (const [native, code] of Object.entries(natives ?? {})) {
    scope.names.set(native, { kind: "native", name: native, native: code, module: name, override: undefined });
  }
  if (!isLibrary) demandMeaning(module, surroundingOf(scope));
  for (const unit of module.units) addUnit(library, scope, unit, module.name, context);
  library.loading.pop();
  return scope;
}

function demandNoCircle({ loading }: Library, name: string, at: Span | undefined): void {
  const from = loading.indexOf(name);
  if (from < 0) return;
  const circle = [...loading.slice(from), name].join(", ");
  throw new TlaError("resolve", `a module cannot extend or instantiate itself: ${circle}`, at);
}

/** What a module gets from those it extends and those around it; asked before its own names are added. */
function surroundingOf(scope: Scope): Surrounding {
  const imported = new Map(scope.names);
  return {
    isKnown: (name) => imported.has(name) || (scope.parent !== undefined && lookup(scope.parent, name) !== undefined),
    owner: (name) => {
      const entity = imported.get(name);
      const module = entity !== undefined && "module" in entity ? entity.module : undefined;
      // Which names the community's modules pass on changed from release to release: these may be defined anew.
      const isLoose = module === undefined || (builtinModules.has(module) && !standardModules.has(module));
      return isLoose ? undefined : module;
    },
  };
}

function importNames(target: Scope, source: Scope): void {
  for (const [name, entity] of source.names) if (source.hidden?.has(name) !== true) target.names.set(name, entity);
}

function addUnit(library: Library, scope: Scope, unit: Unit, module: string, context: Context): void {
  if ("isLocal" in unit && unit.isLocal && unit.name !== undefined) scope.hidden?.add(unit.name);
  switch (unit.kind) {
    case "recursive":
      return;
    case "constants":
      for (const param of unit.params) scope.names.set(param.name, declareConstant(param, module, context, unit.span));
      return;
    case "variables":
      for (const name of unit.names) scope.names.set(name, declareVariable(library, name, context, unit.span));
      return;
    case "assume":
      if (context.bindings === undefined) library.assumptions.push({ unit, scope });
      if (unit.name !== undefined)
        scope.names.set(
          unit.name,
          define({ ...unit, name: unit.name, params: [] }, { scope, up: context.layout, module, isLocal: false }),
        );
      return;
    case "module": {
      const inner = library.submodules.get(scope) ?? new Map<string, Module>();
      inner.set(unit.module.name, unit.module);
      library.submodules.set(scope, inner);
      return;
    }
    case "instance":
      addInstance(library, scope, unit, context.layout);
      return;
    case "function":
      scope.names.set(
        unit.name,
        define({ ...unit, params: [] }, { scope, up: context.layout, module, isLocal: unit.isLocal }),
      );
      return;
    default:
      scope.names.set(unit.name, define(unit, { scope, up: context.layout, module, isLocal: unit.isLocal }));
  }
}

/** Makes an instance's names visible: directly when it has no name, else behind `Name!`. */
export function addInstance(library: Library, scope: Scope, unit: InstanceUnit, up: Layout | undefined): void {
  if (unit.name === undefined) {
    const declared = new Set<string>();
    const made = instantiate(library, scope, unit, up, scope, declared);
    for (const [name, entity] of made.names) {
      // What the module declares stands for something that is here already, and is no name of its own.
      if (made.hidden?.has(name) === true || declared.has(name)) continue;
      if (!unit.isLocal) scope.hidden?.delete(name);
      else if (!scope.names.has(name)) scope.hidden?.add(name);
      if (!scope.names.has(name) || entity.kind !== "native") scope.names.set(name, entity);
    }
    return;
  }
  const layout: Layout | undefined = unit.params.length === 0 ? undefined : { up, size: 1 + unit.params.length };
  let made: Scope | undefined;
  const names = (): Scope => {
    if (made !== undefined) return made;
    const inner = childScope(scope);
    if (layout !== undefined) {
      unit.params.forEach((param, i) => {
        inner.names.set(param.name, { kind: "param", name: param.name, layout, slot: 1 + i, arity: param.arity });
      });
    }
    made = instantiate(library, inner, unit, layout ?? up, scope);
    return made;
  };
  const entity: InstanceEntity = {
    kind: "instance",
    name: unit.name,
    params: unit.params,
    layout,
    up,
    names,
    isLocal: unit.isLocal,
  };
  scope.names.set(unit.name, entity);
  // Resolved at once, so that a missing module or substitution is an error even if nothing of the instance is used.
  names();
}

function instantiate(
  library: Library,
  bindingScope: Scope,
  unit: InstanceUnit,
  layout: Layout | undefined,
  from: Scope,
  declared: Set<string> = new Set(),
): Scope {
  const values = new Map<string, Node>();
  for (const { name, value } of unit.substitutions) {
    if (values.has(name)) throw new TlaError("resolve", `${name} is substituted twice in this INSTANCE`, value.span);
    values.set(name, value);
  }
  const context: Context = {
    scopes: new Map(),
    bindings: { values, scope: bindingScope, at: unit.span, declared },
    layout,
  };
  const scope = moduleScope(library, unit.module, from, context, unit.span);
  for (const [name, value] of values)
    if (!declared.has(name))
      throw new TlaError(
        "resolve",
        `module ${unit.module} declares no constant or variable ${name}, so nothing can be substituted for it`,
        value.span,
      );
  return scope;
}

function declareConstant(param: Param, module: string, context: Context, span: Span): Entity {
  if (context.bindings !== undefined) return substituted(param, context, span);
  return { kind: "constant", name: param.name, arity: param.arity, module, value: undefined, override: undefined };
}

function declareVariable(library: Library, name: string, context: Context, span: Span): Entity {
  if (context.bindings !== undefined) return substituted({ name, arity: 0 }, context, span, true);
  const entity: VariableEntity = { kind: "variable", name, index: library.variables.length };
  library.variables.push(entity);
  return entity;
}

/** What a declared name of an instantiated module stands for. */
function substituted(param: Param, context: Context, span: Span, isVariable = false): Entity {
  const { values, scope, at, declared } = context.bindings!;
  declared.add(param.name);
  const given = values.get(param.name);
  const isPlainName =
    given === undefined || (given.kind === "apply" && given.prefix.length === 0 && given.args.length === 0);
  if (isPlainName) {
    const name = given !== undefined && given.kind === "apply" ? given.name : param.name;
    for (let inside: Scope | undefined = scope; inside !== undefined; inside = inside.parent) {
      const found = inside.names.get(name);
      if (found === undefined) continue;
      if (isVariable && found.kind === "param") found.level = 1;
      // A variable that stands for a defined expression is not that definition: ENABLED tells them apart.
      if (!isVariable || found.kind !== "definition") return found;
      const body: Node = given ?? { kind: "apply", prefix: [], name, args: [], span: at };
      const wrapped = define(
        { name: param.name, params: [], body, span: body.span },
        { scope, up: context.layout, module: span.module, isLocal: false },
      );
      return { ...wrapped, standsForVariable: true };
    }
    const what =
      given === undefined
        ? `this INSTANCE gives no value to ${name}, and no ${name} is known here`
        : `unknown name ${name}`;
    throw new TlaError("resolve", what, given?.span ?? at);
  }
  const place = { scope, up: context.layout, module: span.module, isLocal: false };
  if (given.kind === "lambda") {
    return define(
      {
        name: param.name,
        params: given.params.map((name) => ({ name, arity: 0 })),
        body: given.body,
        span: given.span,
      },
      place,
    );
  }
  if (param.arity === 0)
    return {
      ...define({ name: param.name, params: [], body: given, span: given.span }, place),
      standsForVariable: isVariable,
    };
  const params = Array.from({ length: param.arity }, (_unused, i) => ({ name: `$${i}`, arity: 0 }));
  const args = params.map(({ name }): Node => ({ kind: "apply", prefix: [], name, args: [], span: given.span }));
  const body: Node = given.kind === "apply" ? { ...given, args } : given;
  return define({ name: param.name, params, body, span: given.span }, place);
}
