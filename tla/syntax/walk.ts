/** The expressions directly inside an expression, in reading order. */
import type { Bound, Node, Unit } from "./ast.ts";

export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "number":
    case "string":
    case "boolean":
    case "at":
      return [];
    case "apply":
      return [...node.prefix.flatMap((prefix) => prefix.args), ...node.args];
    case "and":
    case "or":
    case "tuple":
    case "set":
    case "times":
      return node.items;
    case "index":
      return [node.fcn, node.index];
    case "field":
      return [node.record];
    case "filter":
      return [node.bound.set, node.body];
    case "map":
    case "fcn":
    case "forall":
    case "exists":
      return [...boundSets(node.bounds), node.body];
    case "fcnSet":
      return [node.domain, node.range];
    case "record":
    case "recordSet":
      return node.fields.map((field) => field.value);
    case "except":
      return [
        node.fcn,
        ...node.updates.flatMap((update) => [
          ...update.path.flatMap((step) => (step.kind === "index" ? [step.index] : [])),
          update.value,
        ]),
      ];
    case "choose":
      return node.set === undefined ? [node.body] : [node.set, node.body];
    case "if":
      return [node.test, node.then, node.else];
    case "case":
      return [...node.arms.flatMap((arm) => [arm.guard, arm.value]), ...(node.other === undefined ? [] : [node.other])];
    case "let":
      return [...node.units.flatMap(unitNodes), node.body];
    case "boxAction":
    case "angleAction":
      return [node.body, node.subscript];
    case "fairness":
      return [node.subscript, node.action];
    default:
      return [node.body];
  }
}

export function boundSets(bounds: readonly Bound[]): Node[] {
  return bounds.map((bound) => bound.set);
}

export function unitNodes(unit: Unit): Node[] {
  if (unit.kind === "operator" || unit.kind === "assume") return [unit.body];
  if (unit.kind === "function") return [...boundSets(unit.bounds), unit.body];
  if (unit.kind === "instance") return unit.substitutions.map((substitution) => substitution.value);
  return [];
}

/** Whether a name occurs as an operator anywhere inside. */
export function mentions(node: Node, name: string): boolean {
  if (node.kind === "apply" && node.name === name && node.prefix.length === 0) return true;
  return childrenOf(node).some((child) => mentions(child, name));
}
