/**
 * Expressions: operators by precedence range, junction lists, quantifiers, IF, CASE, LET, LAMBDA, names and calls.
 *
 * Bracketed forms (tuples, sets, functions, records, actions) are in parse-bracketed.ts.
 */
import { type Span, TlaError } from "../errors.ts";
import type { Bound, CaseArm, InstancePrefix, Node, Pattern, Unit } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { infixOperators, type OperatorInfo, postfixOperators, prefixOperators } from "./operators.ts";
import { parseAngle, parseBrace, parseBracket, parseFairness } from "./parse-bracketed.ts";
import { parseDefinition, startsDefinition } from "./parse-definition.ts";
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

const unaryMinus: OperatorInfo = prefixOperators.get("-.")!;

export function parseExpression(stream: Stream): Node {
  return parseOperators(stream, undefined);
}

/** Parses operands as long as the operators bind tighter than the one to the left. */
function parseOperators(stream: Stream, left: OperatorInfo | undefined): Node {
  const first = stream.tokens[stream.position]!;
  let result = parseOperand(stream, left);
  for (;;) {
    const token = peek(stream);
    const operator = token?.kind === "op" || token?.kind === "word" ? infixOperators.get(token.text) : undefined;
    if (token === undefined || operator === undefined) return result;
    if (left !== undefined && !bindsTighter(stream, left, operator, token)) return result;
    advance(stream);
    const right = parseOperators(stream, operator);
    result = combine(stream, operator.name, result, right, spanFrom(stream, first));
  }
}

function bindsTighter(stream: Stream, left: OperatorInfo, right: OperatorInfo, token: Token): boolean {
  if (right.low > left.high) return true;
  if (left.low > right.high || (left === right && left.isLeft)) return false;
  return refuseBothWays(stream, left, right, token);
}

function refuseBothWays(stream: Stream, left: OperatorInfo, right: OperatorInfo, token: Token): never {
  const { line, column, endLine, endColumn } = token;
  const span: Span = { module: stream.module.name, line, column, endLine, endColumn };
  const names = [left, right].map(({ name }) => (name === "-." ? "-" : name)).join(" and ");
  throw new TlaError("syntax", `expected parentheses: the precedence of ${names} does not say which comes first`, span);
}

function combine(stream: Stream, name: string, left: Node, right: Node, span: Span): Node {
  const kind = ({ "/\\": "and", "\\/": "or", "\\X": "times" } as const)[name];
  if (kind === undefined) return { kind: "apply", prefix: [], name, args: [left, right], span };
  const isOpen = left.kind === kind && !stream.parenthesised.has(left);
  return { kind, items: isOpen && left.kind === kind ? [...left.items, right] : [left, right], span };
}

function parseOperand(stream: Stream, left: OperatorInfo | undefined): Node {
  const token = peek(stream);
  if (token === undefined) return expected(stream, "an expression", "here");
  if (token.text === "/\\" || token.text === "\\/") return parseJunction(stream, token);
  const prefix =
    token.kind === "string" ? undefined : token.text === "-" ? unaryMinus : prefixOperators.get(token.text);
  if (prefix === undefined) return parsePostfix(stream, parsePrimary(stream), token, left);
  // As SANY does, of all prefix operators only for the minus: `a * -b * c` could be read both ways.
  if (prefix === unaryMinus && left !== undefined && left.low > prefix.high)
    refuseBothWays(stream, left, prefix, token);
  advance(stream);
  const body = parseOperators(stream, prefix);
  const span = spanFrom(stream, token);
  const kind = ({ "[]": "always", "<>": "eventually", ENABLED: "enabled", UNCHANGED: "unchanged" } as const)[
    prefix.name
  ];
  if (kind !== undefined) return { kind, body, span };
  return { kind: "apply", prefix: [], name: prefix.name, args: [body], span };
}

function parseJunction(stream: Stream, bullet: Token): Node {
  const outer = stream.bound;
  const items: Node[] = [];
  for (;;) {
    const next = peek(stream);
    if (next === undefined || next.text !== bullet.text || next.column !== bullet.column) break;
    advance(stream);
    stream.bound = bullet.column;
    items.push(parseExpression(stream));
    stream.bound = outer;
  }
  const span = spanFrom(stream, bullet);
  const node: Node = { kind: bullet.text === "/\\" ? "and" : "or", items, span };
  stream.parenthesised.add(node);
  return node;
}

/**
 * Function application, record fields, primes and user postfix operators, all tighter than any infix operator; but `[]x'`
 * could be read both ways.
 */
function parsePostfix(stream: Stream, operand: Node, first: Token, left: OperatorInfo | undefined): Node {
  let result = operand;
  for (;;) {
    const token = peek(stream);
    if (token === undefined || token.kind !== "op") return result;
    const postfix = postfixOperators.get(token.text);
    if (postfix !== undefined && left !== undefined) bindsTighter(stream, left, postfix, token);
    if (token.text === "[") {
      advance(stream);
      const items = parseList(stream, "]", "in the arguments of a function");
      const span = spanFrom(stream, first);
      const index: Node = items.length === 1 ? items[0]! : { kind: "tuple", items, span };
      result = { kind: "index", fcn: result, index, span };
    } else if (token.text === "." && peekAhead(stream, 1).kind === "word") {
      advance(stream);
      const field = advance(stream).text;
      result = { kind: "field", record: result, field, span: spanFrom(stream, first) };
    } else if (token.text === "'") {
      advance(stream);
      result = { kind: "prime", body: result, span: spanFrom(stream, first) };
    } else if (postfix !== undefined) {
      advance(stream);
      result = { kind: "apply", prefix: [], name: token.text, args: [result], span: spanFrom(stream, first) };
    } else return result;
  }
}

/** Expressions separated by commas up to the closing token, which is consumed. */
export function parseList(stream: Stream, close: string, where: string): Node[] {
  const items: Node[] = [];
  if (accept(stream, close)) return items;
  do items.push(parseArgument(stream));
  while (accept(stream, ","));
  expect(stream, close, where);
  return items;
}

/** An argument: an expression, or an operator by its symbol as in `Fold(+, 0, s)`. */
function parseArgument(stream: Stream): Node {
  const token = peek(stream);
  const after = peekAhead(stream, 1).text;
  if (token?.kind === "op" && infixOperators.has(token.text) && (after === "," || after === ")")) {
    advance(stream);
    return { kind: "apply", prefix: [], name: token.text, args: [], span: spanFrom(stream, token) };
  }
  return parseExpression(stream);
}

function parsePrimary(stream: Stream): Node {
  const token = peek(stream);
  if (token === undefined) return expected(stream, "an expression", "here");
  if (token.kind === "number") {
    const value = Number(token.text);
    if (!Number.isSafeInteger(value)) return expected(stream, "a number below 2^53", "here");
    advance(stream);
    return { kind: "number", value, span: spanFrom(stream, token) };
  }
  if (token.kind === "string") {
    advance(stream);
    return { kind: "string", value: token.text, span: spanFrom(stream, token) };
  }
  if (token.kind === "word") return isIdentifier(token) ? parseName(stream, token) : parseKeyword(stream, token);
  if (token.kind !== "op") return expected(stream, "an expression", "here");
  return parseSymbol(stream, token);
}

function parseSymbol(stream: Stream, token: Token): Node {
  switch (token.text) {
    case "(": {
      advance(stream);
      const inner = parseExpression(stream);
      expect(stream, ")", "to close the parenthesis");
      // A copy, so that the mark does not leak to a node that is reused.
      const node: Node = { ...inner };
      stream.parenthesised.add(node);
      return node;
    }
    case "<<":
      return parseAngle(stream, token);
    case "{":
      return parseBrace(stream, token);
    case "[":
      return parseBracket(stream, token);
    case "\\A":
    case "\\E":
    case "\\AA":
    case "\\EE":
      return parseQuantifier(stream, token);
    case "@":
      advance(stream);
      return { kind: "at", span: spanFrom(stream, token) };
    case "WF_":
    case "SF_":
      return parseFairness(stream, token);
    default:
      return expected(stream, "an expression", "here");
  }
}

function parseKeyword(stream: Stream, token: Token): Node {
  switch (token.text) {
    case "IF":
      return parseIf(stream, token);
    case "CASE":
      return parseCase(stream, token);
    case "LET":
      return parseLet(stream, token);
    case "CHOOSE":
      return parseChoose(stream, token);
    case "LAMBDA": {
      advance(stream);
      const params: string[] = [];
      do params.push(expectIdentifier(stream, "as a parameter of LAMBDA").text);
      while (accept(stream, ","));
      expect(stream, ":", "after the parameters of LAMBDA");
      const body = parseExpression(stream);
      return { kind: "lambda", params, body, span: spanFrom(stream, token) };
    }
    default:
      return expected(stream, "an expression", "here");
  }
}

/** A name, a call, a name inside an instance (`I(x)!Op(y)`), or a label before an expression. */
function parseName(stream: Stream, first: Token): Node {
  advance(stream);
  if (first.text === "TRUE" || first.text === "FALSE") {
    return { kind: "boolean", value: first.text === "TRUE", span: spanFrom(stream, first) };
  }
  const prefix: InstancePrefix[] = [];
  let name = first.text;
  let args = accept(stream, "(") ? parseList(stream, ")", "in the arguments of an operator") : [];
  while (peekIs(stream, "!") && isSelectable(peekAhead(stream, 1))) {
    advance(stream);
    prefix.push({ name, args });
    name = advance(stream).text;
    args = accept(stream, "(") ? parseList(stream, ")", "in the arguments of an operator") : [];
  }
  if (peekIs(stream, "::") && prefix.length === 0) {
    advance(stream);
    const params = args.map((arg) =>
      arg.kind === "apply" && arg.args.length === 0 ? arg.name : expected(stream, "names as parameters", "of a label"),
    );
    return { ...parseExpression(stream), label: { name, params } };
  }
  return { kind: "apply", prefix, name, args, span: spanFrom(stream, first) };
}

function isSelectable(token: Token): boolean {
  if (token.text === ":") return true; // `Name!:`, the whole right side of a definition
  return token.kind === "word" || token.kind === "number" || (token.kind === "op" && infixOperators.has(token.text));
}

function parseQuantifier(stream: Stream, token: Token): Node {
  advance(stream);
  const isTemporal = token.text === "\\AA" || token.text === "\\EE";
  const save = stream.position;
  const patterns = [parsePattern(stream)];
  while (accept(stream, ",")) patterns.push(parsePattern(stream));
  if (peekIs(stream, ":")) {
    advance(stream);
    const body = parseExpression(stream);
    const names = patterns.flatMap((pattern) => pattern.names);
    const kind = isTemporal ? "temporalQuantifier" : "unboundedQuantifier";
    return { kind, names, body, span: spanFrom(stream, token) };
  }
  stream.position = save;
  const bounds = parseBounds(stream);
  expect(stream, ":", "after the bounds of a quantifier");
  const body = parseExpression(stream);
  return { kind: token.text === "\\A" ? "forall" : "exists", bounds, body, span: spanFrom(stream, token) };
}

export function parsePattern(stream: Stream): Pattern {
  if (!accept(stream, "<<")) return { names: [expectIdentifier(stream, "as a bound variable").text], isTuple: false };
  const names: string[] = [];
  do names.push(expectIdentifier(stream, "in a tuple of bound variables").text);
  while (accept(stream, ","));
  expect(stream, ">>", "after a tuple of bound variables");
  return { names, isTuple: true };
}

/** `x, y \in S, <<a, b>> \in T`. */
export function parseBounds(stream: Stream): Bound[] {
  const bounds: Bound[] = [];
  do {
    const patterns = [parsePattern(stream)];
    while (accept(stream, ",")) patterns.push(parsePattern(stream));
    expect(stream, "\\in", "after bound variables");
    bounds.push({ patterns, set: parseExpression(stream) });
  } while (accept(stream, ","));
  return bounds;
}

function parseChoose(stream: Stream, token: Token): Node {
  advance(stream);
  const pattern = parsePattern(stream);
  const set = accept(stream, "\\in") ? parseExpression(stream) : undefined;
  expect(stream, ":", "after the bound variable of CHOOSE");
  const body = parseExpression(stream);
  return { kind: "choose", pattern, set, body, span: spanFrom(stream, token) };
}

function parseIf(stream: Stream, token: Token): Node {
  advance(stream);
  const test = parseExpression(stream);
  expect(stream, "THEN", "after the condition of IF");
  const then = parseExpression(stream);
  expect(stream, "ELSE", "after the THEN part of IF");
  const otherwise = parseExpression(stream);
  return { kind: "if", test, then, else: otherwise, span: spanFrom(stream, token) };
}

function parseCase(stream: Stream, token: Token): Node {
  advance(stream);
  const arms: CaseArm[] = [];
  let other: Node | undefined;
  do {
    if (accept(stream, "OTHER")) {
      expect(stream, "->", "after OTHER");
      other = parseExpression(stream);
      break;
    }
    const guard = parseExpression(stream);
    expect(stream, "->", "after the guard of a CASE arm");
    arms.push({ guard, value: parseExpression(stream) });
  } while (accept(stream, "[]"));
  return { kind: "case", arms, other, span: spanFrom(stream, token) };
}

function parseLet(stream: Stream, token: Token): Node {
  advance(stream);
  const units: Unit[] = [];
  while (startsDefinition(stream)) units.push(parseDefinition(stream));
  expect(stream, "IN", "after the definitions of LET");
  const body = parseExpression(stream);
  return { kind: "let", units, body, span: spanFrom(stream, token) };
}
