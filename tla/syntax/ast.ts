/**
 * The syntax tree of TLA+, as the parser makes it: names are not resolved, operators are applied by name.
 *
 * Source: L. Lamport, Specifying Systems, part IV (the language), and the TLA+2 preliminary guide (LAMBDA, RECURSIVE,
 * instance prefixes). Proofs are skipped by the parser and have no nodes.
 */
import type { Span } from "../errors.ts";

export type Pattern = { readonly names: readonly string[]; readonly isTuple: boolean };

/** `x, y \in S` or `<<x, y>> \in S`. */
export type Bound = { readonly patterns: readonly Pattern[]; readonly set: Node };

/** One step of an EXCEPT path: `[i]` (several indices make a tuple) or `.field`. */
export type PathStep =
  | { readonly kind: "index"; readonly index: Node }
  | { readonly kind: "field"; readonly field: string };
export type ExceptUpdate = { readonly path: readonly PathStep[]; readonly value: Node };

/** A prefix such as `I(x)!` before an operator's name. */
export type InstancePrefix = { readonly name: string; readonly args: readonly Node[] };

export type Field = { readonly name: string; readonly value: Node };
export type CaseArm = { readonly guard: Node; readonly value: Node };

type Shape =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | {
      readonly kind: "apply";
      readonly prefix: readonly InstancePrefix[];
      readonly name: string;
      readonly args: readonly Node[];
    }
  | { readonly kind: "and" | "or"; readonly items: readonly Node[] }
  | { readonly kind: "index"; readonly fcn: Node; readonly index: Node }
  | { readonly kind: "field"; readonly record: Node; readonly field: string }
  | { readonly kind: "tuple" | "set" | "times"; readonly items: readonly Node[] }
  | { readonly kind: "filter"; readonly bound: Bound; readonly body: Node }
  | { readonly kind: "map" | "fcn"; readonly bounds: readonly Bound[]; readonly body: Node }
  | { readonly kind: "fcnSet"; readonly domain: Node; readonly range: Node }
  | { readonly kind: "record" | "recordSet"; readonly fields: readonly Field[] }
  | { readonly kind: "except"; readonly fcn: Node; readonly updates: readonly ExceptUpdate[] }
  | { readonly kind: "forall" | "exists"; readonly bounds: readonly Bound[]; readonly body: Node }
  | {
      readonly kind: "unboundedQuantifier" | "temporalQuantifier";
      readonly names: readonly string[];
      readonly body: Node;
    }
  | { readonly kind: "choose"; readonly pattern: Pattern; readonly set: Node | undefined; readonly body: Node }
  | { readonly kind: "if"; readonly test: Node; readonly then: Node; readonly else: Node }
  | { readonly kind: "case"; readonly arms: readonly CaseArm[]; readonly other: Node | undefined }
  | { readonly kind: "let"; readonly units: readonly Unit[]; readonly body: Node }
  | { readonly kind: "prime" | "always" | "eventually" | "enabled" | "unchanged"; readonly body: Node }
  | { readonly kind: "boxAction" | "angleAction"; readonly body: Node; readonly subscript: Node }
  | { readonly kind: "fairness"; readonly strong: boolean; readonly subscript: Node; readonly action: Node }
  | { readonly kind: "lambda"; readonly params: readonly string[]; readonly body: Node }
  | { readonly kind: "at" };

/** `name(x, y) :: e`: names an expression, so that it can be referred to (`Def!name(a, b)`). */
export type Label = { readonly name: string; readonly params: readonly string[] };

export type Node = Shape & { readonly span: Span; readonly label?: Label };
type Holding<N, K> = N extends { readonly kind: infer J } ? (K extends J ? N : never) : never;
/** The nodes whose shape a kind has (kinds of one shape share a type). */
export type NodeOf<K extends Node["kind"]> = Holding<Node, K>;

/** A parameter of an operator; arity above zero makes it an operator itself. */
export type Param = { readonly name: string; readonly arity: number };

export type Substitution = { readonly name: string; readonly value: Node };
export type InstanceUnit = {
  readonly kind: "instance";
  readonly name: string | undefined;
  readonly params: readonly Param[];
  readonly module: string;
  readonly substitutions: readonly Substitution[];
  readonly isLocal: boolean;
  readonly span: Span;
};
export type OperatorUnit = {
  readonly kind: "operator";
  readonly name: string;
  readonly params: readonly Param[];
  readonly body: Node;
  readonly isLocal: boolean;
  readonly span: Span;
};
/** `f[x \in S] == e`, which may mention f. */
export type FunctionUnit = {
  readonly kind: "function";
  readonly name: string;
  readonly bounds: readonly Bound[];
  readonly body: Node;
  readonly isLocal: boolean;
  readonly span: Span;
};
export type Unit =
  | InstanceUnit
  | OperatorUnit
  | FunctionUnit
  | { readonly kind: "recursive" | "constants"; readonly params: readonly Param[]; readonly span: Span }
  | { readonly kind: "variables"; readonly names: readonly string[]; readonly span: Span }
  | { readonly kind: "assume"; readonly name: string | undefined; readonly body: Node; readonly span: Span }
  | { readonly kind: "module"; readonly module: Module; readonly span: Span };

export type Module = {
  readonly name: string;
  readonly extends: readonly { readonly name: string; readonly span: Span }[];
  readonly units: readonly Unit[];
  readonly span: Span;
};
