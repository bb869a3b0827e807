/**
 * The bracketed forms: `<<...>>`, `{...}`, `[...]`, `<<A>>_v`, `[A]_v`, `WF_v(A)`, `SF_v(A)`.
 *
 * Which form a bracket opens is seen only later in the text (`[x \in S |-> e]` against `[x \in S]_v`), so the likely
 * form is tried first and taken back if it does not fit.
 */
import type { ExceptUpdate, Field, InstancePrefix, Node, PathStep } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { parseBounds, parseExpression, parseList, parsePattern } from "./parse-expression.ts";
import {
  accept,
  advance,
  attempt,
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

/** `<<a, b>>` or `<<A>>_v`. */
export function parseAngle(stream: Stream, token: Token): Node {
  advance(stream);
  const items: Node[] = [];
  if (!peekIs(stream, ">>") && !peekIs(stream, ">>_")) {
    do items.push(parseExpression(stream));
    while (accept(stream, ","));
  }
  if (items.length === 1 && accept(stream, ">>_")) {
    const subscript = parseSubscript(stream);
    return { kind: "angleAction", body: items[0]!, subscript, span: spanFrom(stream, token) };
  }
  expect(stream, ">>", "to close a tuple");
  return { kind: "tuple", items, span: spanFrom(stream, token) };
}

/** The `v` of `[A]_v`: a name without arguments, a tuple, or an expression in parentheses. */
function parseSubscript(stream: Stream): Node {
  const token = peek(stream);
  if (token?.text === "<<") return parseAngle(stream, token);
  if (token?.text === "(") {
    advance(stream);
    const inner = parseExpression(stream);
    expect(stream, ")", "to close a subscript");
    return inner;
  }
  if (token === undefined || !isIdentifier(token))
    return expected(stream, "a name, a tuple or a parenthesis", "as a subscript");
  let name = advance(stream).text;
  const prefix: InstancePrefix[] = [];
  while (accept(stream, "!")) {
    prefix.push({ name, args: [] });
    name = expectIdentifier(stream, "after ! in a subscript").text;
  }
  return { kind: "apply", prefix, name, args: [], span: spanFrom(stream, token) };
}

export function parseFairness(stream: Stream, token: Token): Node {
  advance(stream);
  const subscript = parseSubscript(stream);
  expect(stream, "(", "after the subscript of a fairness condition");
  const action = parseExpression(stream);
  expect(stream, ")", "to close a fairness condition");
  return { kind: "fairness", strong: token.text === "SF_", subscript, action, span: spanFrom(stream, token) };
}

/** `{}`, `{a, b}`, `{x \in S : p}`, `{e : x \in S}`. */
export function parseBrace(stream: Stream, token: Token): Node {
  advance(stream);
  const filter = attempt(stream, () => {
    const pattern = parsePattern(stream);
    if (!accept(stream, "\\in")) return undefined;
    const set = parseExpression(stream);
    return accept(stream, ":") ? { patterns: [pattern], set } : undefined;
  });
  if (filter !== undefined) {
    const body = parseExpression(stream);
    expect(stream, "}", "to close a set");
    return { kind: "filter", bound: filter, body, span: spanFrom(stream, token) };
  }
  if (accept(stream, "}")) return { kind: "set", items: [], span: spanFrom(stream, token) };
  const items = [parseExpression(stream)];
  if (accept(stream, ":")) {
    const bounds = parseBounds(stream);
    expect(stream, "}", "to close a set");
    return { kind: "map", bounds, body: items[0]!, span: spanFrom(stream, token) };
  }
  if (accept(stream, ",")) items.push(...parseList(stream, "}", "to close a set"));
  else expect(stream, "}", "to close a set");
  return { kind: "set", items, span: spanFrom(stream, token) };
}

/** Functions, function sets, records, record sets, EXCEPT, and `[A]_v`. */
export function parseBracket(stream: Stream, token: Token): Node {
  advance(stream);
  const separator = peekAhead(stream, 1).text;
  if (peek(stream)?.kind === "word" && (separator === "|->" || separator === ":"))
    return parseFields(stream, token, separator);
  const bounds = attempt(stream, () => {
    const read = parseBounds(stream);
    return accept(stream, "|->") ? read : undefined;
  });
  if (bounds !== undefined) {
    const body = parseExpression(stream);
    expect(stream, "]", "to close a function");
    return { kind: "fcn", bounds, body, span: spanFrom(stream, token) };
  }
  const first = parseExpression(stream);
  if (accept(stream, "]_")) {
    const subscript = parseSubscript(stream);
    return { kind: "boxAction", body: first, subscript, span: spanFrom(stream, token) };
  }
  if (accept(stream, "->")) {
    const range = parseExpression(stream);
    expect(stream, "]", "to close a set of functions");
    return { kind: "fcnSet", domain: first, range, span: spanFrom(stream, token) };
  }
  if (!accept(stream, "EXCEPT")) return expected(stream, '"|->", "->", "EXCEPT" or "]_"', "in brackets");
  const updates: ExceptUpdate[] = [];
  do updates.push(parseUpdate(stream));
  while (accept(stream, ","));
  expect(stream, "]", "to close EXCEPT");
  return { kind: "except", fcn: first, updates, span: spanFrom(stream, token) };
}

function parseFields(stream: Stream, token: Token, separator: string): Node {
  const fields: Field[] = [];
  do {
    const name = advance(stream);
    if (name.kind !== "word") return expected(stream, "a field name", "in a record");
    expect(stream, separator, "after a field name");
    fields.push({ name: name.text, value: parseExpression(stream) });
  } while (accept(stream, ","));
  expect(stream, "]", "to close a record");
  return { kind: separator === ":" ? "recordSet" : "record", fields, span: spanFrom(stream, token) };
}

function parseUpdate(stream: Stream): ExceptUpdate {
  expect(stream, "!", "at the start of an EXCEPT path");
  const path: PathStep[] = [];
  for (;;) {
    const token = peek(stream);
    if (accept(stream, "[")) {
      const items = parseList(stream, "]", "in an EXCEPT path");
      const span = spanFrom(stream, token!);
      path.push({ kind: "index", index: items.length === 1 ? items[0]! : { kind: "tuple", items, span } });
    } else if (accept(stream, ".")) path.push({ kind: "field", field: advance(stream).text });
    else break;
  }
  if (path.length === 0) return expected(stream, '"[" or "."', "in an EXCEPT path");
  expect(stream, "=", "after an EXCEPT path");
  return { path, value: parseExpression(stream) };
}
