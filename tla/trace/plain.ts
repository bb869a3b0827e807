/**
 * Plain JavaScript data to TLA+ values and back, for traces and for whoever maps an implementation's state.
 *
 * Numbers, booleans and strings are themselves; arrays are sequences; Sets are sets; Maps are functions; other objects are
 * records. In JSON, where there are no Sets and Maps: {"#set": [...]}, {"#map": [[k, v], ...]}, {"#tup": [...]} as in ITF, and
 * {"#model": "n1"} for a model value.
 */
import { TlaError } from "../errors.ts";
import type { Value } from "../values/types.ts";
import type { Universe } from "../values/universe.ts";

export type ModelName = { readonly "#model": string };
export type PlainValue =
  | number
  | boolean
  | string
  | readonly PlainValue[]
  | ReadonlySet<PlainValue>
  | ReadonlyMap<PlainValue, PlainValue>
  | { readonly [name: string]: PlainValue };

/** A model value of the configuration, by its name. */
export function modelValue(name: string): ModelName {
  return { "#model": name };
}

/** Throws TlaError (evaluation) for what TLA+ has no value for. */
export function fromPlain(u: Universe, data: PlainValue): Value {
  if (typeof data === "boolean") return data;
  if (typeof data === "string") return u.string(data);
  if (typeof data === "number") {
    if (!Number.isSafeInteger(data)) throw new TlaError("evaluation", `${data} is no integer, so it has no TLA+ value`);
    return data + 0;
  }
  if (Array.isArray(data)) return u.tuple(data.map((item: PlainValue) => fromPlain(u, item)));
  if (data instanceof Set) return u.set([...data].map((item: PlainValue) => fromPlain(u, item)));
  if (data instanceof Map)
    return u.fcnOf(
      [...data].map(([key, value]: [PlainValue, PlainValue]) => [fromPlain(u, key), fromPlain(u, value)] as const),
    );
  return fromObject(u, data as { readonly [name: string]: PlainValue });
}

function fromObject(u: Universe, data: { readonly [name: string]: PlainValue }): Value {
  const entries = Object.entries(data);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [tag, content] = only;
    if (tag === "#model" && typeof content === "string") return u.model(content);
    if (tag === "#set" && Array.isArray(content)) return u.set(content.map((item: PlainValue) => fromPlain(u, item)));
    if (tag === "#tup" && Array.isArray(content)) return u.tuple(content.map((item: PlainValue) => fromPlain(u, item)));
    if (tag === "#map" && Array.isArray(content)) {
      return u.fcnOf(
        content.map((pair: PlainValue) => {
          if (!Array.isArray(pair) || pair.length !== 2)
            throw new TlaError("evaluation", '"#map" needs a list of pairs');
          return [fromPlain(u, pair[0]), fromPlain(u, pair[1])] as const;
        }),
      );
    }
  }
  return u.fcnOf(entries.map(([name, value]) => [u.string(name), fromPlain(u, value)] as const));
}
