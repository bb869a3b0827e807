/**
 * TLC configuration files: constants, what to check, and how.
 *
 * Source: Specifying Systems, section 14.7.1, and TLC's later keywords (ALIAS, POSTCONDITION, CHECK_DEADLOCK). Values are
 * numbers, strings, booleans, sets of values, and names, which are model values.
 */
import { describeSpan, type Span, TlaError } from "../errors.ts";
import { type Token, tokenize } from "./lexer.ts";

export type ConfigValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string" | "model"; readonly text: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "set"; readonly elements: readonly ConfigValue[] };
/** `Name = value`, or `Name <- Other`, possibly in a module: `Name = [Module]value`. */
export type ConstantSetting = {
  readonly name: string;
  readonly value: ConfigValue | undefined;
  readonly operator: string | undefined;
  readonly inModule: string | undefined;
  readonly span: Span;
};
export type NamedSetting = { readonly name: string; readonly span: Span };
export type Config = {
  readonly constants: readonly ConstantSetting[];
  readonly specification: NamedSetting | undefined;
  readonly init: NamedSetting | undefined;
  readonly next: NamedSetting | undefined;
  readonly invariants: readonly NamedSetting[];
  readonly properties: readonly NamedSetting[];
  readonly constraints: readonly NamedSetting[];
  readonly actionConstraints: readonly NamedSetting[];
  readonly symmetry: NamedSetting | undefined;
  readonly view: NamedSetting | undefined;
  readonly alias: NamedSetting | undefined;
  readonly postconditions: readonly NamedSetting[];
  readonly checkDeadlock: boolean;
};

const sections: Readonly<Record<string, keyof Config>> = {
  CONSTANT: "constants",
  CONSTANTS: "constants",
  SPECIFICATION: "specification",
  INIT: "init",
  NEXT: "next",
  INVARIANT: "invariants",
  INVARIANTS: "invariants",
  PROPERTY: "properties",
  PROPERTIES: "properties",
  CONSTRAINT: "constraints",
  CONSTRAINTS: "constraints",
  ACTION_CONSTRAINT: "actionConstraints",
  ACTION_CONSTRAINTS: "actionConstraints",
  SYMMETRY: "symmetry",
  VIEW: "view",
  ALIAS: "alias",
  POSTCONDITION: "postconditions",
  POSTCONDITIONS: "postconditions",
  CHECK_DEADLOCK: "checkDeadlock",
};

type Draft = { -readonly [K in keyof Config]: Config[K] extends readonly (infer T)[] ? T[] : Config[K] };
type Reader = { readonly tokens: readonly Token[]; at: number; readonly file: string };

/** Parses a configuration. Throws TlaError (config) naming line, column, what was expected and found. */
export function parseConfig(text: string, file: string): Config {
  const reader: Reader = { tokens: tokenize(text, file), at: 0, file };
  const draft: Draft = {
    constants: [],
    specification: undefined,
    init: undefined,
    next: undefined,
    invariants: [],
    properties: [],
    constraints: [],
    actionConstraints: [],
    symmetry: undefined,
    view: undefined,
    alias: undefined,
    postconditions: [],
    checkDeadlock: true,
  };
  while (current(reader).kind !== "eof") {
    const keyword = take(reader);
    const section = Object.hasOwn(sections, keyword.text) ? sections[keyword.text] : undefined;
    if (section === undefined) return wrong(reader, keyword, `one of ${Object.keys(sections).join(", ")}`);
    demandOnce(reader, draft, section, keyword);
    readSection(reader, draft, section);
  }
  const other = draft.init ?? draft.next;
  if (draft.specification !== undefined && other !== undefined)
    throw new TlaError(
      "config",
      `expected either SPECIFICATION, or INIT and NEXT, found SPECIFICATION ${draft.specification.name} and ${draft.init === undefined ? "NEXT" : "INIT"} ${other.name}`,
      other.span,
    );
  return draft;
}

/** What can have one value only may be given once. */
function demandOnce(reader: Reader, draft: Draft, section: keyof Config, keyword: Token): void {
  const value = draft[section];
  if (typeof value !== "object" || Array.isArray(value)) return;
  throw new TlaError(
    "config",
    `expected ${keyword.text} once, found it again (it is ${(value as NamedSetting).name} already)`,
    spanOf(reader, keyword),
  );
}

function readSection(reader: Reader, draft: Draft, section: keyof Config): void {
  switch (section) {
    case "constants":
      while (isName(current(reader))) addConstant(draft, readConstant(reader));
      return;
    case "checkDeadlock": {
      const value = take(reader);
      if (value.text !== "TRUE" && value.text !== "FALSE") wrong(reader, value, "TRUE or FALSE");
      draft.checkDeadlock = value.text === "TRUE";
      return;
    }
    case "specification":
    case "init":
    case "next":
    case "symmetry":
    case "view":
    case "alias":
      draft[section] = readName(reader);
      return;
    default:
      while (isName(current(reader))) draft[section].push(readName(reader));
  }
}

function current(reader: Reader): Token {
  return reader.tokens[reader.at]!;
}

function take(reader: Reader): Token {
  const token = current(reader);
  if (token.kind !== "eof") reader.at++;
  return token;
}

function isName(token: Token): boolean {
  if (token.kind === "op") return /^[^\w"{}=,<-]+$|^[<>+*^-]+$/.test(token.text) && token.text !== "<-";
  return token.kind === "word" && !Object.hasOwn(sections, token.text);
}

function spanOf(reader: Reader, token: Token): Span {
  const { line, column, endLine, endColumn } = token;
  return { module: reader.file, line, column, endLine, endColumn };
}

function wrong(reader: Reader, token: Token, expected: string): never {
  const found = token.kind === "eof" ? "end of file" : JSON.stringify(token.text);
  throw new TlaError("config", `expected ${expected}, found ${found}`, spanOf(reader, token));
}

function readName(reader: Reader): NamedSetting {
  const token = take(reader);
  if (token.kind !== "word") return wrong(reader, token, "a name");
  return { name: token.text, span: spanOf(reader, token) };
}

function readConstant(reader: Reader): ConstantSetting {
  const name = take(reader);
  const span = spanOf(reader, name);
  const sign = take(reader);
  if (sign.text !== "=" && sign.text !== "<-") return wrong(reader, sign, '"=" or "<-"');
  let inModule: string | undefined;
  if (current(reader).text === "[") {
    take(reader);
    inModule = readName(reader).name;
    const close = take(reader);
    if (close.text !== "]") return wrong(reader, close, '"]"');
  }
  if (sign.text === "=") return { name: name.text, value: readValue(reader), operator: undefined, inModule, span };
  return { name: name.text, value: undefined, operator: readName(reader).name, inModule, span };
}

/** Adds what a name stands for; throws if it stands for something else already. */
function addConstant(draft: Draft, setting: ConstantSetting): void {
  const meaning = ({ value, operator }: ConstantSetting): string => JSON.stringify([value, operator]);
  const before = draft.constants.find(({ name, inModule }) => name === setting.name && inModule === setting.inModule);
  if (before !== undefined && meaning(before) !== meaning(setting))
    throw new TlaError(
      "config",
      `expected one meaning of ${setting.name}, found another than in ${describeSpan(before.span)}`,
      setting.span,
    );
  if (before === undefined) draft.constants.push(setting);
}

function readValue(reader: Reader): ConfigValue {
  const token = take(reader);
  if (token.kind === "number") return { kind: "number", value: readNumber(reader, token) };
  if (token.text === "-" && current(reader).kind === "number")
    return { kind: "number", value: 0 - readNumber(reader, take(reader)) };
  if (token.kind === "string") return { kind: "string", text: token.text };
  if (token.text === "TRUE" || token.text === "FALSE") return { kind: "boolean", value: token.text === "TRUE" };
  if (token.kind === "word") return { kind: "model", text: token.text };
  if (token.text !== "{") return wrong(reader, token, "a number, a string, a name or a set");
  const elements: ConfigValue[] = [];
  while (current(reader).text !== "}") {
    if (elements.length > 0) {
      const comma = take(reader);
      if (comma.text !== ",") return wrong(reader, comma, '"," or "}"');
    }
    elements.push(readValue(reader));
  }
  take(reader);
  return { kind: "set", elements };
}

function readNumber(reader: Reader, token: Token): number {
  const value = Number(token.text);
  return Number.isSafeInteger(value) ? value : wrong(reader, token, "a number below 2^53");
}
