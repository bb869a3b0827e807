/**
 * Symmetry reduction: states that differ only by a permutation of model values count as one.
 *
 * SYMMETRY names a set of permutations; the group they generate is used. The key of a state is the least of its images
 * (as a tuple of codes), so which image is least does not matter as long as it is the same for all of them.
 */
import { TlaError } from "../errors.ts";
import { definedFormula, type Model, requireDefinition } from "../eval/model.ts";
import { enumerate, isLazySet } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { FcnValue, Value } from "../values/types.ts";
import type { Universe } from "../values/universe.ts";

type Moves = ReadonlyMap<Value, Value>;
/** A permutation and the images it has made so far. */
type Permutation = { readonly moves: Moves; readonly codes: Map<number, number>; readonly things: Map<Value, Value> };

/** Writes the key of a state into `key`; undefined if the model has no SYMMETRY. */
export function createSymmetry(model: Model): ((codes: Int32Array, key: Int32Array) => void) | undefined {
  const setting = model.config.symmetry;
  if (setting === undefined) return undefined;
  const { u } = model.machine;
  const value = u.normalise(definedFormula(model, requireDefinition(model, setting)).evaluate());
  if (!isLazySet(value) && (typeof value !== "object" || value.kind !== "set")) return refuse(setting.name, value);
  const set = enumerate(u, value);
  const generators = set.elements.map((element) => readPermutation(u, element, setting.name));
  const group = closure(generators).map((moves): Permutation => ({ moves, codes: new Map(), things: new Map() }));
  let order: number[] | undefined;
  const image = new Int32Array(model.variables.length);
  return (codes, key) => {
    order ??= cheapFirst(u, codes);
    key.set(codes);
    for (const permutation of group) {
      // Variable by variable: as soon as the image is larger than the least one so far, the rest need not be made.
      let isLess = false;
      for (let at = 0; at < order.length; at++) {
        const i = order[at]!;
        image[i] = permuteCode(u, codes[i]!, permutation);
        if (isLess || image[i] === key[i]) continue;
        if (image[i]! > key[i]!) break;
        isLess = true;
      }
      if (isLess) key.set(image);
    }
  };
}

/** Sets (of messages, usually) last: they cost most to permute, and the other variables often decide. */
function cheapFirst(u: Universe, codes: Int32Array): number[] {
  const isSet = (i: number): boolean => {
    const value = u.decode(codes[i]!);
    return typeof value === "object" && value.kind === "set";
  };
  const indices = Array.from(codes, (_code, i) => i);
  return [...indices.filter((i) => !isSet(i)), ...indices.filter(isSet)];
}

function permuteCode(u: Universe, code: number, permutation: Permutation): number {
  let mapped = permutation.codes.get(code);
  if (mapped === undefined) {
    mapped = u.encode(permute(u, u.decode(code), permutation));
    permutation.codes.set(code, mapped);
  }
  return mapped;
}

function readPermutation(u: Universe, value: Value, name: string): Moves {
  const fcn = u.normalise(value);
  const isPermutation = typeof fcn === "object" && fcn.kind === "fcn" && u.equal(u.set(fcn.values), fcn.domain);
  // A specification can write strings and numbers, and so tell them apart; only model values can be told to be alike.
  if (!isPermutation || !fcn.values.every((item) => typeof item === "object" && item.kind === "model"))
    return refuse(name, value);
  return new Map(fcn.domain.elements.map((from, i) => [from, fcn.values[i]!]));
}

function refuse(name: string, found: Value): never {
  const message = `SYMMETRY ${name} must be a set of permutations of model values, found ${showValue(found)}`;
  throw new TlaError("config", message);
}

/** The group generated, without the identity. */
function closure(generators: readonly Moves[]): Moves[] {
  const moved = [...new Set(generators.flatMap((generator) => [...generator.keys()]))];
  const ids = new Map(moved.map((value, i) => [value, i]));
  const keyOf = (permutation: Moves): string =>
    moved.map((value) => ids.get(permutation.get(value) ?? value)).join(",");
  const identity: Moves = new Map();
  const found = new Map<string, Moves>([[keyOf(identity), identity]]);
  const queue: Moves[] = [identity];
  for (let permutation = queue.pop(); permutation !== undefined; permutation = queue.pop()) {
    for (const generator of generators) {
      const composed: Moves = new Map(
        moved.map((value) => {
          const through = permutation.get(value) ?? value;
          return [value, generator.get(through) ?? through];
        }),
      );
      const key = keyOf(composed);
      if (found.has(key)) continue;
      found.set(key, composed);
      queue.push(composed);
    }
  }
  found.delete(keyOf(identity));
  return [...found.values()];
}

function permute(u: Universe, value: Value, permutation: Permutation): Value {
  if (typeof value !== "object") return value;
  const moved = permutation.moves.get(value);
  if (moved !== undefined) return moved;
  if (value.kind !== "set" && value.kind !== "fcn") return value;
  const known = permutation.things.get(value);
  if (known !== undefined) return known;
  const made =
    value.kind === "set"
      ? u.set(value.elements.map((element) => permute(u, element, permutation)))
      : permuteFcn(u, value, permutation);
  permutation.things.set(value, made);
  return made;
}

function permuteFcn(u: Universe, fcn: FcnValue, permutation: Permutation): Value {
  const domain = permute(u, fcn.domain, permutation);
  const values = fcn.values.map((value) => permute(u, value, permutation));
  // Records and tuples keep their domain, so only the values move.
  if (domain === fcn.domain && fcn.domain.elements.every((argument) => permute(u, argument, permutation) === argument))
    return u.fcn(fcn.domain, values);
  return u.fcnOf(fcn.domain.elements.map((argument, i) => [permute(u, argument, permutation), values[i]!]));
}
