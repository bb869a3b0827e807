/**
 * Containers: queue, stack, priority queue and deque. A removal that finds nothing answers null.
 *
 * A pending removal took whatever is next, or found nothing; the latter changes nothing, so it need not be considered.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import type { Model } from "../model.ts";
import { isSameValue, keyOfValue } from "../values.ts";

type Items = readonly PlainJson[];

/** First in, first out: enq (enqueue), deq (dequeue). */
export function queueModel(): Model<Items> {
  return makeContainer("queue", {
    enq: (items, value) => [...items, value],
    enqueue: (items, value) => [...items, value],
    deq: takeFirst,
    dequeue: takeFirst,
  });
}

/** Last in, first out: push, pop. */
export function stackModel(): Model<Items> {
  return makeContainer("stack", { push: (items, value) => [...items, value], pop: takeLast });
}

/** The least number comes out first: insert (add), poll. */
export function priorityQueueModel(): Model<Items> {
  const insert: Put = (items, value) => [...items, value].sort((left, right) => Number(left) - Number(right));
  const model = makeContainer("priority-queue", { insert, add: insert, poll: takeFirst });
  const problemWith = (operation: Operation): string | undefined =>
    operation.f !== "poll" && typeof operation.input !== "number" ? "a number to insert" : undefined;
  return { ...model, problemWith };
}

/** Both ends: pushFront, pushBack, popFront, popBack. */
export function dequeModel(): Model<Items> {
  return makeContainer("deque", {
    pushFront: (items, value) => [value, ...items],
    pushBack: (items, value) => [...items, value],
    popFront: takeFirst,
    popBack: takeLast,
  });
}

type Put = (items: Items, value: PlainJson) => Items;
type Taken = { readonly value: PlainJson; readonly rest: Items } | undefined;
type Take = (items: Items) => Taken;

/** Puts have two parameters, takes one. */
function makeContainer(name: string, functions: Readonly<Record<string, Put | Take>>): Model<Items> {
  return {
    name,
    functions: Object.keys(functions),
    init: [],
    step: (items, operation) => {
      const apply = functions[operation.f]!; // the functions are checked before a search
      if (isPut(apply)) return [apply(items, operation.input)];
      const taken = apply(items);
      if (operation.isPending) return taken === undefined ? [] : [taken.rest];
      if (taken === undefined) return operation.output === null ? [items] : [];
      return operation.output !== null && isSameValue(taken.value, operation.output) ? [taken.rest] : [];
    },
    hash: (items) => JSON.stringify(items),
    describe: (operation) => describe(operation, isPut(functions[operation.f]!)),
    describeState: (items) => (items.length === 0 ? "empty" : show(items)),
    isPure: (operation) => !operation.isPending && !isPut(functions[operation.f]!) && operation.output === null,
    elementOf: (operation) => elementOf(operation, isPut(functions[operation.f]!)),
  };
}

function isPut(apply: Put | Take): apply is Put {
  return apply.length === 2;
}

function takeFirst(items: Items): Taken {
  return items.length === 0 ? undefined : { value: items[0]!, rest: items.slice(1) };
}

function takeLast(items: Items): Taken {
  return items.length === 0 ? undefined : { value: items[items.length - 1]!, rest: items.slice(0, -1) };
}

/** A removal without an answer belongs to no known element, which keeps the shrinker from deleting any. */
function elementOf(operation: Operation, isInsertion: boolean): string | undefined {
  if (isInsertion) return `${keyOfValue(operation.input)}`;
  if (operation.isPending) return undefined;
  return operation.output === null ? "nothing" : `${keyOfValue(operation.output)}`;
}

function describe(operation: Operation, isInsertion: boolean): string {
  if (isInsertion) return `${operation.f}(${show(operation.input)})${operation.isPending ? " -> ?" : ""}`;
  return `${operation.f}() -> ${operation.isPending ? "?" : operation.output === null ? "empty" : show(operation.output)}`;
}
