/**
 * Stacks whose values are all different: decrease and conquer.
 *
 * After Lee and Mathur (OOPSLA 2025) and Abdulla, Grahn, Jonsson, Krishna and Mishra (PLDI 2025); the argument in short.
 * 1. A value whose push and pop overlap can be pushed and popped in one moment, whatever else happens: delete it.
 * 2. Every other value certainly stays in from the return of its push to the call of its pop. At a moment that no such stay
 *    covers the stack can be empty: of the values around that moment, each pop can move before it or each push
 *    after it. So every span of stays is a history of its own.
 * 3. Within a span the stack is never empty, so one value lies at the bottom all the time. Its push was called before any push
 *    of the span returned, and its pop returned after every pop was called. Any value like that will do: pushed first
 *    and popped last it disturbs nobody. Delete all of them, and go on with what is left. A span without one is a violation.
 * O(n log n) for each level of nesting. Pops that never returned: pending-takes.ts. A pop that finds nothing needs a moment outside of all spans.
 */
import { type Operation, show } from "../history.ts";
import { keyOfValue } from "../values.ts";
import {
  emptyConflict,
  isIn,
  type Item,
  matchItems,
  mergeStays,
  proofOf,
  type Span,
  spanAround,
  stay,
} from "./containers.ts";
import { type Attempt, type Conflict, decideContainer } from "./pending-takes.ts";
import { contradiction, orderByPoint, type Placed, type Special, type SpecialResult } from "./special.ts";

export const stackByValues: Special = { name: "stack-by-values", check, replay };

export function isPush(operation: Operation): boolean {
  return operation.f === "push";
}

function check(operations: readonly Operation[]): SpecialResult {
  const matched = matchItems(operations, isPush);
  if ("result" in matched) return matched.result;
  const { container } = matched;
  return decideContainer(container, (items) => arrange(items, container.empties));
}

function arrange(items: readonly Item[], empties: readonly Operation[]): ReturnType<Attempt> {
  const placed: Placed[] = [];
  for (const item of items) {
    if (item.putReturn < item.takeCall || item.take === undefined) continue;
    placed.push({ point: Math.max(item.putCall, item.takeCall), tie: MOMENT_TIE, operations: [item.put, item.take] });
  }
  const spans = mergeStays(items);
  for (const empty of empties) {
    const span = spanAround(spans, empty.call);
    const isCovered = span !== undefined && empty.call < span.end;
    if (isCovered && empty.return < span.end) return emptyConflict(empty, span);
    placed.push({ point: isCovered ? span.end : empty.call, tie: MOMENT_TIE, operations: [empty] });
  }
  const stuck = conquer(spans, placed);
  return stuck === undefined ? { order: orderByPoint(placed) } : bottomConflict(stuck);
}

/**
 * A span without a bottom is really several, or a shorter one. A value that stays and was pushed in time would be a bottom,
 * so either everything is out when some value goes in, or all is out by the time at which the bottom comes out.
 */
function bottomConflict(span: Span): Conflict {
  const moments = new Set<number>();
  for (const item of span.items) {
    if (item.putReturn > span.start) moments.add(item.putReturn);
    if (item.takeReturn < Number.POSITIVE_INFINITY) moments.add(item.takeReturn);
  }
  const sorted = [...moments].sort((left, right) => left - right);
  return { result: noBottom(span), items: span.items, moments: sorted, isPut: isIn };
}

/** At one moment pops that end a span go before what needs no span; a larger tie is later. */
const MOMENT_TIE = 0;

/** Deletes bottom values until nothing is left; the span that has none is returned. */
export function conquer(spans: readonly Span[], placed: Placed[]): Span | undefined {
  const work = spans.slice().reverse();
  // Outer pushes come first and outer pops last, so ties count outwards from the pairs that are found first.
  let depth = 1;
  for (let span = work.pop(); span !== undefined; span = work.pop()) {
    const rest: Item[] = [];
    for (const item of span.items) {
      if (item.putCall > span.start || item.takeReturn < span.end) {
        rest.push(item);
        continue;
      }
      depth += 1;
      placed.push({ point: span.start, tie: depth, operations: [item.put] });
      // What nothing has to come out of for ever is no removal's business: a pending one need not have happened.
      if (item.take !== undefined && span.end < Number.POSITIVE_INFINITY) {
        placed.push({ point: span.end, tie: -depth, operations: [item.take] });
      }
    }
    if (rest.length === span.items.length) return span;
    for (const inner of mergeStays(rest).reverse()) work.push(inner);
  }
  return undefined;
}

/** Two values that the span holds against each other: the one that starts it and the one that ends it do at most. */
function noBottom(span: Span): SpecialResult {
  const first = span.items.reduce((best, item) => (item.putReturn < best.putReturn ? item : best));
  const last = span.items.reduce((best, item) => (item.takeCall > best.takeCall ? item : best));
  const lines = [
    `from event ${span.start} to ${span.end} the stack is never empty, so one value lies at the bottom all the time`,
    `it would have been pushed by event ${span.start}, before ${show(first.value)}, and popped after event ${span.end}`,
    `none of the ${span.items.length} values of that time can be it`,
    stay(first),
    stay(last),
  ];
  const shown = span.items.slice(0, 20);
  return contradiction(lines, proofOf(first, last, ...shown));
}

function replay(order: readonly Operation[]): string | undefined {
  const stack: (string | number)[] = [];
  for (const operation of order) {
    if (isPush(operation)) stack.push(keyOfValue(operation.input));
    else if (operation.isPending) {
      if (stack.pop() === undefined) return `operation ${operation.id} took something from an empty stack`;
    } else if (operation.output === null) {
      if (stack.length > 0) return `operation ${operation.id} found nothing in a stack of ${stack.length}`;
    } else if (stack.pop() !== keyOfValue(operation.output)) {
      return `operation ${operation.id} did not take the newest value`;
    }
  }
  return undefined;
}
