/**
 * Modules: header, EXTENDS, declarations, assumptions, theorems; proofs are skipped token by token.
 *
 * Text before the first module header and after its end is ignored, as the language says. PlusCal stands in comments;
 * its translation is ordinary TLA+.
 */
import type { Module, Node, Unit } from "./ast.ts";
import { type Token, tokenize } from "./lexer.ts";
import { infixOperators, postfixOperators } from "./operators.ts";
import { parseDefinition, parseParam, parseParams, startsDefinition } from "./parse-definition.ts";
import { parseExpression } from "./parse-expression.ts";
import {
  accept,
  advance,
  expect,
  expected,
  expectIdentifier,
  isIdentifier,
  peek,
  peekAhead,
  peekIs,
  type Stream,
  spanFrom,
} from "./stream.ts";

const theoremWords = new Set(["THEOREM", "LEMMA", "PROPOSITION", "COROLLARY"]);
const unitWords = new Set([
  ...theoremWords,
  "ASSUME",
  "ASSUMPTION",
  "AXIOM",
  "VARIABLE",
  "VARIABLES",
  "CONSTANT",
  "CONSTANTS",
  "RECURSIVE",
  "LOCAL",
  "INSTANCE",
]);
/** A step's name after one of these is a fact that is cited, not the next step. */
const factWords = new Set(["BY", ",", "ONLY", "USE", "HIDE"]);
const newKinds = new Set(["CONSTANT", "VARIABLE", "STATE", "ACTION", "TEMPORAL"]);

/** Parses the modules of a file, the first being the one it is named for. Throws TlaError (syntax) naming line, column, what was expected and found. */
export function parseModules(text: string, file: string): Module[] {
  return parseFile(text, file).modules;
}

export type ParsedFile = {
  readonly modules: Module[];
  /** Every identifier and keyword, and the text of every string, each in the order of the file. */
  readonly words: readonly string[];
  readonly strings: readonly string[];
};

/** The modules of a file, and the words in it. Throws as parseModules does. */
export function parseFile(text: string, file: string): ParsedFile {
  const stream: Stream = {
    module: { name: file },
    tokens: tokenize(text, file),
    position: 0,
    bound: 0,
    parenthesised: new Set(),
  };
  if (!isModuleStart(stream)) return expected(stream, '"---- MODULE"', "at the start of a module");
  const modules = [parseModuleBody(stream)];
  while (isModuleStart(stream)) modules.push(parseModuleBody(stream));
  const textsOf = (kind: Token["kind"]): string[] =>
    stream.tokens.filter((token) => token.kind === kind).map((token) => token.text);
  return { modules, words: textsOf("word"), strings: textsOf("string") };
}

function isModuleStart(stream: Stream): boolean {
  return peek(stream)?.kind === "rule" && peekAhead(stream, 1).text === "MODULE";
}

function parseModuleBody(stream: Stream): Module {
  const first = advance(stream);
  expect(stream, "MODULE", "in a module header");
  const name = expectIdentifier(stream, "as the module's name").text;
  const outer = stream.module.name;
  stream.module.name = name;
  if (peek(stream)?.kind !== "rule") return expected(stream, '"----"', "after the module's name");
  advance(stream);
  const extended: { name: string; span: ReturnType<typeof spanFrom> }[] = [];
  if (accept(stream, "EXTENDS")) {
    do {
      const token = expectIdentifier(stream, "after EXTENDS");
      extended.push({ name: token.text, span: spanFrom(stream, token) });
    } while (accept(stream, ","));
  }
  const units: Unit[] = [];
  for (;;) {
    const token = peek(stream);
    if (token === undefined) return expected(stream, '"====" or a definition', `in module ${name}`);
    if (token.kind === "end") break;
    units.push(...parseUnit(stream, token));
  }
  advance(stream);
  stream.module.name = outer;
  return { name, extends: extended, units, span: spanFrom(stream, first) };
}

function parseUnit(stream: Stream, token: Token): Unit[] {
  if (isModuleStart(stream)) {
    const module = parseModuleBody(stream);
    return [{ kind: "module", module, span: module.span }];
  }
  if (token.kind === "rule") {
    advance(stream);
    return [];
  }
  if (token.text === "VARIABLE" || token.text === "VARIABLES") {
    advance(stream);
    const names: string[] = [];
    do names.push(expectIdentifier(stream, "as a variable").text);
    while (accept(stream, ","));
    return [{ kind: "variables", names, span: spanFrom(stream, token) }];
  }
  if (token.text === "CONSTANT" || token.text === "CONSTANTS") {
    advance(stream);
    const params = parseParams(stream, undefined);
    return [{ kind: "constants", params, span: spanFrom(stream, token) }];
  }
  if (token.text === "ASSUME" || token.text === "ASSUMPTION" || token.text === "AXIOM") return [parseAssume(stream)];
  if (theoremWords.has(token.text)) return parseTheorem(stream);
  if (token.text === "USE" || token.text === "HIDE") {
    advance(stream);
    skipLeafProof(stream);
    return [];
  }
  if (startsDefinition(stream)) return [parseDefinition(stream)];
  return expected(stream, "a definition, a declaration or the end of the module", "here");
}

function parseAssume(stream: Stream): Unit {
  const first = advance(stream);
  let name: string | undefined;
  if (peekAhead(stream, 1).text === "==") {
    name = advance(stream).text;
    advance(stream);
  }
  const body = parseExpression(stream);
  return { kind: "assume", name, body, span: spanFrom(stream, first) };
}

/** A named theorem that states a formula can be referred to (`Name!:`), so it is kept as a definition. */
function parseTheorem(stream: Stream): Unit[] {
  const first = advance(stream);
  let name: string | undefined;
  if (peekAhead(stream, 1).text === "==") {
    name = advance(stream).text;
    advance(stream);
  }
  const body = parseSequent(stream);
  const span = spanFrom(stream, first);
  skipProof(stream);
  if (name === undefined || body === undefined) return [];
  return [{ kind: "operator", name, params: [], body, isLocal: false, span }];
}

/** A theorem's statement: an expression, or ASSUME ... PROVE ..., which has no value. */
function parseSequent(stream: Stream): Node | undefined {
  if (!accept(stream, "ASSUME")) return parseExpression(stream);
  do {
    if (accept(stream, "NEW")) {
      if (newKinds.has(peek(stream)?.text ?? "")) advance(stream);
      parseParam(stream);
      if (accept(stream, "\\in")) parseExpression(stream);
    } else if (newKinds.has(peek(stream)?.text ?? "")) {
      advance(stream);
      parseParam(stream);
    } else parseSequent(stream);
  } while (accept(stream, ","));
  expect(stream, "PROVE", "after the assumptions of a theorem");
  parseExpression(stream);
  return undefined;
}

function skipProof(stream: Stream): void {
  accept(stream, "PROOF");
  const token = peek(stream);
  if (token === undefined) return;
  if (token.text === "OBVIOUS" || token.text === "OMITTED") advance(stream);
  else if (token.text === "BY") {
    advance(stream);
    skipLeafProof(stream);
  } else if (token.kind === "step") skipSteps(stream, levelOf(token));
}

function levelOf(step: Token): string {
  return step.text.slice(0, step.text.indexOf(">") + 1);
}

/** Moves past the QED step of this level and its own proof. */
function skipSteps(stream: Stream, level: string): void {
  for (;;) {
    const token = peek(stream);
    if (token === undefined || token.kind === "end") expected(stream, `the QED step ${level}`, "in a proof");
    advance(stream);
    if (token.kind === "step" && levelOf(token) === level && peekIs(stream, "QED")) break;
  }
  advance(stream);
  skipProof(stream);
}

/** Moves past the facts of BY, USE or HIDE: up to a step, a unit's keyword, a separator or a definition. */
function skipLeafProof(stream: Stream): void {
  let depth = 0;
  for (;;) {
    const token = peek(stream);
    if (token === undefined || token.kind === "rule" || token.kind === "end") return;
    if (token.kind === "step" && !factWords.has(stream.tokens[stream.position - 1]!.text)) return;
    if (depth === 0 && (unitWords.has(token.text) || token.text === "USE" || token.text === "HIDE")) return;
    if (depth === 0 && isIdentifier(token) && isDefinitionHead(stream)) return;
    if (["(", "[", "{", "<<"].includes(token.text)) depth++;
    if ([")", "]", "}", ">>", "]_", ">>_"].includes(token.text)) depth--;
    advance(stream);
  }
}

function isDefinitionHead(stream: Stream): boolean {
  const next = peekAhead(stream, 1).text;
  if (next === "==") return true;
  if (infixOperators.has(next) && isIdentifier(peekAhead(stream, 2)) && peekAhead(stream, 3).text === "==") return true;
  if (postfixOperators.has(next) && peekAhead(stream, 2).text === "==") return true;
  if (next !== "(" && next !== "[") return false;
  let depth = 0;
  for (let ahead = 1; ; ahead++) {
    const token = peekAhead(stream, ahead);
    if (token.kind === "eof" || token.kind === "end") return false;
    if (token.text === "(" || token.text === "[") depth++;
    if (token.text === ")" || token.text === "]") depth--;
    if (depth === 0) return peekAhead(stream, ahead + 1).text === "==";
  }
}
