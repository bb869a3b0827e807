/** Sequences, FiniteSets, Randomization and the natives behind the community's collection modules. */
import { fail } from "../errors.ts";
import { drawBelow, type Machine } from "../eval/machine.ts";
import { cardinality } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { isEndless } from "../values/universe.ts";
import {
  asBoolean,
  asFunction,
  asNumber,
  asOperator,
  asSequence,
  asString,
  type BuiltinModule,
  elementsOf,
  impure,
  type Native,
  pure,
} from "./native.ts";
import { svgText } from "./svg.ts";

function isText(value: Value | undefined): boolean {
  return typeof value === "object" && value.kind === "string";
}

function concatenate(m: Machine, left: Value, right: Value): Value {
  if (isText(left) && isText(right)) return m.u.string(asString(left, "\\o") + asString(right, "\\o"));
  return m.u.tuple([...asSequence(m, left, "\\o"), ...asSequence(m, right, "\\o")]);
}

function subSequence(m: Machine, args: readonly Value[]): Value {
  const from = asNumber(args[1], "SubSeq");
  const to = asNumber(args[2], "SubSeq");
  if (isText(args[0])) return m.u.string(asString(args[0], "SubSeq").slice(from - 1, Math.max(from - 1, to)));
  const items = asSequence(m, args[0], "SubSeq");
  if (from > to) return m.u.emptyTuple;
  if (from < 1 || to > items.length)
    return fail(`SubSeq from ${from} to ${to} leaves the sequence ${showValue(args[0]!)}`);
  return m.u.tuple(items.slice(from - 1, to));
}

const sequences: Readonly<Record<string, Native>> = {
  Seq: pure(1, (_m, args) => ({ kind: "sequences", of: args[0]!, normal: undefined })),
  Len: pure(1, (m, args) => (isText(args[0]) ? asString(args[0], "Len").length : asSequence(m, args[0], "Len").length)),
  "\\o": pure(2, (m, args) => concatenate(m, args[0]!, args[1]!)),
  Append: pure(2, (m, args) => m.u.tuple([...asSequence(m, args[0], "Append"), args[1]!])),
  Head: pure(1, (m, args) => asSequence(m, args[0], "Head")[0] ?? fail("Head of the empty sequence")),
  Tail: pure(1, (m, args) => {
    const items = asSequence(m, args[0], "Tail");
    return items.length === 0 ? fail("Tail of the empty sequence") : m.u.tuple(items.slice(1));
  }),
  SubSeq: pure(3, subSequence),
  SelectSeq: pure(2, (m, args) => {
    const test = asOperator(args[1], "SelectSeq");
    return m.u.tuple(asSequence(m, args[0], "SelectSeq").filter((item) => asBoolean(test.apply([item]), "SelectSeq")));
  }),
};

/** Every order of the elements, as functions from positions. */
export function permuteItems(items: readonly Value[]): Value[][] {
  if (items.length === 0) return [[]];
  const result: Value[][] = [];
  for (let i = 0; i < items.length; i++) {
    const rest = items.filter((_item, at) => at !== i);
    for (const order of permuteItems(rest)) result.push([items[i]!, ...order]);
  }
  return result;
}

function foldSet(m: Machine, args: readonly Value[]): Value {
  const combine = asOperator(args[0], "a fold");
  let result = args[1]!;
  for (const element of elementsOf(m, args[2])) result = combine.apply([element, result]);
  return result;
}

function foldFunctionOn(m: Machine, combine: Value, base: Value, fcn: Value, indices: Value): Value {
  const operator = asOperator(combine, "a fold");
  const source = asFunction(m, fcn, "a fold");
  let result = base;
  for (const index of elementsOf(m, indices)) result = operator.apply([m.u.apply(source, index), result]);
  return result;
}

function foldSequence(
  m: Machine,
  args: readonly Value[],
  fromLeft: boolean,
  accumulatorFirst: boolean,
  at: { items: number; base: number },
): Value {
  const operator = asOperator(args[0], "a fold");
  const items = [...asSequence(m, args[at.items], "a fold")];
  if (!fromLeft) items.reverse();
  let result = args[at.base]!;
  for (const item of items) result = operator.apply(accumulatorFirst ? [result, item] : [item, result]);
  return result;
}

function randomSubset(m: Machine, size: number, items: readonly Value[]): Value {
  const left = [...items];
  const chosen: Value[] = [];
  for (let i = 0; i < size && left.length > 0; i++) chosen.push(left.splice(drawBelow(m, left.length), 1)[0]!);
  return m.u.set(chosen);
}

function randomSubsets(m: Machine, count: number, size: number, items: readonly Value[]): Value {
  const sets: Value[] = [];
  const likelihood = items.length === 0 ? 0 : size / items.length;
  for (let i = 0; i < count; i++)
    sets.push(m.u.set(items.filter(() => drawBelow(m, 1_000_000) < likelihood * 1_000_000)));
  return m.u.set(sets);
}

function sorted(m: Machine, items: readonly Value[], before: Value | undefined): Value {
  const less = asOperator(before, "sorting");
  // Insertion keeps equal elements in the set's order and asks for no more than a strict order.
  const result: Value[] = [];
  for (const item of items) {
    let at = result.length;
    while (at > 0 && asBoolean(less.apply([item, result[at - 1]!]), "sorting")) at--;
    result.splice(at, 0, item);
  }
  return m.u.tuple(result);
}

export const collectionNatives: Readonly<Record<string, Native>> = {
  FoldSet: pure(3, foldSet),
  FoldFunction: pure(3, (m, args) =>
    foldFunctionOn(m, args[0]!, args[1]!, args[2]!, asFunction(m, args[2], "FoldFunction").domain),
  ),
  FoldFunctionOnSet: pure(4, (m, args) => foldFunctionOn(m, args[0]!, args[1]!, args[2]!, args[3]!)),
  FoldSeq: pure(3, (m, args) => foldSequence(m, args, true, false, { items: 2, base: 1 })),
  FoldLeft: pure(3, (m, args) => foldSequence(m, args, true, true, { items: 2, base: 1 })),
  FoldRight: pure(3, (m, args) => foldSequence(m, args, false, false, { items: 1, base: 2 })),
  SVGElemToString: pure(1, (m, args) => m.u.string(svgText(m, args[0]!))),
  SetToSeq: pure(1, (m, args) => m.u.tuple(elementsOf(m, args[0]))),
  SetToSortSeq: pure(2, (m, args) => sorted(m, elementsOf(m, args[0]), args[1])),
  SortSeq: pure(2, (m, args) => sorted(m, asSequence(m, args[0], "SortSeq"), args[1])),
};

export const collectionModules: Readonly<Record<string, BuiltinModule>> = {
  Sequences: { natives: sequences, text: "---- MODULE Sequences ----\n====" },
  FiniteSets: {
    natives: {
      Cardinality: pure(1, (m, args) => cardinality(m.u, args[0]!)),
      IsFiniteSet: pure(1, (_m, args) => !isEndless(args[0]!)),
    },
    text: "---- MODULE FiniteSets ----\n====",
  },
  Randomization: {
    natives: {
      RandomSubset: impure(2, (m, args) => randomSubset(m, asNumber(args[0], "RandomSubset"), elementsOf(m, args[1]))),
      RandomSetOfSubsets: impure(3, (m, args) =>
        randomSubsets(
          m,
          asNumber(args[0], "RandomSetOfSubsets"),
          asNumber(args[1], "RandomSetOfSubsets"),
          elementsOf(m, args[2]),
        ),
      ),
    },
    text: "---- MODULE Randomization ----\n====",
  },
};
