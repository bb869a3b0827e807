/** Lists against the laws and against naive lists that follow the papers element by element. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareText, type Dot } from "./clock.ts";
import type { Level } from "./identifier.ts";
import type { IdentifierOp } from "./identifier-run.ts";
import { checkLaws, type HistoryUpdate, type LawSubject } from "./laws.ts";
import {
  fugueList,
  fugueText,
  growList,
  identifierText,
  type ListType,
  type OriginListType,
  rgaText,
} from "./lists.ts";
import type { OriginList } from "./origin-list.ts";
import type { ListInsert, OriginOp } from "./origin-run.ts";
import { integerCodec } from "./value-codec.ts";

const CASES = Number(process.env["CRDT_CASES"] ?? 200);
const ONLY = process.env["CRDT_TYPE"];

function law<S, O>(name: string, subject: LawSubject<S, O>): void {
  if (ONLY !== undefined && ONLY !== name) return;
  it(`${name}: all roads agree and merge is a join`, { timeout: 6_000_000 }, () => {
    const script = fc.array(fc.nat({ max: 63 }), { maxLength: Number(process.env["CRDT_STEPS"] ?? 80), size: "max" });
    fc.assert(
      fc.property(script, (numbers) => {
        expect(checkLaws(subject, numbers)).toBeNull();
      }),
      { numRuns: CASES },
    );
  });
}

type Element = { dot: Dot; left: Dot | null; right: Dot | null; stamp: number; unit: string; isDeleted: boolean };

function isSame(a: Dot | null, b: Dot | null): boolean {
  return a?.actor === b?.actor && a?.counter === b?.counter;
}

/** One element at a time into an array; `place` gives the index. */
function naive(
  history: readonly HistoryUpdate<OriginOp<string>>[],
  place: (list: Element[], element: Element) => number,
): string {
  const list: Element[] = [];
  for (const { op } of history) {
    if (op.kind === "delete") {
      for (const range of op.ranges) {
        for (const element of list) {
          const offset = element.dot.counter - range.counter;
          if (element.dot.actor === range.actor && offset >= 0 && offset < range.length) element.isDeleted = true;
        }
      }
      continue;
    }
    let left = op.left;
    for (let i = 0; i < op.content.length; i++) {
      const dot = { actor: op.dot.actor, counter: op.dot.counter + i };
      const stamp = op.stamp === 0 ? 0 : op.stamp + i;
      const element = { dot, left, right: op.right, stamp, unit: op.content[i]!, isDeleted: false };
      list.splice(place(list, element), 0, element);
      left = dot;
    }
  }
  return list
    .filter((element) => !element.isDeleted)
    .map((element) => element.unit)
    .join("");
}

/** FugueMax as the paper's list form says it. */
function placeFugue(list: Element[], element: Element): number {
  const indexOf = (dot: Dot | null, none: number): number =>
    dot === null ? none : list.findIndex((other) => isSame(other.dot, dot));
  const left = indexOf(element.left, -1);
  const right = indexOf(element.right, list.length);
  let target = left + 1;
  let isScanning = false;
  for (let i = left + 1; ; i++) {
    if (!isScanning) target = i;
    if (i === list.length || i === right) break;
    const otherLeft = indexOf(list[i]!.left, -1);
    const otherRight = indexOf(list[i]!.right, list.length);
    if (otherLeft < left || (otherLeft === left && otherRight === right && element.dot.actor < list[i]!.dot.actor))
      break;
    if (otherLeft === left) isScanning = otherRight < right;
  }
  return target;
}

function placeRga(list: Element[], element: Element): number {
  let i = element.left === null ? 0 : list.findIndex((other) => isSame(other.dot, element.left)) + 1;
  while (i < list.length) {
    const other = list[i]!;
    if (other.stamp < element.stamp || (other.stamp === element.stamp && other.dot.actor < element.dot.actor)) break;
    i += 1;
  }
  return i;
}

/** What an identifier list must show: every element that was not deleted, sorted by its path. */
function sortByIdentifier(history: readonly HistoryUpdate<IdentifierOp<string>>[]): string {
  const elements: { path: readonly Level[]; unit: string }[] = [];
  for (const { op } of history) {
    if (op.kind === "delete") continue;
    for (let i = 0; i < op.content.length; i++) {
      const last = { digit: op.digit + i, actor: op.dot.actor, counter: op.dot.counter + i };
      elements.push({ path: [...op.prefix, last], unit: op.content[i]! });
    }
  }
  const deletes = history.flatMap(({ op }) => (op.kind === "delete" ? op.ranges : []));
  const isLive = ({ path }: { path: readonly Level[] }): boolean => {
    const { actor, counter } = path.at(-1)!;
    return !deletes.some(
      (range) => range.actor === actor && counter >= range.counter && counter < range.counter + range.length,
    );
  };
  const compare = (a: readonly Level[], b: readonly Level[]): number => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = a[i]!.digit - b[i]!.digit || compareText(a[i]!.actor, b[i]!.actor) || a[i]!.counter - b[i]!.counter;
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
  return elements
    .filter(isLive)
    .sort((a, b) => compare(a.path, b.path))
    .map((element) => element.unit)
    .join("");
}

function textSubject(
  type: OriginListType<string>,
  place: typeof placeFugue,
): LawSubject<OriginList<string>, OriginOp<string>> {
  return {
    type,
    propose: (state, actor, draw) => {
      const { length } = state;
      if (draw(3) === 0 && length > 0) {
        const position = draw(length);
        return type.delete(state, { position, count: 1 + draw(Math.min(3, length - position)) });
      }
      return type.insert(state, actor, draw(length + 1), "abcdefgh".slice(draw(4), 5 + draw(3)));
    },
    view: (state) => state.read(),
    specify: (history) => naive(history, place),
  };
}

describe("lists", () => {
  law("fugue-text", textSubject(fugueText, placeFugue));
  law("rga-text", textSubject(rgaText, placeRga));
  law("identifier-text", {
    type: identifierText,
    propose: (state, actor, draw) => {
      const { length } = state;
      if (draw(3) === 0 && length > 0) {
        const position = draw(length);
        return identifierText.delete(state, { position, count: 1 + draw(Math.min(3, length - position)) });
      }
      return identifierText.insert(state, actor, draw(length + 1), "abcdefgh".slice(draw(4), 5 + draw(3)));
    },
    view: (state) => state.read(),
    specify: sortByIdentifier,
  });
  const grow = growList(integerCodec);
  law("grow-list", {
    type: grow,
    propose: (state, actor, draw) => grow.insert(state, actor, draw(state.length + 1), [draw(9), draw(9), draw(9)]),
    view: (state) => grow.read(state).length,
    specify: (history) => history.length * 3,
  });
  const numbers = fugueList(integerCodec);
  law("fugue-list", {
    type: numbers,
    propose: (state, actor, draw) => {
      const { length } = state;
      if (draw(3) === 0 && length > 0) return numbers.delete(state, { position: draw(length), count: 1 });
      return numbers.insert(state, actor, draw(length + 1), [draw(9), draw(9)]);
    },
    view: (state) => numbers.read(state).length,
  });
});

/** Types each text at the place where the last letter went: forwards to the right, backwards to the left of it. */
function typeRun<S, O>(
  type: ListType<S, O, string>,
  actor: string,
  letters: string,
  direction: "forward" | "backward",
): S {
  const state = type.create();
  type.apply(state, type.insert(state, "base", 0, "[]"));
  let position = 1;
  for (const letter of direction === "forward" ? letters : [...letters].reverse()) {
    type.apply(state, type.insert(state, actor, position, letter));
    if (direction === "forward") position += 1;
  }
  return state;
}

function mergeRuns<S, O>(type: ListType<S, O, string>, direction: "forward" | "backward"): string {
  const state = type.create();
  for (const [actor, letters] of [
    ["a", "milk"],
    ["b", "eggs"],
    ["c", "bread"],
  ] as const) {
    type.merge(state, typeRun(type, actor, letters, direction));
  }
  return type.read(state);
}

const APART = /^\[(milk|eggs|bread){3}\]$/;

describe("interleaving of concurrent runs", () => {
  it("Fugue keeps runs typed forwards apart", () => expect(mergeRuns(fugueText, "forward")).toMatch(APART));
  it("Fugue keeps runs typed backwards apart", () => expect(mergeRuns(fugueText, "backward")).toMatch(APART));
  it("RGA keeps runs typed forwards apart", () => expect(mergeRuns(rgaText, "forward")).toMatch(APART));
  it("RGA interleaves runs typed backwards", () => expect(mergeRuns(rgaText, "backward")).not.toMatch(APART));
  it("identifier paths interleave runs of either direction", () => {
    expect(mergeRuns(identifierText, "forward")).not.toMatch(APART);
    expect(mergeRuns(identifierText, "backward")).not.toMatch(APART);
  });
});

describe("validation of list operations", () => {
  const insert = (overrides: Partial<ListInsert<string>>): ListInsert<string> => ({
    kind: "insert",
    dot: { actor: "a", counter: 1 },
    left: null,
    right: null,
    stamp: 0,
    content: "x",
    ...overrides,
  });

  it("an insert before its neighbours, a reused dot and a foreign rule are told apart", () => {
    const state = fugueText.create();
    expect(fugueText.validateOp(state, insert({ dot: { actor: "a", counter: 2 } }))?.code).toBe("missing-dots");
    expect(fugueText.validateOp(state, insert({ left: { actor: "b", counter: 1 } }))?.code).toBe("missing-dots");
    expect(fugueText.validateOp(state, insert({ stamp: 1 }))?.code).toBe("inconsistent");
    fugueText.apply(state, insert({}));
    fugueText.apply(state, insert({ dot: { actor: "a", counter: 2 } }));
    expect(fugueText.validateOp(state, insert({}))).toBeNull();
    expect(fugueText.validateOp(state, insert({ right: { actor: "a", counter: 2 } }))?.code).toBe("double-spent-dot");
  });
});
