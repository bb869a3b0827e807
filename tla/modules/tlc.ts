/** TLC, TLCExt, Json and IOUtils: the operators that reach outside the specification. */
import { fail, TlaError } from "../errors.ts";
import { drawBelow, type Machine } from "../eval/machine.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { collectionNatives, permuteItems } from "./collections.ts";
import { asFunction, asNumber, asString, type BuiltinModule, elementsOf, impure, pure } from "./native.ts";

function permutations(m: Machine, set: Value): Value {
  const elements = elementsOf(m, set);
  const domain = m.u.set(elements);
  return m.u.set(permuteItems(elements).map((order) => m.u.fcn(domain, order)));
}

function overlay(m: Machine, left: Value, right: Value): Value {
  const first = asFunction(m, left, "@@");
  const second = asFunction(m, right, "@@");
  const pairs: (readonly [Value, Value])[] = [];
  for (const fcn of [first, second]) {
    for (let i = 0; i < fcn.values.length; i++) pairs.push([fcn.domain.elements[i]!, fcn.values[i]!]);
  }
  return m.u.fcnOf(pairs);
}

function get(m: Machine, key: Value): Value {
  if (typeof key === "number") return m.registers.get(key) ?? fail(`TLCGet(${key}) before any TLCSet(${key}, ...)`);
  const name = asString(key, "TLCGet");
  switch (name) {
    case "level":
      return m.facts.level;
    case "distinct":
      return m.facts.distinct;
    case "generated":
      return m.facts.generated;
    case "queue":
      return m.facts.queue;
    case "diameter":
      return m.facts.diameter;
    case "duration":
      return 0;
    case "-Dtlc2.tool.impl.Tool.cdot":
      return m.u.string("true"); // action composition is always on here
    case "stats":
      return m.u.record({
        distinct: m.facts.distinct,
        generated: m.facts.generated,
        queue: m.facts.queue,
        diameter: m.facts.diameter,
      });
    case "config":
      return m.u.record({ mode: m.u.string("bfs"), worker: 1, deadlock: true, depth: -1, seed: 0, traces: 0 });
    default:
      return fail(`TLCGet(${JSON.stringify(name)}): this engine keeps no such figure`);
  }
}

function set(m: Machine, key: Value, value: Value): Value {
  if (typeof key === "number") m.registers.set(key, m.u.normalise(value));
  else if (asString(key, "TLCSet") === "exit") m.exitRequested = value === true;
  else return fail(`TLCSet(${showValue(key)}, ...): only numbers and "exit" can be set`);
  return true;
}

function assert(condition: Value, message: Value): Value {
  if (condition === true) return true;
  const error = new TlaError("evaluation", `Assert failed: ${textOf(message)}`);
  error.isAssertion = true;
  throw error;
}

/** The text of a value: strings without quotes at the top, as TLC's ToString gives. */
function textOf(value: Value): string {
  return typeof value === "object" && value.kind === "string" ? value.text : showValue(value);
}

/** A value as JSON data: functions on strings are objects, sequences and sets are arrays. */
export function toJson(m: Machine, value: Value): unknown {
  const normal = m.u.normalise(value);
  if (typeof normal !== "object") return normal;
  if (normal.kind === "string" || normal.kind === "model") return normal.text;
  if (normal.kind === "set") return normal.elements.map((element) => toJson(m, element));
  if (normal.kind !== "fcn") return fail(`${showValue(normal)} cannot be written as JSON`);
  if (normal.isTuple) return normal.values.map((item) => toJson(m, item));
  return Object.fromEntries(normal.domain.elements.map((name, i) => [textOf(name), toJson(m, normal.values[i]!)]));
}

export function fromJson(m: Machine, data: unknown): Value {
  if (typeof data === "boolean" || typeof data === "string") return typeof data === "string" ? m.u.string(data) : data;
  if (typeof data === "number")
    return Number.isSafeInteger(data) ? data + 0 : fail(`the JSON number ${data} is no integer`);
  if (Array.isArray(data)) return m.u.tuple(data.map((item) => fromJson(m, item)));
  if (typeof data !== "object" || data === null) return fail("JSON null has no TLA+ value");
  return m.u.fcnOf(Object.entries(data).map(([name, item]) => [m.u.string(name), fromJson(m, item)] as const));
}

function readJson(m: Machine, name: Value, lines: boolean): Value {
  const path = asString(name, "JsonDeserialize");
  const text = m.surroundings.readText(path);
  if (text === undefined) return fail(`the file ${JSON.stringify(path)} cannot be read`);
  try {
    if (!lines) return fromJson(m, JSON.parse(text));
    return m.u.tuple(
      text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => fromJson(m, JSON.parse(line))),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`${path} is not JSON: ${error.message}`);
    throw error;
  }
}

function print(m: Machine, value: Value): void {
  m.surroundings.print(showValue(m.u.normalise(value)));
}

const refuseWriting = impure(2, (_m, args) =>
  fail(`${showValue(args[0]!)} is not written: the engine reads files but writes none`),
);

export const tlcModules: Readonly<Record<string, BuiltinModule>> = {
  TLC: {
    natives: {
      Print: impure(2, (m, args) => {
        print(m, m.u.tuple([args[0]!, args[1]!]));
        return args[1]!;
      }),
      PrintT: impure(1, (m, args) => {
        print(m, args[0]!);
        return true;
      }),
      Assert: pure(2, (_m, args) => assert(args[0]!, args[1]!)),
      ":>": pure(2, (m, args) => m.u.fcnOf([[args[0]!, args[1]!]])),
      "@@": pure(2, (m, args) => overlay(m, args[0]!, args[1]!)),
      Permutations: pure(1, (m, args) => permutations(m, args[0]!)),
      SortSeq: collectionNatives["SortSeq"]!,
      RandomElement: impure(1, (m, args) => {
        const elements = elementsOf(m, args[0]);
        return elements[drawBelow(m, Math.max(1, elements.length))] ?? fail("RandomElement of the empty set");
      }),
      TLCGet: impure(1, (m, args) => get(m, args[0]!)),
      TLCSet: impure(2, (m, args) => set(m, args[0]!, args[1]!)),
      TLCEval: pure(1, (m, args) => m.u.normalise(args[0]!)),
      ToString: pure(1, (m, args) => m.u.string(showValue(m.u.normalise(args[0]!)))),
      Any: pure(0, () => ({ kind: "endless", name: "Any", test: () => true, normal: undefined })),
    },
    text: "---- MODULE TLC ----\n====",
  },
  TLCExt: {
    natives: {
      AssertEq: pure(2, (m, args) => m.u.equal(args[0]!, args[1]!)),
      Trace: impure(0, (m) => m.trace()),
      TLCModelValue: pure(1, (m, args) => m.u.model(asString(args[0], "TLCModelValue"))),
    },
    text: "---- MODULE TLCExt ----\n====",
  },
  Json: {
    natives: {
      ToJson: pure(1, (m, args) => m.u.string(JSON.stringify(toJson(m, args[0]!)))),
      ToJsonArray: pure(1, (m, args) => m.u.string(JSON.stringify(toJson(m, args[0]!)))),
      ToJsonObject: pure(1, (m, args) => m.u.string(JSON.stringify(toJson(m, args[0]!)))),
      JsonDeserialize: impure(1, (m, args) => readJson(m, args[0]!, false)),
      ndJsonDeserialize: impure(1, (m, args) => readJson(m, args[0]!, true)),
      JsonSerialize: refuseWriting,
      ndJsonSerialize: refuseWriting,
    },
    text: "---- MODULE Json ----\n====",
  },
  IOUtils: {
    natives: {
      IOEnv: impure(0, (m) =>
        m.u.fcnOf(
          Object.entries(m.surroundings.environment).map(
            ([name, text]) => [m.u.string(name), m.u.string(text)] as const,
          ),
        ),
      ),
      IOEnvGet: impure(1, (m, args) => m.u.string(m.surroundings.environment[asString(args[0], "IOEnvGet")] ?? "")),
      atoi: pure(1, (_m, args) => {
        const text = asString(args[0], "atoi");
        return /^-?\d+$/.test(text) ? Number(text) : fail(`atoi needs digits, found ${JSON.stringify(text)}`);
      }),
      zeroPadN: pure(2, (m, args) =>
        m.u.string(String(asNumber(args[0], "zeroPadN")).padStart(asNumber(args[1], "zeroPadN"), "0")),
      ),
    },
    text: "---- MODULE IOUtils ----\nEXTENDS Integers\n====",
  },
};
