/**
 * Names and calls: built-in operators, variables, constants, parameters, LET definitions, definitions, natives, instances.
 *
 * Arguments are passed by need: a literal or bound variable as its value, anything else as a thunk. A parameter that is
 * primed or used as an action needs the expression, so thunks keep it.
 */
import { failAt, throughCall, TlaError } from "../errors.ts";
import type { InstancePrefix, Node, NodeOf } from "../syntax/ast.ts";
import type { Value } from "../values/types.ts";
import { compileAction } from "./actions.ts";
import { compileBuiltin } from "./builtins.ts";
import { type Compiler, hopsTo, linkTo, locate, outer, type Place, unknownName, virtualIndex } from "./compiler.ts";
import { compileFunction } from "./data.ts";
import { compileNativeArgument, compileOperator } from "./operators.ts";
import { compile, variableIndex } from "./expressions.ts";
import { selectedCall } from "./selectors.ts";
import { keep, keptValues, keptValue, mayBeKept, placeOf } from "./kept.ts";
import { entityLevel, levelOf } from "./levels.ts";
import type { Action, Evaluate, Frame, Machine, Slot, Thunk, ThunkCode } from "./machine.ts";
import {
  childScope,
  type Code,
  type DefinitionEntity,
  type Entity,
  type Layout,
  type LetEntity,
  lookup,
  lookupBehind,
  type SlotEntity,
} from "./scope.ts";

/** A name found, and how to reach the frame its definitions hang on. */
export type Found = {
  readonly entity: Entity;
  readonly place: Place;
  readonly enter: ((frame: Frame) => Frame) | undefined;
};

export function compileApply(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate {
  const builtin = node.prefix.length === 0 ? compileBuiltin(c, node, place) : undefined;
  if (builtin !== undefined) return builtin;
  const selected = selectedCall(node, place.scope);
  if (selected !== undefined) {
    const site = { inner: { ...place, scope: selected.definition.scope }, place, enter: undefined };
    return compileCall(c, selected.node, selected.definition, site);
  }
  const { entity, place: inner, enter } = resolve(c, node, place);
  if (enter !== undefined) {
    const evaluate = compileEntity(c, node, entity, inner, place, enter);
    return evaluate;
  }
  return compileEntity(c, node, entity, place, place, undefined);
}

/** Finds what a possibly prefixed name stands for. */
export function resolve(c: Compiler, node: NodeOf<"apply">, place: Place): Found {
  let inside = place;
  let enter: ((frame: Frame) => Frame) | undefined;
  for (const step of node.prefix) {
    const entity = (inside === place ? lookup : lookupBehind)(inside.scope, step.name);
    if (entity === undefined) throw new TlaError("resolve", `unknown instance ${step.name}`, node.span);
    if (entity.kind !== "instance")
      throw new TlaError("resolve", `${step.name} is not an instance, so it has nothing behind "!"`, node.span);
    if (entity.layout !== undefined) {
      const link = linkTo(inside, entity.up);
      const args = compileArguments(c, step, entity.params, place, node);
      const before = enter;
      enter = (frame) => {
        const made: Frame = [link(before === undefined ? frame : before(frame))];
        for (const arg of args) made.push(arg(frame));
        return made;
      };
      inside = { ...inside, layout: entity.layout };
    }
    inside = { ...inside, scope: entity.names() };
  }
  const isBehind = node.prefix.length > 0;
  const entity = isBehind ? lookupBehind(inside.scope, node.name) : lookup(inside.scope, node.name);
  if (entity === undefined) {
    if (!isBehind) throw unknownName(node.name, node.span);
    const names = node.prefix.map((step) => step.name).join("!");
    throw new TlaError("resolve", `the instance ${names} has no ${node.name} that is seen from outside`, node.span);
  }
  return { entity, place: inside, enter };
}

function checkArity(node: NodeOf<"apply">, arity: number): void {
  if (node.args.length === arity) return;
  throw new TlaError(
    "resolve",
    `${node.name} takes ${arity} argument${arity === 1 ? "" : "s"}, found ${node.args.length}`,
    node.span,
  );
}

/** `inner` is where the entity was found, `place` where the arguments stand; they differ behind an instance's prefix. */
function compileEntity(
  c: Compiler,
  node: NodeOf<"apply">,
  entity: Entity,
  inner: Place,
  place: Place,
  enter: ((frame: Frame) => Frame) | undefined,
): Evaluate {
  const { m } = c;
  switch (entity.kind) {
    case "variable": {
      const { index, name } = entity;
      return () => m.current[index] ?? failAt(node.span, `${name} is used before it has a value`);
    }
    case "constant": {
      if (entity.value === undefined)
        throw new TlaError(
          "config",
          `the constant ${entity.name} has no value: the configuration must give it one`,
          node.span,
        );
      const { value } = entity;
      if (node.args.length > 0) return compileOperatorCall(c, node, () => value, place);
      return () => value;
    }
    case "bound":
    case "param":
      return compileSlot(c, node, entity, place);
    case "let":
      return compileLetUse(c, entity, place);
    case "native":
      checkArity(node, entity.native.arity);
      entity.native.demand?.(node.args);
      return compileNative(c, node, entity.native.run, place);
    case "instance":
      throw new TlaError(
        "resolve",
        `${entity.name} is an instance: expected "!" and the name of a definition`,
        node.span,
      );
    default:
      return compileCall(c, node, entity, { inner, place, enter });
  }
}

function compileNative(
  c: Compiler,
  node: NodeOf<"apply">,
  run: (m: Machine, args: readonly Value[]) => Value,
  place: Place,
): Evaluate {
  const { m } = c;
  const args = node.args.map((arg) => compileNativeArgument(c, arg, place));
  return (frame) => {
    try {
      return run(
        m,
        args.map((arg) => arg(frame)),
      );
    } catch (error) {
      const known = locate(error, node.span);
      if (known instanceof TlaError && known.isAssertion && m.onAssertion !== undefined) {
        m.onAssertion(known);
        return true;
      }
      throw known;
    }
  };
}

function force(m: Machine, thunk: Thunk): Value {
  if (thunk.value !== undefined) return thunk.value;
  const reads = m.u.nextReads;
  const value = thunk.code.evaluate(thunk.frame);
  // While an initial state is being made, its variables still change under the thunk.
  if (thunk.code.isCacheable && m.target !== m.current && m.u.nextReads === reads) thunk.value = value;
  return value;
}

function isThunk(slot: Slot): slot is Thunk {
  return typeof slot === "object" && !Array.isArray(slot) && slot.kind === "thunk";
}

function compileSlot(c: Compiler, node: NodeOf<"apply">, entity: SlotEntity, place: Place): Evaluate {
  const { m } = c;
  const hops = hopsTo(place.layout, entity.layout);
  const { slot } = entity;
  if (node.args.length > 0) return compileOperatorCall(c, node, (frame) => outer(frame, hops)[slot] as Value, place);
  if (entity.kind === "bound") {
    if (hops === 0) return (frame) => frame[slot] as Value;
    if (hops === 1) return (frame) => (frame[0] as Frame)[slot] as Value;
    return (frame) => outer(frame, hops)[slot] as Value;
  }
  const read = (value: Slot): Value => {
    if (!isThunk(value)) return value as Value;
    return place.isPrimed ? value.code.evaluate(value.frame) : force(m, value);
  };
  if (hops === 0) return (frame) => read(frame[slot]);
  return (frame) => read(outer(frame, hops)[slot]);
}

/** The thunk behind a parameter, if it has one: for primes, UNCHANGED and actions. */
export function parameterThunk(node: Node, place: Place): ((frame: Frame) => Thunk | undefined) | undefined {
  if (node.kind !== "apply" || node.args.length > 0 || node.prefix.length > 0) return undefined;
  const entity = lookup(place.scope, node.name);
  if (entity?.kind !== "param") return undefined;
  const hops = hopsTo(place.layout, entity.layout);
  return (frame) => {
    const slot = outer(frame, hops)[entity.slot];
    return isThunk(slot) ? slot : undefined;
  };
}

function compileOperatorCall(c: Compiler, node: NodeOf<"apply">, operator: Evaluate, place: Place): Evaluate {
  const args = node.args.map((arg) => compileNativeArgument(c, arg, place));
  return (frame) => {
    const value = operator(frame);
    if (typeof value !== "object" || value.kind !== "operator")
      return failAt(node.span, `${node.name} is not an operator, so it takes no arguments`);
    return value.apply(args.map((arg) => arg(frame)));
  };
}

function compileLetUse(c: Compiler, entity: LetEntity, place: Place): Evaluate {
  const { m } = c;
  const hops = hopsTo(place.layout, entity.layout);
  const { slot } = entity;
  const level = entityLevel(entity);
  if (entity.evaluate === undefined) {
    // Set first, so that a definition that mentions itself wrongly is caught when evaluated, not here.
    entity.evaluate = () => failAt(entity.body.span, `${entity.name} is defined by itself`);
    const own: Place = { scope: entity.scope, layout: entity.layout, isPrimed: false };
    const { bounds } = entity;
    entity.evaluate =
      bounds === undefined ? compile(c, entity.body, own) : compileFunction(c, bounds, entity.body, own, entity.name);
  }
  const isFresh = place.isPrimed || level >= 2;
  return (frame) => {
    const home = outer(frame, hops);
    if (isFresh || (level === 1 && m.target === m.current)) return entity.evaluate!(home);
    const known = home[slot] as Value | undefined;
    if (known !== undefined) return known;
    const reads = m.u.nextReads;
    const value = entity.evaluate!(home);
    if (m.u.nextReads === reads) home[slot] = value;
    return value;
  };
}

/** The compiled form of a definition; recursion finds the entry that is being made. */
export function codeOf(c: Compiler, definition: DefinitionEntity): Code {
  if (definition.code !== undefined) return definition.code;
  const layout: Layout = { up: definition.up, size: 1 };
  const code: Code = {
    layout,
    evaluate: () => failAt(definition.span, `${definition.name} is used while it is being compiled`),
    action: { init: undefined, next: undefined },
    labelled: { init: undefined, next: undefined },
    isPending: false,
  };
  definition.code = code;
  const place = bodyPlace(definition, layout);
  const { bounds, body, name } = definition;
  if (bounds !== undefined) code.evaluate = compileFunction(c, bounds, body, place, name);
  else code.evaluate = compile(c, body, place);
  return code;
}

/** The scope and layout of a definition's body: its parameters in the first slots. */
export function bodyPlace(definition: DefinitionEntity, layout: Layout): Place {
  const scope = childScope(definition.scope);
  definition.params.forEach((param, i) => {
    scope.names.set(param.name, { kind: "param", name: param.name, layout, slot: 1 + i, arity: param.arity });
  });
  layout.size = Math.max(layout.size, 1 + definition.params.length);
  return { scope, layout, isPrimed: false };
}

type CallSite = { readonly inner: Place; readonly place: Place; readonly enter: ((frame: Frame) => Frame) | undefined };

function compileCall(c: Compiler, node: NodeOf<"apply">, definition: DefinitionEntity, site: CallSite): Evaluate {
  if (definition.value !== undefined) {
    const { value } = definition;
    return () => value;
  }
  if (definition.params.length === 0 && node.args.length === 0) return compilePlainCall(c, node, definition, site);
  const makeFrame = compileFrame(c, node, definition, site);
  const code = codeOf(c, definition);
  const { name } = definition;
  return (frame) => {
    try {
      return code.evaluate(makeFrame(frame));
    } catch (error) {
      throw throughCall(error, name, node.span);
    }
  };
}

/** A definition without parameters; a constant one is evaluated once and for all. */
function compilePlainCall(c: Compiler, node: NodeOf<"apply">, definition: DefinitionEntity, site: CallSite): Evaluate {
  const code = codeOf(c, definition);
  const { name } = definition;
  const link = linkTo(site.inner, definition.up);
  const isConstant = definition.up === undefined && entityLevel(definition) === 0;
  const { m } = c;
  const virtual = virtualIndex(c, definition);
  const kept = mayBeKept(definition) ? keptValues() : undefined;
  return (frame) => {
    // Under a prime inside ENABLED, the variable this stands for has a value of its own.
    if (virtual >= 0 && m.enabledDepth > 0 && m.current === m.next) {
      return m.next[virtual] ?? failAt(node.span, `${name}' is used before the step has given it a value`);
    }
    if (isConstant && definition.value !== undefined) return definition.value;
    const at = kept === undefined ? -1 : placeOf(m);
    if (at >= 0) {
      const known = keptValue(kept![at]!, m, at);
      if (known !== undefined) return known;
    }
    const own: Frame = new Array(code.layout.size);
    own[0] = link(site.enter === undefined ? frame : site.enter(frame));
    try {
      const value = code.evaluate(own);
      if (isConstant) definition.value = value;
      else if (at >= 0) keep(kept![at]!, m, at, value);
      return value;
    } catch (error) {
      throw throughCall(error, name, node.span);
    }
  };
}

/** Makes the frame for a call: the link to the enclosing scope, then the arguments. */
export function compileFrame(
  c: Compiler,
  node: NodeOf<"apply">,
  definition: DefinitionEntity,
  site: CallSite,
): (frame: Frame) => Frame {
  checkArity(node, definition.params.length);
  const link = linkTo(site.inner, definition.up);
  const args = compileArguments(c, { name: node.name, args: node.args }, definition.params, site.place, node);
  const { enter } = site;
  const layout = (): number => definition.code?.layout.size ?? 1 + args.length;
  return (frame) => {
    const made: Frame = new Array(layout());
    made[0] = link(enter === undefined ? frame : enter(frame));
    for (let i = 0; i < args.length; i++) made[i + 1] = args[i]!(frame);
    return made;
  };
}

function compileArguments(
  c: Compiler,
  call: InstancePrefix,
  params: readonly { readonly arity: number }[],
  place: Place,
  node: Node,
): ((frame: Frame) => Slot)[] {
  if (call.args.length !== params.length) {
    throw new TlaError(
      "resolve",
      `${call.name} takes ${params.length} arguments, found ${call.args.length}`,
      node.span,
    );
  }
  return call.args.map((arg, i) =>
    params[i]!.arity > 0 ? compileOperator(c, arg, params[i]!.arity, place) : compileArgument(c, arg, place),
  );
}

/** Values that are at hand are passed as such, parameters as they came, everything else as a thunk. */
function compileArgument(c: Compiler, arg: Node, place: Place): (frame: Frame) => Slot {
  if (arg.kind === "number" || arg.kind === "string" || arg.kind === "boolean") return compile(c, arg, place);
  if (arg.kind === "apply" && arg.args.length === 0 && arg.prefix.length === 0) {
    const entity = lookup(place.scope, arg.name);
    if (entity?.kind === "bound" || entity?.kind === "constant") return compile(c, arg, place);
    if (entity?.kind === "param" && !place.isPrimed) {
      const hops = hopsTo(place.layout, entity.layout);
      return (frame) => outer(frame, hops)[entity.slot];
    }
  }
  const code = thunkCode(c, arg, place);
  return (frame): Thunk => ({ kind: "thunk", code, frame, value: undefined });
}

function thunkCode(c: Compiler, arg: Node, place: Place): ThunkCode {
  const actions: { init: Action | undefined; next: Action | undefined } = { init: undefined, next: undefined };
  return {
    evaluate: compile(c, arg, place),
    isCacheable: levelOf(arg, place.scope) < 2,
    action: (mode) => (actions[mode] ??= compileAction(c, arg, place, { mode, owner: undefined })),
    variable: variableIndex(arg, place),
    primed: arg.kind === "prime" ? variableIndex(arg.body, place) : -1,
  };
}
