/**
 * Parts of a definition by name (TLA+2): `Def!:` is its right side, `Def!2` an operand, `Def!G(x)` a definition of its LET,
 * `Def!lab(x)` what a label names; `Def(a)!2!G(b)` and the like go on from there.
 *
 * A part becomes a definition of its own: its parameters are those of the definition and what was bound on the way, its body
 * is the part inside the LETs that stand around it.
 */
import { TlaError } from "../errors.ts";
import type { InstancePrefix, Node, NodeOf, Param, Unit } from "../syntax/ast.ts";
import { childrenOf } from "../syntax/walk.ts";
import { define, type DefinitionEntity, lookup, type Scope } from "./scope.ts";

export type SelectedCall = { readonly definition: DefinitionEntity; readonly node: NodeOf<"apply"> };

/** Where the walk stands: the part so far, the LETs around it, the parameters and their arguments. */
type At = {
  readonly body: Node;
  readonly lets: readonly (readonly Unit[])[];
  readonly params: readonly Param[];
  readonly args: readonly Node[];
};

/** The call that a name with selectors stands for; undefined if it has none. Throws TlaError (resolve). */
export function selectedCall(node: NodeOf<"apply">, scope: Scope): SelectedCall | undefined {
  const [first, ...rest] = node.prefix;
  if (first === undefined) return undefined;
  const entity = lookup(scope, first.name);
  if (entity?.kind !== "definition") return undefined;
  demandCount(first, entity.params.length, node);
  let at: At = { body: entity.body, lets: [], params: entity.params, args: first.args };
  const path = [first.name];
  for (const step of [...rest, { name: node.name, args: node.args }]) {
    at = select(at, step, node, path.join("!"));
    path.push(step.name);
  }
  const body = at.lets.reduceRight<Node>(
    (inner, units) => ({ kind: "let", units, body: inner, span: inner.span }),
    at.body,
  );
  const name = path.join("!");
  const definition = define(
    { name, params: at.params, body, span: node.span },
    { scope: entity.scope, up: entity.up, module: entity.module, isLocal: true },
  );
  return { definition, node: { kind: "apply", prefix: [], name, args: at.args, span: node.span } };
}

function demandCount({ name, args }: InstancePrefix, wanted: number, node: Node): void {
  if (args.length !== wanted)
    throw new TlaError("resolve", `${name} takes ${wanted} arguments here, found ${args.length}`, node.span);
}

function select(at: At, step: InstancePrefix, node: Node, path: string): At {
  const { body } = at;
  if (step.name === ":") return at;
  if (/^\d+$/.test(step.name)) return operand(at, Number(step.name), node, path);
  if (body.kind === "let") {
    const unit = body.units.find((one) => one.kind === "operator" && one.name === step.name);
    if (unit?.kind === "operator") {
      demandCount(step, unit.params.length, node);
      return {
        body: unit.body,
        lets: [...at.lets, body.units],
        params: [...at.params, ...unit.params],
        args: [...at.args, ...step.args],
      };
    }
  }
  const found = labelled(body, step.name, []);
  if (found === undefined) return none(node, path, step.name);
  demandCount(step, found.node.label!.params.length, node);
  const params = found.node.label!.params.map((name) => ({ name, arity: 0 }));
  return {
    body: found.node,
    lets: [...at.lets, ...found.lets],
    params: [...at.params, ...params],
    args: [...at.args, ...step.args],
  };
}

function operand(at: At, index: number, node: Node, path: string): At {
  const { body } = at;
  if (body.kind === "let" && index === 1) return { ...at, body: body.body, lets: [...at.lets, body.units] };
  // What is bound by a quantifier has no meaning outside of it, so only parts that bind nothing are numbered here.
  const open = [
    "apply",
    "and",
    "or",
    "tuple",
    "set",
    "times",
    "if",
    "index",
    "enabled",
    "prime",
    "always",
    "eventually",
  ];
  const operands = open.includes(body.kind) ? childrenOf(body) : [];
  const part = operands[index - 1];
  return part === undefined ? none(node, path, String(index)) : { ...at, body: part };
}

type Labelled = { readonly node: Node; readonly lets: readonly (readonly Unit[])[] };

/** The expression with a label, not looking into other labelled ones. */
function labelled(node: Node, name: string, lets: readonly (readonly Unit[])[]): Labelled | undefined {
  if (node.label?.name === name) return { node, lets };
  const inside = node.kind === "let" ? [...lets, node.units] : lets;
  for (const child of node.kind === "let" ? [node.body] : childrenOf(node)) {
    if (child.label !== undefined && child.label.name !== name) continue;
    const found = labelled(child, name, inside);
    if (found !== undefined) return found;
  }
  return undefined;
}

function none(node: Node, path: string, part: string): never {
  throw new TlaError("resolve", `${path} has no part ${part} that this engine can find`, node.span);
}
