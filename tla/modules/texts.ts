/**
 * Library modules written in TLA+: Bags and the community's Functions, FiniteSetsExt, SequencesExt, Folds, graphs, SVG.
 *
 * Own definitions of the operators those libraries promise (names, arities and order of arguments as in
 * tlaplus/CommunityModules; what is not here is in missing.ts); most folds and sorting are natives. Modules of the proof system have no operators that a checker evaluates.
 */

const bags = String.raw`
---- MODULE Bags ----
EXTENDS Integers
LOCAL SumOver(f) == LET S[d \in SUBSET DOMAIN f] == IF d = {} THEN 0 ELSE LET x == CHOOSE x \in d : TRUE IN f[x] + S[d \ {x}] IN S[DOMAIN f]
IsABag(B) == \A e \in DOMAIN B : B[e] \in Nat /\ B[e] > 0
BagToSet(B) == DOMAIN B
SetToBag(S) == [e \in S |-> 1]
EmptyBag == SetToBag({})
BagIn(e, B) == e \in DOMAIN B
CopiesIn(e, B) == IF e \in DOMAIN B THEN B[e] ELSE 0
B1 (+) B2 == [e \in DOMAIN B1 \cup DOMAIN B2 |-> CopiesIn(e, B1) + CopiesIn(e, B2)]
B1 (-) B2 == [e \in {d \in DOMAIN B1 : B1[d] > CopiesIn(d, B2)} |-> B1[e] - CopiesIn(e, B2)]
BagUnion(S) == [e \in UNION {DOMAIN B : B \in S} |-> LET R[T \in SUBSET S] == IF T = {} THEN 0 ELSE LET B == CHOOSE B \in T : TRUE IN CopiesIn(e, B) + R[T \ {B}] IN R[S]]
B1 \sqsubseteq B2 == \A e \in DOMAIN B1 : e \in DOMAIN B2 /\ B1[e] =< B2[e]
SubBag(B) == UNION {LET Choices == {f \in [D -> UNION {1..B[e] : e \in D}] : \A e \in D : f[e] =< B[e]} IN Choices : D \in SUBSET DOMAIN B}
BagOfAll(F(_), B) == [e \in {F(d) : d \in DOMAIN B} |-> SumOver([d \in {d \in DOMAIN B : F(d) = e} |-> B[d]])]
BagCardinality(B) == SumOver(B)
====`;

const folds = String.raw`
---- MODULE Folds ----
MapThenFoldSet(op(_, _), base, f(_), choose(_), S) == LET over[T \in SUBSET S] == IF T = {} THEN base ELSE LET x == choose(T) IN op(f(x), over[T \ {x}]) IN over[S]
====`;

const functions = String.raw`
---- MODULE Functions ----
EXTENDS Folds
Restrict(f, S) == [x \in S |-> f[x]]
RestrictDomain(f, Test(_)) == Restrict(f, {x \in DOMAIN f : Test(x)})
RestrictValues(f, Test(_)) == Restrict(f, {x \in DOMAIN f : Test(f[x])})
IsRestriction(f, g) == DOMAIN f \subseteq DOMAIN g /\ \A x \in DOMAIN f : f[x] = g[x]
Range(f) == {f[x] : x \in DOMAIN f}
Pointwise(f, g, T(_, _)) == [x \in DOMAIN f |-> T(f[x], g[x])]
Inverse(f, S, T) == [t \in T |-> CHOOSE s \in S : t \in Range(f) => f[s] = t]
AntiFunction(f) == Inverse(f, DOMAIN f, Range(f))
IsInjective(f) == \A x, y \in DOMAIN f : f[x] = f[y] => x = y
IsSurjective(f, T) == \A t \in T : \E s \in DOMAIN f : f[s] = t
Injection(S, T) == {f \in [S -> T] : IsInjective(f)}
Surjection(S, T) == {f \in [S -> T] : IsSurjective(f, T)}
Bijection(S, T) == Injection(S, T) \cap Surjection(S, T)
ExistsInjection(S, T) == Injection(S, T) # {}
ExistsSurjection(S, T) == Surjection(S, T) # {}
ExistsBijection(S, T) == Bijection(S, T) # {}
====`;

const finiteSetsExt = String.raw`
---- MODULE FiniteSetsExt ----
EXTENDS Integers, FiniteSets, Functions, Folds
ReduceSet(op(_, _), set, acc) == FoldSet(op, acc, set)
SumSet(set) == FoldSet(LAMBDA x, y : x + y, 0, set)
ProductSet(set) == FoldSet(LAMBDA x, y : x * y, 1, set)
MapThenSumSet(op(_), set) == FoldSet(LAMBDA x, y : op(x) + y, 0, set)
FlattenSet(ssets) == UNION ssets
SymDiff(A, B) == (A \ B) \cup (B \ A)
Quantify(S, P(_)) == Cardinality({s \in S : P(s)})
kSubset(k, S) == {s \in SUBSET S : Cardinality(s) = k}
Max(S) == CHOOSE x \in S : \A y \in S : x >= y
Min(S) == CHOOSE x \in S : \A y \in S : x =< y
Choose(S) == CHOOSE x \in S : TRUE
ChooseUnique(S, P(_)) == CHOOSE x \in S : P(x) /\ \A y \in S : P(y) => y = x
Choices(Sets) == {Range(f) : f \in {g \in [Sets -> UNION Sets] : \A S \in Sets : g[S] \in S}}
====`;

const sequencesExt = String.raw`
---- MODULE SequencesExt ----
EXTENDS Sequences, Naturals, FiniteSets, FiniteSetsExt, Functions
ToSet(s) == {s[i] : i \in DOMAIN s}
Indices(s) == DOMAIN s
SetToSeqs(S) == {f \in [1..Cardinality(S) -> S] : IsInjective(f)}
Reverse(s) == [i \in 1..Len(s) |-> s[Len(s) - i + 1]]
Contains(s, e) == \E i \in 1..Len(s) : s[i] = e
Remove(s, e) == SelectSeq(s, LAMBDA t : t # e)
ReplaceAll(s, old, new) == [i \in 1..Len(s) |-> IF s[i] = old THEN new ELSE s[i]]
SelectInSeq(s, P(_)) == LET I == {i \in 1..Len(s) : P(s[i])} IN IF I = {} THEN 0 ELSE Min(I)
SelectLastInSeq(s, P(_)) == LET I == {i \in 1..Len(s) : P(s[i])} IN IF I = {} THEN 0 ELSE Max(I)
InsertAt(s, i, e) == SubSeq(s, 1, i - 1) \o <<e>> \o SubSeq(s, i, Len(s))
ReplaceAt(s, i, e) == [s EXCEPT ![i] = e]
RemoveAt(s, i) == SubSeq(s, 1, i - 1) \o SubSeq(s, i + 1, Len(s))
ReplaceFirst(s, old, new) == LET i == SelectInSeq(s, LAMBDA e : e = old) IN IF i = 0 THEN s ELSE ReplaceAt(s, i, new)
RemoveFirst(s, e) == LET i == SelectInSeq(s, LAMBDA x : x = e) IN IF i = 0 THEN s ELSE RemoveAt(s, i)
Cons(e, s) == <<e>> \o s
Snoc(e, s) == Append(s, e)
Front(s) == SubSeq(s, 1, Len(s) - 1)
Last(s) == s[Len(s)]
IsPrefix(s, t) == Len(s) =< Len(t) /\ SubSeq(s, 1, Len(s)) = SubSeq(t, 1, Len(s))
IsStrictPrefix(s, t) == IsPrefix(s, t) /\ s # t
IsSuffix(s, t) == Len(s) =< Len(t) /\ s = SubSeq(t, Len(t) - Len(s) + 1, Len(t))
IsStrictSuffix(s, t) == IsSuffix(s, t) /\ s # t
Prefixes(s) == {SubSeq(s, 1, l) : l \in 0..Len(s)}
Suffixes(s) == {SubSeq(s, l, Len(s)) : l \in 1..Len(s) + 1}
SubSeqs(s) == {SubSeq(s, i + 1, j) : i, j \in 0..Len(s)}
CommonPrefixes(S) == LET P == UNION {Prefixes(s) : s \in S} IN {p \in P : \A s \in S : IsPrefix(p, s)}
LongestCommonPrefix(S) == CHOOSE p \in CommonPrefixes(S) : \A q \in CommonPrefixes(S) : Len(p) >= Len(q)
FlattenSeq(ss) == IF Len(ss) = 0 THEN ss ELSE FoldLeft(LAMBDA acc, s : acc \o s, Head(ss), Tail(ss))
Zip(s, t) == [i \in 1..(IF Len(s) < Len(t) THEN Len(s) ELSE Len(t)) |-> <<s[i], t[i]>>]
SeqOf(S, n) == UNION {[1..m -> S] : m \in 0..n}
BoundedSeq(S, n) == SeqOf(S, n)
TupleOf(S, n) == [1..n -> S]
AllSubSeqs(s) == {FoldFunction(Snoc, <<>>, [i \in D |-> s[i]]) : D \in SUBSET DOMAIN s}
====`;

const undirectedGraphs = String.raw`
---- MODULE UndirectedGraphs ----
EXTENDS Naturals, Sequences, FiniteSets
IsUndirectedGraph(G) == G = [node |-> G.node, edge |-> G.edge] /\ \A e \in G.edge : \E a, b \in G.node : e = {a, b}
IsLoopFreeUndirectedGraph(G) == IsUndirectedGraph(G) /\ \A e \in G.edge : Cardinality(e) = 2
UndirectedSubgraph(G) == {H \in [node : SUBSET G.node, edge : SUBSET G.edge] : IsUndirectedGraph(H)}
AreConnectedIn(m, n, G) == LET R[i \in Nat] == IF i = 0 THEN {m} ELSE R[i - 1] \cup {b \in G.node : \E a \in R[i - 1] : {a, b} \in G.edge} IN m \in G.node /\ n \in R[Cardinality(G.node)]
ConnectedComponents(G) == {{b \in G.node : AreConnectedIn(a, b, G)} : a \in G.node}
IsStronglyConnected(G) == ConnectedComponents(G) = {G.node}
====`;

const svg = String.raw`
---- MODULE SVG ----
EXTENDS Naturals, Sequences, TLC
SVGElem(name, attrs, children, innerText) == [name |-> name, attrs |-> attrs, children |-> children, innerText |-> innerText]
Point(x, y) == [x |-> x, y |-> y]
Line(x1, y1, x2, y2, attrs) == SVGElem("line", ("x1" :> ToString(x1) @@ "y1" :> ToString(y1) @@ "x2" :> ToString(x2) @@ "y2" :> ToString(y2)) @@ attrs, <<>>, "")
Circle(cx, cy, r, attrs) == SVGElem("circle", ("cx" :> ToString(cx) @@ "cy" :> ToString(cy) @@ "r" :> ToString(r)) @@ attrs, <<>>, "")
Rect(x, y, w, h, attrs) == SVGElem("rect", ("x" :> ToString(x) @@ "y" :> ToString(y) @@ "width" :> ToString(w) @@ "height" :> ToString(h)) @@ attrs, <<>>, "")
Text(x, y, text, attrs) == SVGElem("text", ("x" :> ToString(x) @@ "y" :> ToString(y)) @@ attrs, <<>>, text)
Image(x, y, w, h, href, attrs) == SVGElem("image", ("x" :> ToString(x) @@ "y" :> ToString(y) @@ "width" :> ToString(w) @@ "height" :> ToString(h) @@ "href" :> href) @@ attrs, <<>>, "")
Group(children, attrs) == SVGElem("g", attrs, children, "")
Svg(children, attrs) == SVGElem("svg", attrs, children, "")
SVGDoc(children, x, y, w, h, attrs) == SVGElem("svg", ("viewBox" :> (ToString(x) \o " " \o ToString(y) \o " " \o ToString(w) \o " " \o ToString(h))) @@ attrs, <<children>>, "")
SVGSerialize(elem, file, number) == file \o ToString(number) \o ".svg"
====`;

function stub(name: string, extended: string): string {
  return `---- MODULE ${name} ----\n${extended === "" ? "" : `EXTENDS ${extended}\n`}====`;
}

export const libraryTexts: Readonly<Record<string, string>> = {
  Bags: bags,
  Functions: functions,
  FiniteSetsExt: finiteSetsExt,
  SequencesExt: sequencesExt,
  Folds: folds,
  UndirectedGraphs: undirectedGraphs,
  SVG: svg,
  TLAPS: stub("TLAPS", ""),
  WellFoundedInduction: stub("WellFoundedInduction", "NaturalsInduction"),
  NaturalsInduction: stub("NaturalsInduction", "Integers, TLAPS"),
  FiniteSetTheorems: stub("FiniteSetTheorems", "FiniteSets, Sequences, Functions, WellFoundedInduction"),
  FunctionTheorems: stub("FunctionTheorems", "Functions, Integers, TLAPS"),
  SequenceTheorems: stub("SequenceTheorems", "Sequences, Functions, WellFoundedInduction, TLAPS"),
  SequencesExtTheorems: stub("SequencesExtTheorems", "SequencesExt, TLAPS"),
};
