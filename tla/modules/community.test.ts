/**
 * Every operator of the library modules against what its module's documentation says it means, written in another way, on all
 * small arguments; and the lists of what is there and what is not, against docs/tla.md.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkSpecification, describeError, TlaError } from "../index.ts";
import { createLibrary, loadRoot } from "../eval/modules.ts";
import { builtinModules } from "./builtin.ts";
import { missingModules, missingOperators } from "./missing.ts";

/** Sets of arguments by the letter that stands for one. */
const domains = String.raw`
Vals == {1, 2}
Sqs == UNION {[1..n -> Vals] : n \in 0..3}
Short == UNION {[1..n -> Vals] : n \in 0..2}
Sets == SUBSET (1..3)
Fams == SUBSET {{1, 2}, {2}, {3, 1}}
Maps == UNION {[D -> Vals] : D \in SUBSET (1..3)}
Bgs == UNION {[D -> 1..2] : D \in SUBSET {"a", "b"}}
Ops == {"+", "-"}
Minus(a, b) == a - b
Cat(a, b) == <<a, b>>
Big(a) == a > 1
Graphs == {G \in [node : {{}, {1, 2}, {1, 2, 3}}, edge : SUBSET {{1, 2}, {2, 3}, {3}, {1, 4}}] : TRUE}
Walks(G) == UNION {[1..n -> G.node] : n \in 1..3}
Joined(a, b, G) == \E w \in Walks(G) : w[1] = a /\ w[Len(w)] = b /\ \A i \in 1..Len(w) - 1 : {w[i], w[i + 1]} \in G.edge
RECURSIVE Total(_, _)
Total(f, D) == IF D = {} THEN 0 ELSE LET d == CHOOSE d \in D : TRUE IN f[d] + Total(f, D \ {d})`;

type Claim = readonly [operators: string, bounds: string, claim: string];
const claims: Readonly<Record<string, readonly Claim[]>> = {
  Functions: [
    [
      "Restrict",
      String.raw`f \in Maps`,
      String.raw`\A S \in SUBSET DOMAIN f : DOMAIN Restrict(f, S) = S /\ \A x \in S : Restrict(f, S)[x] = f[x]`,
    ],
    ["RestrictDomain", String.raw`f \in Maps`, "RestrictDomain(f, Big) = Restrict(f, DOMAIN f \\ {1})"],
    [
      "RestrictValues",
      String.raw`f \in Maps`,
      String.raw`Range(RestrictValues(f, Big)) \subseteq {2} /\ \A x \in DOMAIN f : f[x] = 2 <=> x \in DOMAIN RestrictValues(f, Big)`,
    ],
    [
      "IsRestriction",
      String.raw`f, g \in Maps`,
      String.raw`IsRestriction(f, g) <=> (DOMAIN f \subseteq DOMAIN g /\ f = [x \in DOMAIN f |-> g[x]])`,
    ],
    ["Range", String.raw`f \in Maps`, String.raw`\A v \in 0..3 : v \in Range(f) <=> \E x \in DOMAIN f : v = f[x]`],
    [
      "Pointwise",
      String.raw`f \in Maps`,
      String.raw`Pointwise(f, [x \in DOMAIN f |-> 2 * x], Minus) = [x \in DOMAIN f |-> f[x] - 2 * x]`,
    ],
    [
      "Inverse AntiFunction",
      String.raw`f \in Maps`,
      String.raw`AntiFunction(f) = Inverse(f, DOMAIN f, Range(f)) /\ \A v \in Range(f) : f[AntiFunction(f)[v]] = v`,
    ],
    ["Inverse", "TRUE", String.raw`Inverse([i \in {1, 2} |-> i + 4], {1, 2}, {5, 6}) = (5 :> 1 @@ 6 :> 2)`],
    ["IsInjective", String.raw`f \in Maps`, "IsInjective(f) <=> Cardinality(Range(f)) = Cardinality(DOMAIN f)"],
    ["IsSurjective", String.raw`f \in Maps`, "IsSurjective(f, {1, 2}) <=> Range(f) = {1, 2}"],
    [
      "Injection Surjection Bijection",
      String.raw`S \in Sets`,
      String.raw`LET F == [S -> 1..2] IN Injection(S, 1..2) = {f \in F : IsInjective(f)} /\ Surjection(S, 1..2) = {f \in F : Range(f) = 1..2} /\ Bijection(S, 1..2) = {f \in F : IsInjective(f) /\ Range(f) = 1..2}`,
    ],
    [
      "ExistsInjection ExistsSurjection ExistsBijection",
      String.raw`S \in Sets`,
      String.raw`LET n == Cardinality(S) IN (ExistsInjection(S, 1..2) <=> n < 3) /\ (ExistsSurjection(S, 1..2) <=> n > 1) /\ (ExistsBijection(S, 1..2) <=> n = 2)`,
    ],
    [
      "FoldFunction FoldFunctionOnSet",
      String.raw`f \in Maps`,
      String.raw`FoldFunction(LAMBDA a, b : a + b, 5, f) = 5 + Total(f, DOMAIN f) /\ \A D \in SUBSET DOMAIN f : FoldFunctionOnSet(LAMBDA a, b : a + b, 5, f, D) = 5 + Total(f, D)`,
    ],
    ["FoldFunction", "TRUE", "FoldFunction(Minus, 1, <<5>>) = 4"],
  ],
  Folds: [
    [
      "MapThenFoldSet",
      "TRUE",
      String.raw`MapThenFoldSet(LAMBDA a, b : Append(b, a), <<>>, LAMBDA a : 10 * a, LAMBDA S : CHOOSE m \in S : \A n \in S : m =< n, 1..3) = <<30, 20, 10>>`,
    ],
    [
      "MapThenFoldSet",
      "TRUE",
      String.raw`MapThenFoldSet(LAMBDA a, b : Append(b, a), <<>>, LAMBDA a : 10 * a, LAMBDA S : CHOOSE m \in S : \A n \in S : m >= n, 1..3) = <<10, 20, 30>>`,
    ],
    [
      "MapThenFoldSet",
      String.raw`S \in Sets`,
      String.raw`MapThenFoldSet(LAMBDA a, b : a \cup b, {}, LAMBDA a : {{a}}, LAMBDA T : CHOOSE t \in T : TRUE, S) = {{s} : s \in S}`,
    ],
  ],
  FiniteSetsExt: [
    [
      "FoldSet ReduceSet SumSet",
      String.raw`S \in Sets`,
      String.raw`LET t == Total([x \in S |-> x], S) IN FoldSet(LAMBDA a, b : a + b, 7, S) = 7 + t /\ ReduceSet(LAMBDA a, b : a + b, S, 7) = 7 + t /\ SumSet(S) = t`,
    ],
    ["FoldSet", "TRUE", "FoldSet(Minus, 1, {5}) = 4"],
    ["ProductSet", "TRUE", "ProductSet({}) = 1 /\\ ProductSet({2, 3, 4}) = 24"],
    ["MapThenSumSet", String.raw`S \in Sets`, "MapThenSumSet(LAMBDA a : 3 * a, S) = 3 * SumSet(S)"],
    ["FlattenSet", String.raw`F \in Fams`, String.raw`\A x \in 1..3 : x \in FlattenSet(F) <=> \E S \in F : x \in S`],
    ["SymDiff", String.raw`S, T \in Sets`, String.raw`SymDiff(S, T) = {x \in 1..3 : (x \in S) # (x \in T)}`],
    ["Quantify", String.raw`S \in Sets`, "Quantify(S, Big) = Cardinality(S \\ {1})"],
    [
      "kSubset",
      String.raw`S \in Sets, k \in 0..4`,
      String.raw`kSubset(k, S) = {T \in Sets : T \subseteq S /\ Cardinality(T) = k}`,
    ],
    ["Max Min", String.raw`S \in Sets \ {{}}`, String.raw`Max(S) \in S /\ Min(S) \in S /\ S \subseteq Min(S)..Max(S)`],
    ["Choose", String.raw`S \in Sets \ {{}}`, String.raw`Choose(S) \in S`],
    ["ChooseUnique", "TRUE", "ChooseUnique({2, 3, 4, 5}, LAMBDA x : x % 3 = 1) = 4"],
    [
      "Choices",
      "TRUE",
      "Choices({{1, 2}, {3}}) = {{1, 3}, {2, 3}} /\\ Choices({{1, 2}, {2, 3}, {5}}) = {{2, 5}, {1, 2, 5}, {1, 3, 5}, {2, 3, 5}}",
    ],
    ["Choices", String.raw`F \in Fams`, String.raw`\A C \in Sets : C \in Choices(F) => \A S \in F : S \cap C # {}`],
  ],
  SequencesExt: [
    [
      "ToSet Indices",
      String.raw`s \in Sqs`,
      String.raw`ToSet(s) = {v \in Vals : \E i \in 1..Len(s) : s[i] = v} /\ Indices(s) = 1..Len(s)`,
    ],
    ["SetToSeq", String.raw`S \in Sets`, String.raw`Len(SetToSeq(S)) = Cardinality(S) /\ ToSet(SetToSeq(S)) = S`],
    [
      "SetToSeqs",
      String.raw`S \in Sets`,
      String.raw`SetToSeqs(S) = {p \in [1..Cardinality(S) -> S] : {p[i] : i \in DOMAIN p} = S}`,
    ],
    [
      "SetToSortSeq",
      String.raw`S \in Sets`,
      String.raw`LET q == SetToSortSeq(S, LAMBDA a, b : a > b) IN ToSet(q) = S /\ \A i, j \in 1..Len(q) : i < j => q[i] > q[j]`,
    ],
    [
      "Reverse",
      String.raw`s \in Sqs`,
      String.raw`Len(Reverse(s)) = Len(s) /\ \A i \in 1..Len(s) : Reverse(s)[i] = s[Len(s) + 1 - i]`,
    ],
    ["Contains", String.raw`s \in Sqs, e \in 0..2`, String.raw`Contains(s, e) <=> e \in ToSet(s)`],
    [
      "Remove",
      String.raw`s \in Sqs, e \in 0..2`,
      String.raw`Remove(s, e) = FlattenSeq([i \in 1..Len(s) |-> IF s[i] = e THEN <<>> ELSE <<s[i]>>])`,
    ],
    [
      "ReplaceAll",
      String.raw`s \in Sqs`,
      String.raw`ReplaceAll(s, 1, 9) = [i \in 1..Len(s) |-> IF s[i] = 1 THEN 9 ELSE 2]`,
    ],
    [
      "SelectInSeq SelectLastInSeq",
      String.raw`s \in Sqs`,
      String.raw`LET a == SelectInSeq(s, Big) z == SelectLastInSeq(s, Big) IN IF 2 \notin ToSet(s) THEN a = 0 /\ z = 0 ELSE s[a] = 2 /\ s[z] = 2 /\ \A i \in 1..Len(s) : s[i] = 2 => a =< i /\ i =< z`,
    ],
    [
      "InsertAt",
      String.raw`s \in Sqs`,
      String.raw`\A i \in 1..Len(s) + 1 : LET t == InsertAt(s, i, 7) IN Len(t) = Len(s) + 1 /\ t[i] = 7 /\ RemoveAt(t, i) = s`,
    ],
    [
      "ReplaceAt",
      String.raw`s \in Sqs`,
      String.raw`\A i \in 1..Len(s) : ReplaceAt(s, i, 7) = [j \in 1..Len(s) |-> IF j = i THEN 7 ELSE s[j]]`,
    ],
    [
      "RemoveAt",
      String.raw`s \in Sqs`,
      String.raw`\A i \in 1..Len(s) : RemoveAt(s, i) = [j \in 1..Len(s) - 1 |-> IF j < i THEN s[j] ELSE s[j + 1]]`,
    ],
    [
      "ReplaceFirst",
      String.raw`s \in Sqs`,
      String.raw`ReplaceFirst(s, 2, 7) = [i \in 1..Len(s) |-> IF s[i] = 2 /\ \A j \in 1..i - 1 : s[j] # 2 THEN 7 ELSE s[i]]`,
    ],
    [
      "RemoveFirst",
      String.raw`s \in Sqs`,
      "RemoveFirst(s, 2) = IF Contains(s, 2) THEN RemoveAt(s, SelectInSeq(s, Big)) ELSE s",
    ],
    ["Cons Snoc", String.raw`s \in Sqs`, String.raw`Cons(7, s) = <<7>> \o s /\ Snoc(7, s) = s \o <<7>>`],
    ["Front Last", String.raw`s \in Sqs \ {<<>>}`, String.raw`Front(s) \o <<Last(s)>> = s`],
    [
      "IsPrefix IsStrictPrefix",
      String.raw`s, t \in Sqs`,
      String.raw`(IsPrefix(s, t) <=> \E u \in Sqs : t = s \o u) /\ (IsStrictPrefix(s, t) <=> \E u \in Sqs \ {<<>>} : t = s \o u)`,
    ],
    [
      "IsSuffix IsStrictSuffix",
      String.raw`s, t \in Sqs`,
      String.raw`(IsSuffix(s, t) <=> \E u \in Sqs : t = u \o s) /\ (IsStrictSuffix(s, t) <=> \E u \in Sqs \ {<<>>} : t = u \o s)`,
    ],
    [
      "Prefixes Suffixes",
      String.raw`s \in Sqs`,
      String.raw`Prefixes(s) = {t \in Sqs : IsPrefix(t, s)} /\ Suffixes(s) = {t \in Sqs : IsSuffix(t, s)}`,
    ],
    [
      "SubSeqs",
      String.raw`s \in Sqs`,
      String.raw`SubSeqs(s) = {t \in Sqs : \E a, b \in Sqs : Len(a) + Len(b) + Len(t) = Len(s) /\ a \o t \o b = s}`,
    ],
    [
      "AllSubSeqs",
      String.raw`s \in Sqs`,
      String.raw`AllSubSeqs(s) = {t \in Sqs : \E f \in [1..Len(t) -> 1..Len(s)] : (\A i, j \in 1..Len(t) : i < j => f[i] < f[j]) /\ t = [i \in 1..Len(t) |-> s[f[i]]]}`,
    ],
    ["AllSubSeqs", "TRUE", "AllSubSeqs(<<7, 8>>) = {<<>>, <<7>>, <<8>>, <<7, 8>>}"],
    [
      "CommonPrefixes LongestCommonPrefix",
      String.raw`s, t \in Sqs`,
      String.raw`LET C == CommonPrefixes({s, t}) IN C = Prefixes(s) \cap Prefixes(t) /\ LongestCommonPrefix({s, t}) \in C /\ Len(LongestCommonPrefix({s, t})) = Cardinality(C) - 1`,
    ],
    [
      "FlattenSeq",
      String.raw`s, t \in Short`,
      String.raw`FlattenSeq(<<s, t, s>>) = s \o t \o s /\ FlattenSeq(<<>>) = <<>> /\ FlattenSeq(<<"a", "b">>) = "ab"`,
    ],
    [
      "Zip",
      String.raw`s, t \in Sqs`,
      String.raw`Len(Zip(s, t)) = Cardinality(DOMAIN s \cap DOMAIN t) /\ \A i \in DOMAIN Zip(s, t) : Zip(s, t)[i] = <<s[i], t[i]>>`,
    ],
    [
      "SeqOf BoundedSeq TupleOf",
      "TRUE",
      "SeqOf(Vals, 3) = Sqs /\\ BoundedSeq(Vals, 2) = Short /\\ TupleOf(Vals, 2) = Vals \\X Vals",
    ],
    [
      "FoldSeq",
      String.raw`s \in Sqs`,
      String.raw`FoldSeq(LAMBDA a, b : a + b, 4, s) = 4 + Total(s, DOMAIN s) /\ FoldSeq(Minus, 1, <<5>>) = 4`,
    ],
    [
      "FoldLeft FoldRight",
      "TRUE",
      "FoldLeft(Cat, 0, <<3, 1, 2>>) = <<<<<<0, 3>>, 1>>, 2>> /\\ FoldRight(Cat, <<3, 1, 2>>, 0) = <<3, <<1, <<2, 0>>>>>>",
    ],
  ],
  UndirectedGraphs: [
    [
      "IsUndirectedGraph IsLoopFreeUndirectedGraph",
      String.raw`G \in Graphs`,
      String.raw`(IsUndirectedGraph(G) <=> UNION G.edge \subseteq G.node) /\ (IsLoopFreeUndirectedGraph(G) <=> (UNION G.edge \subseteq G.node /\ {3} \notin G.edge))`,
    ],
    [
      "UndirectedSubgraph",
      String.raw`G \in Graphs`,
      String.raw`UndirectedSubgraph(G) = {H \in [node : SUBSET G.node, edge : SUBSET G.edge] : UNION H.edge \subseteq H.node}`,
    ],
    [
      "AreConnectedIn",
      String.raw`G \in Graphs`,
      String.raw`\A m, n \in 1..4 : AreConnectedIn(m, n, G) <=> Joined(m, n, G)`,
    ],
    [
      "ConnectedComponents",
      String.raw`G \in Graphs`,
      String.raw`UNION ConnectedComponents(G) = G.node /\ \A S \in ConnectedComponents(G) : S # {} /\ \A m \in S : S = {n \in G.node : Joined(m, n, G)}`,
    ],
    [
      "IsStronglyConnected",
      String.raw`G \in Graphs`,
      String.raw`IsStronglyConnected(G) <=> (G.node # {} /\ \A m, n \in G.node : Joined(m, n, G))`,
    ],
  ],
  Bags: [
    ["IsABag", String.raw`f \in Maps`, "IsABag(f) /\\ ~IsABag([x \\in {1} |-> 0]) /\\ ~IsABag([x \\in {1} |-> -1])"],
    [
      "BagToSet SetToBag EmptyBag BagIn CopiesIn",
      String.raw`B \in Bgs, e \in {"a", "b", "c"}`,
      String.raw`BagToSet(B) = DOMAIN B /\ (BagIn(e, B) <=> e \in DOMAIN B) /\ CopiesIn(e, B) = (IF BagIn(e, B) THEN B[e] ELSE 0) /\ SetToBag(DOMAIN B) = [x \in DOMAIN B |-> 1] /\ DOMAIN EmptyBag = {}`,
    ],
    [
      "(+) (-)",
      String.raw`B, C \in Bgs, e \in {"a", "b", "c"}`,
      String.raw`CopiesIn(e, B (+) C) = CopiesIn(e, B) + CopiesIn(e, C) /\ (LET d == CopiesIn(e, B) - CopiesIn(e, C) IN CopiesIn(e, B (-) C) = IF d > 0 THEN d ELSE 0) /\ IsABag(B (-) C)`,
    ],
    [
      String.raw`\sqsubseteq`,
      String.raw`B, C \in Bgs`,
      String.raw`(B \sqsubseteq C) <=> \A e \in {"a", "b"} : CopiesIn(e, B) =< CopiesIn(e, C)`,
    ],
    ["SubBag", String.raw`B \in Bgs`, String.raw`SubBag(B) = {C \in Bgs : C \sqsubseteq B}`],
    ["BagUnion", String.raw`B, C \in Bgs`, "BagUnion({B, C}) = IF B = C THEN B ELSE B (+) C"],
    [
      "BagOfAll BagCardinality",
      String.raw`B \in Bgs`,
      String.raw`BagCardinality(B) = CopiesIn("a", B) + CopiesIn("b", B) /\ BagOfAll(LAMBDA x : 5, B) = (IF DOMAIN B = {} THEN EmptyBag ELSE 5 :> BagCardinality(B)) /\ BagOfAll(LAMBDA x : x, B) = B`,
    ],
  ],
  Bitwise: [
    [
      "& | ^^ shiftR shiftL",
      String.raw`a, b \in 0..9`,
      String.raw`LET bit(n, i) == (n \div 2^i) % 2 IN \A i \in 0..4 : bit(a & b, i) = bit(a, i) * bit(b, i) /\ bit(a ^^ b, i) = (bit(a, i) + bit(b, i)) % 2 /\ (a | b) = (a & b) + (a ^^ b) /\ shiftR(a, i) = a \div 2^i /\ shiftL(a, i) = a * 2^i`,
    ],
    ["Not", String.raw`a \in -3..3`, "Not(a) = -a - 1"],
    ["&", "TRUE", "(2^40 + 5) & (2^40 + 3) = 2^40 + 1 /\\ (2^31 | 1) = 2^31 + 1"],
  ],
};

/** A claim for all arguments; bounds are `TRUE` where there are none. */
function textOf(module: string, [, bounds, claim]: Claim): string {
  const body = bounds === "TRUE" ? claim : `\\A ${bounds} : (${claim})`;
  return `---- MODULE M ----\nEXTENDS Integers, Sequences, FiniteSets, TLC, Functions, FiniteSetsExt, SequencesExt, ${module}\n${domains.replace("Graphs ==", module === "Bags" ? "Graphs_ ==" : "Graphs ==")}\nASSUME ${body}\n====`;
}

function only(text: string): (name: string) => string | undefined {
  return (name) => (name === "M" ? text : undefined);
}

function namesOf(module: string): string[] {
  const library = createLibrary(() => undefined);
  const scope = loadRoot(library, module);
  const own = builtinModules.get(module)!;
  return [...scope.names].flatMap(([name, entity]) => {
    if (entity.kind === "native") return Object.hasOwn(own.natives, name) ? [name] : [];
    return entity.kind === "definition" && entity.module === module && !entity.isLocal ? [name] : [];
  });
}

describe("operators of the library modules mean what is documented", () => {
  const rows = Object.entries(claims).flatMap(([module, list]) =>
    list.map((claim) => [module, claim[0], claim] as const),
  );
  it.each(rows)("%s: %s", (module, _operators, claim) => {
    const result = checkSpecification({ load: only(textOf(module, claim)), spec: "M", config: "" });
    expect(result.violations.map(({ message }) => message)).toEqual([]);
  });

  it.each(Object.keys(claims))("no operator of %s is left out", (module) => {
    const claimed = claims[module]!.flatMap(([operators]) => operators.split(" "));
    expect(namesOf(module).filter((name) => !claimed.includes(name))).toEqual([]);
  });
});

describe("what is missing", () => {
  const refusal = (text: string): string => {
    try {
      checkSpecification({ load: only(text), spec: "M", config: "" });
      return "accepted";
    } catch (error) {
      if (!(error instanceof TlaError)) throw error;
      return describeError(error);
    }
  };

  const operators = Object.entries(missingOperators).flatMap(([module, names]) =>
    names.map((name) => [module, name] as const),
  );
  it.each(operators)("%s!%s is refused by name", (module, name) => {
    expect(namesOf(module)).not.toContain(name);
    expect(refusal(`---- MODULE M ----\nEXTENDS ${module}\nASSUME ${name} = 1\n====`)).toBe(
      `line 3, column 8 of module M: unknown name ${name}: the library module ${module} has it, but not here (docs/tla.md lists what is there); define it in the specification`,
    );
  });

  it.each(missingModules)("module %s is refused by name, and a copy is taken", (name) => {
    expect(refusal(`---- MODULE M ----\nEXTENDS ${name}\n====`)).toMatch(
      new RegExp(`^line 2, column 9 of module M: module ${name} cannot be found: it is one of the community's`),
    );
    const load = (module: string): string | undefined =>
      ({
        M: `---- MODULE M ----\nEXTENDS ${name}\nASSUME Own = 3\n====`,
        [name]: `---- MODULE ${name} ----\nOwn == 3\n====`,
      })[module];
    expect(checkSpecification({ load, spec: "M", config: "" }).verdict).toBe("held");
  });

  it("a copy of a community module wins over the one that is built in", () => {
    const load = (module: string): string | undefined =>
      ({
        M: "---- MODULE M ----\nEXTENDS Folds, SequencesExt\nASSUME MapThenFoldSet(1, 2) = 3 /\\ Last(<<>>) = 4\n====",
        Folds: "---- MODULE Folds ----\nMapThenFoldSet(a, b) == 3\n====",
        SequencesExt: "---- MODULE SequencesExt ----\nLast(s) == 4\n====",
      })[module];
    expect(checkSpecification({ load, spec: "M", config: "" }).verdict).toBe("held");
  });

  it("files are not written, and that is an error", () => {
    const text = '---- MODULE M ----\nEXTENDS Json\nASSUME JsonSerialize("f", <<>>)\n====';
    const { verdict, violations } = checkSpecification({ load: only(text), spec: "M", config: "" });
    expect([verdict, violations[0]!.kind]).toEqual(["failed", "evaluation"]);
    expect(violations[0]!.message).toMatch(/"f" is not written: this engine reads files but writes none/);
  });

  it("an SVG element is told as the text it stands for", () => {
    const text = `---- MODULE M ----\nEXTENDS SVG
ASSUME SVGElemToString(SVGElem("elem", [k1 |-> "0", k2 |-> "1"], <<>>, "")) = "<elem k1=\\"0\\" k2=\\"1\\"></elem>"
ASSUME SVGElemToString(Group(<<Text(1, 2, "hi", <<>>)>>, <<>>)) = "<g><text x=\\"1\\" y=\\"2\\">hi</text></g>"\n====`;
    expect(checkSpecification({ load: only(text), spec: "M", config: "" }).violations).toEqual([]);
  });
});

describe("docs/tla.md", () => {
  const page = readFileSync(fileURLToPath(new URL("../../docs/tla.md", import.meta.url)), "utf8");
  const section = page.slice(
    page.indexOf("### Library modules"),
    page.indexOf("### ", page.indexOf("### Library modules") + 4),
  );
  const rowOf = (module: string): string[] | undefined =>
    section
      .split("\n")
      .find((line) => line.startsWith(`| ${module} |`))
      ?.split(/ (?<!\\)\| ?/)
      .map((cell) => cell.trim());
  const listed = (cell: string | undefined): string[] =>
    [...(cell ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replaceAll("\\|", "|")).sort();

  it.each([...Object.keys(claims), ...Object.keys(missingOperators)])(
    "lists what %s has and what it lacks",
    (module) => {
      const row = rowOf(module);
      expect(listed(row?.[1])).toEqual(namesOf(module).sort());
      expect(listed(row?.[2])).toEqual([...(missingOperators[module] ?? [])].sort());
    },
  );

  it("lists the modules that are missing", () => {
    const line = section.split("\n").find((text) => text.startsWith("Not there: "));
    expect(listed(line)).toEqual([...missingModules].sort());
  });
});
