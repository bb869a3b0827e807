/**
 * Symmetry reduction: states that differ only by a permutation of model values count as one.
 *
 * SYMMETRY names a set of permutations; the group they generate is used. The key of a state is the least of its images
 * (as a tuple of codes), so which image is least does not matter as long as it is the same for all of them.
 */
import { TlaError } from "../errors.ts";
import { definedFormula, type Model, requireDefinition } from "../eval/model.ts";
import { enumerate } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import type { Universe } from "../values/universe.ts";

type Permutation = ReadonlyMap<Value, Value>;

/** Writes the key of a state into `key`; undefined if the model has no SYMMETRY. */
export function createSymmetry(model: Model): ((codes: Int32Array, key: Int32Array) => void) | undefined {
  const setting = model.config.symmetry;
  if (setting === undefined) return undefined;
  const { u } = model.machine;
  const set = enumerate(u, definedFormula(model, requireDefinition(model, setting)).evaluate());
  const generators = set.elements.map((element) => readPermutation(u, element, setting.name));
  const images = closure(generators).map((permutation) => ({ permutation, memo: new Map<number, number>() }));
  const image = new Int32Array(model.variables.length);
  return (codes, key) => {
    key.set(codes);
    for (const { permutation, memo } of images) {
      for (let i = 0; i < codes.length; i++) {
        const code = codes[i]!;
        let mapped = memo.get(code);
        if (mapped === undefined) {
          mapped = u.encode(permute(u, u.decode(code), permutation));
          memo.set(code, mapped);
        }
        image[i] = mapped;
      }
      if (isLess(image, key)) key.set(image);
    }
  };
}

function readPermutation(u: Universe, value: Value, name: string): Permutation {
  const fcn = u.normalise(value);
  if (typeof fcn !== "object" || fcn.kind !== "fcn")
    throw new TlaError("config", `SYMMETRY ${name} must be a set of permutations, found ${showValue(value)}`);
  return new Map(fcn.domain.elements.map((from, i) => [from, fcn.values[i]!]));
}

/** The group generated, without the identity. */
function closure(generators: readonly Permutation[]): Permutation[] {
  const moved = [...new Set(generators.flatMap((generator) => [...generator.keys()]))];
  const ids = new Map(moved.map((value, i) => [value, i]));
  const keyOf = (permutation: Permutation): string =>
    moved.map((value) => ids.get(permutation.get(value) ?? value)).join(",");
  const identity: Permutation = new Map();
  const found = new Map<string, Permutation>([[keyOf(identity), identity]]);
  const queue: Permutation[] = [identity];
  for (let permutation = queue.pop(); permutation !== undefined; permutation = queue.pop()) {
    for (const generator of generators) {
      const composed: Permutation = new Map(
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
  const moved = permutation.get(value);
  if (moved !== undefined) return moved;
  if (typeof value !== "object") return value;
  if (value.kind === "set") return u.set(value.elements.map((element) => permute(u, element, permutation)));
  if (value.kind !== "fcn") return value;
  return u.fcnOf(
    value.domain.elements.map((argument, i) => [
      permute(u, argument, permutation),
      permute(u, value.values[i]!, permutation),
    ]),
  );
}

function isLess(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
