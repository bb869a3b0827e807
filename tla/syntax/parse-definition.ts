/**
 * Definitions, as they stand in modules and in LET: operators of every fixity, functions, instances, RECURSIVE.
 */
import type { Bound, InstanceUnit, Node, Param, Substitution, Unit } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { infixOperators, postfixOperators, prefixOperators } from "./operators.ts";
import { parseBounds, parseExpression } from "./parse-expression.ts";
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

/** Whether the next tokens can begin a definition: a name, a prefix operator with its name, RECURSIVE, LOCAL, INSTANCE. */
export function startsDefinition(stream: Stream): boolean {
  const token = peek(stream);
  if (token === undefined) return false;
  if (token.text === "RECURSIVE" || token.text === "LOCAL" || token.text === "INSTANCE") return true;
  return isIdentifier(token) || isPrefixDefinition(stream, token);
}

function isPrefixDefinition(stream: Stream, token: Token): boolean {
  if (token.text === "-" && peekAhead(stream, 1).text === ".") return true;
  return token.kind === "op" && prefixOperators.has(token.text) && peekAhead(stream, 2).text === "==";
}

/** Parses one definition; the caller has seen that one begins here. */
export function parseDefinition(stream: Stream): Unit {
  const first = stream.tokens[stream.position]!;
  if (accept(stream, "RECURSIVE")) {
    const params = parseParams(stream, undefined);
    return { kind: "recursive", params, span: spanFrom(stream, first) };
  }
  const isLocal = accept(stream, "LOCAL");
  if (peekIs(stream, "INSTANCE")) return parseInstance(stream, first, undefined, [], isLocal);
  const head = parseHead(stream);
  if (head.bounds !== undefined) {
    expect(stream, "==", "after the head of a function definition");
    const body = parseExpression(stream);
    return { kind: "function", name: head.name, bounds: head.bounds, body, isLocal, span: spanFrom(stream, first) };
  }
  expect(stream, "==", `after the head of the definition of ${head.name}`);
  if (peekIs(stream, "INSTANCE")) return parseInstance(stream, first, head.name, head.params, isLocal);
  const body: Node = parseExpression(stream);
  return { kind: "operator", name: head.name, params: head.params, body, isLocal, span: spanFrom(stream, first) };
}

type Head = { readonly name: string; readonly params: readonly Param[]; readonly bounds: readonly Bound[] | undefined };

function parseHead(stream: Stream): Head {
  const token = peek(stream);
  if (token === undefined) return expected(stream, "a definition", "here");
  if (isPrefixDefinition(stream, token)) {
    advance(stream);
    if (token.text === "-") advance(stream);
    const param = expectIdentifier(stream, "as the operand of a prefix operator").text;
    return { name: token.text === "-" ? "-." : token.text, params: [{ name: param, arity: 0 }], bounds: undefined };
  }
  const name = expectIdentifier(stream, "as the name of a definition").text;
  const next = peek(stream);
  if (next?.text === "(") {
    advance(stream);
    return { name, params: parseParams(stream, ")"), bounds: undefined };
  }
  if (next?.text === "[") {
    advance(stream);
    const bounds = parseBounds(stream);
    expect(stream, "]", "after the arguments of a function definition");
    return { name, params: [], bounds };
  }
  if (next !== undefined && next.kind === "op" && infixOperators.has(next.text)) {
    advance(stream);
    const right = expectIdentifier(stream, "as the right operand of an infix definition").text;
    return {
      name: next.text,
      params: [
        { name, arity: 0 },
        { name: right, arity: 0 },
      ],
      bounds: undefined,
    };
  }
  if (next !== undefined && postfixOperators.has(next.text)) {
    advance(stream);
    return { name: next.text, params: [{ name, arity: 0 }], bounds: undefined };
  }
  return { name, params: [], bounds: undefined };
}

/** Parameters or declared constants: `x`, `F(_, _)`, `_ + _`, `-. _`, `_ ^+`; up to `close`, or as long as commas follow. */
export function parseParams(stream: Stream, close: string | undefined): Param[] {
  const params: Param[] = [];
  do params.push(parseParam(stream));
  while (accept(stream, ","));
  if (close !== undefined) expect(stream, close, "after parameters");
  return params;
}

export function parseParam(stream: Stream): Param {
  if (accept(stream, "_")) {
    const operator = advance(stream);
    if (infixOperators.has(operator.text)) {
      expect(stream, "_", "after an infix operator in a declaration");
      return { name: operator.text, arity: 2 };
    }
    if (!postfixOperators.has(operator.text)) return expected(stream, "an operator", "in a declaration");
    return { name: operator.text, arity: 1 };
  }
  const token = peek(stream);
  if (token?.kind === "op" && (token.text === "-" || prefixOperators.has(token.text))) {
    advance(stream);
    if (token.text === "-") accept(stream, ".");
    expect(stream, "_", "after a prefix operator in a declaration");
    return { name: token.text === "-" ? "-." : token.text, arity: 1 };
  }
  const name = expectIdentifier(stream, "as a parameter").text;
  if (!accept(stream, "(")) return { name, arity: 0 };
  let arity = 0;
  do {
    expect(stream, "_", "in the arity of an operator parameter");
    arity++;
  } while (accept(stream, ","));
  expect(stream, ")", "after the arity of an operator parameter");
  return { name, arity };
}

function parseInstance(
  stream: Stream,
  first: Token,
  name: string | undefined,
  params: readonly Param[],
  isLocal: boolean,
): InstanceUnit {
  expect(stream, "INSTANCE", "in an instance");
  const module = expectIdentifier(stream, "as the module of INSTANCE").text;
  const substitutions: Substitution[] = [];
  if (accept(stream, "WITH")) {
    do {
      const target = advance(stream).text;
      expect(stream, "<-", "after the name in a substitution");
      substitutions.push({ name: target, value: parseSubstituted(stream) });
    } while (accept(stream, ","));
  }
  return { kind: "instance", name, params, module, substitutions, isLocal, span: spanFrom(stream, first) };
}

/** The right side of `<-`: an expression, or an operator by its symbol. */
function parseSubstituted(stream: Stream): Node {
  const token = peek(stream);
  if (token?.kind === "op" && infixOperators.has(token.text) && token.text !== "-") {
    advance(stream);
    return { kind: "apply", prefix: [], name: token.text, args: [], span: spanFrom(stream, token) };
  }
  return parseExpression(stream);
}
