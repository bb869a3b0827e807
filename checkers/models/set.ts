/**
 * Sets: add, remove, contains of one element; read of the whole set.
 *
 * An outcome of true or false says whether the set was changed (add, remove) or holds the element (contains); any other
 * outcome of add and remove says nothing. Without whole reads the elements are independent, and each is a partition of
 * two states. The element is the value of the operation, else its key; a key beside a value names the set.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import type { Model } from "../model.ts";
import { compareText, keyOfValue } from "../values.ts";

/** Elements in order of code points. */
type Elements = readonly string[];

/** `isWhole` when the history reads whole sets, which ties the elements together. */
export function setModel(isWhole: boolean): Model<Elements> {
  const model: Model<Elements> = {
    name: "set",
    functions: isWhole ? ["add", "remove", "contains", "read"] : ["add", "remove", "contains"],
    init: [],
    problemWith,
    step,
    hash: (elements) => JSON.stringify(elements),
    describe,
    describeState: (elements) => (elements.length === 0 ? "the empty set" : `{${elements.join(", ")}}`),
    isPure: (operation) => operation.f === "contains" || operation.f === "read" || isUnchanged(operation),
    isBlind: isWhole ? () => false : isBlindAlone,
  };
  return isWhole ? model : { ...model, keyOf: (operation) => `${elementOf(operation)} ${operation.key ?? ""}` };
}

/** An add or remove that is known to have changed nothing. */
function isUnchanged(operation: Operation): boolean {
  return !operation.isPending && operation.output === false;
}

/** Alone in its partition, an element's add or remove without an outcome decides the state. */
function isBlindAlone(operation: Operation): boolean {
  if (operation.f !== "add" && operation.f !== "remove") return false;
  return operation.isPending || typeof operation.output !== "boolean";
}

function elementOf(operation: Operation): string {
  return operation.input === null && operation.key !== undefined ? operation.key : `${keyOfValue(operation.input)}`;
}

function problemWith(operation: Operation): string | undefined {
  if (operation.isPending) return undefined;
  if (operation.f === "read" && !Array.isArray(operation.output)) return "a list of elements that was read";
  if (operation.f === "contains" && typeof operation.output !== "boolean") return "true or false from contains";
  return undefined;
}

function step(elements: Elements, operation: Operation): readonly Elements[] {
  if (operation.f === "read") return operation.isPending || isSameSet(elements, operation) ? [elements] : [];
  const element = elementOf(operation);
  const isIn = elements.includes(element);
  if (operation.f === "contains") return operation.isPending || operation.output === isIn ? [elements] : [];
  const isChanging = operation.f === "add" ? !isIn : isIn;
  if (typeof operation.output === "boolean" && !operation.isPending && operation.output !== isChanging) return [];
  if (!isChanging) return [elements];
  if (operation.f === "add") return [[...elements, element].sort(compareText)];
  return [elements.filter((other) => other !== element)];
}

function isSameSet(elements: Elements, operation: Operation): boolean {
  const read = new Set((operation.output as readonly PlainJson[]).map((item) => `${keyOfValue(item)}`));
  return read.size === elements.length && elements.every((element) => read.has(element));
}

function describe(operation: Operation): string {
  const argument = operation.f === "read" ? "" : show(operation.input ?? operation.key);
  return `${operation.f}(${argument}) -> ${operation.isPending ? "?" : show(operation.output)}`;
}
