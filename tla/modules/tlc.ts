/** TLC, TLCExt, Json and IOUtils: the operators that reach outside the specification. */
import { fail, TlaError } from "../errors.ts";
import { drawBelow, type Machine } from "../eval/machine.ts";
import type { Node } from "../syntax/ast.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { collectionNatives, permuteItems } from "./collections.ts";
import {
  asFunction,
  asNumber,
  asOperator,
  asString,
  type BuiltinModule,
  elementsOf,
  impure,
  type Native,
  pure,
} from "./native.ts";

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

/** What TLCGet answers to a name. Names that TLC knows and that are not here are refused before anything is evaluated. */
const named: Readonly<Record<string, (m: Machine) => Value>> = {
  // Under a prime it is the next state that is looked at.
  level: (m) => (m.level > 0 && m.current === m.next ? m.level + 1 : m.level),
  distinct: (m) => m.figures().distinct,
  generated: (m) => m.figures().generated,
  queue: (m) => m.figures().queue,
  diameter: (m) => m.figures().diameter,
  duration: (m) => seconds(m) ?? fail('TLCGet("duration"): no clock is at hand'),
  stats: (m) => {
    const { distinct, generated, queue, diameter } = m.figures();
    const duration = seconds(m);
    return m.u.record({ distinct, generated, queue, diameter, ...(duration === undefined ? {} : { duration }) });
  },
  config: (m) => m.u.record({ mode: m.u.string(m.mode), worker: 1, deadlock: m.isDeadlockChecked }),
  // For each register the values that the workers gave it; there is one worker.
  all: (m) => m.u.fcnOf([...m.registers].map(([key, value]) => [key, m.u.tuple([value])] as const)),
  // Action composition is always on here.
  "-Dtlc2.tool.impl.Tool.cdot": (m) => m.u.string("true"),
};

function seconds(m: Machine): number | undefined {
  return m.surroundings.secondsElapsed?.();
}

function get(m: Machine, key: Value): Value {
  if (typeof key === "number") return m.registers.get(key) ?? fail(`TLCGet(${key}) before any TLCSet(${key}, ...)`);
  const name = asString(key, "TLCGet");
  return Object.hasOwn(named, name) ? named[name]!(m) : fail(noFigure(name));
}

function noFigure(name: string): string {
  return `TLCGet(${JSON.stringify(name)}): this engine keeps no such figure (it has ${Object.keys(named).slice(0, -1).join(", ")})`;
}

/** Refuses a name that is written out, before anything is evaluated. */
function demandFigure(args: readonly Node[]): void {
  const [key] = args;
  if (key?.kind === "string" && !Object.hasOwn(named, key.value))
    throw new TlaError("resolve", noFigure(key.value), key.span);
}

/** The states up to the one in `current`, as records. */
function behaviour(m: Machine): Value {
  const states = m.trace?.() ?? fail("Trace has a value only where a behaviour is being looked at");
  const { names } = m;
  return m.u.tuple(
    states.map((state) => {
      if (state.some((value) => value === undefined)) return fail("Trace has no value while a state is being made");
      return m.u.fcnOf(names.map((name, i) => [m.u.string(name), state[i]!] as const));
    }),
  );
}

function assertEqual(m: Machine, a: Value, b: Value): Value {
  if (m.u.equal(a, b)) return true;
  m.surroundings.print('"Assertion failed"');
  print(m, a);
  print(m, b);
  return false;
}

function getAndSet(m: Machine, args: readonly Value[]): Value {
  const key = asNumber(args[0], "TLCGetAndSet");
  const old = m.registers.get(key) ?? m.u.normalise(args[3]!);
  m.registers.set(key, m.u.normalise(asOperator(args[1], "TLCGetAndSet").apply([old, args[2]!])));
  return old;
}

function set(m: Machine, key: Value, value: Value): Value {
  if (typeof key === "number") m.registers.set(key, m.u.normalise(value));
  else if (asString(key, "TLCSet") === "exit") m.isExitRequested ||= value === true;
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

/** An error where it is evaluated, not before: invariants mention it in the arm that tells of a violation. */
const refuseWriting: Native = impure(2, (_m, args) =>
  fail(`${showValue(args[0]!)} is not written: this engine reads files but writes none`),
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
      TLCGet: { ...impure(1, (m, args) => get(m, args[0]!)), demand: demandFigure },
      TLCSet: impure(2, (m, args) => set(m, args[0]!, args[1]!)),
      TLCEval: pure(1, (m, args) => m.u.normalise(args[0]!)),
      ToString: pure(1, (m, args) => m.u.string(showValue(m.u.normalise(args[0]!)))),
      Any: pure(0, () => ({ kind: "endless", name: "Any", test: () => true, normal: undefined })),
    },
    text: "---- MODULE TLC ----\n====",
  },
  TLCExt: {
    natives: {
      AssertEq: impure(2, (m, args) => assertEqual(m, args[0]!, args[1]!)),
      Trace: impure(0, behaviour),
      TLCGetOrDefault: impure(2, (m, args) =>
        typeof args[0] === "number" ? (m.registers.get(args[0]) ?? args[1]!) : get(m, args[0]!),
      ),
      TLCGetAndSet: impure(4, getAndSet),
      TLCNoOp: pure(1, (_m, args) => args[0]!),
      TLCCache: pure(2, (_m, args) => args[0]!),
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
