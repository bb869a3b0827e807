------------------------------- MODULE Overlay -------------------------------
(***************************************************************************)
(* What keeping an overlay may do to its graph: every step changes the     *)
(* links of one node; a node takes in one neighbour at a time, that has    *)
(* asked it or was asked by it, and moves another on only to make room;    *)
(* it lets go one at a time; nobody has more than ActiveMax.               *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS Node, ActiveMax

VARIABLES
  up,      \* nodes that run
  links,   \* links[n]: whom n takes for a neighbour
  asked    \* asked[n]: whom n has ever asked to become a neighbour

vars == <<up, links, asked>>

Init ==
  /\ up = Node
  /\ links = [n \in Node |-> {}]
  /\ asked = [n \in Node |-> {}]

Ask(n, m) ==
  /\ n \in up /\ m # n
  /\ asked' = [asked EXCEPT ![n] = @ \cup {m}]
  /\ UNCHANGED <<up, links>>

TakeIn(n, m, evicted) ==
  /\ n \in up /\ m # n
  /\ m \in asked[n] \/ n \in asked[m]
  /\ m \notin links[n]
  /\ evicted \subseteq links[n]
  /\ Cardinality(evicted) = (IF Cardinality(links[n]) = ActiveMax THEN 1 ELSE 0)
  /\ links' = [links EXCEPT ![n] = (@ \ evicted) \cup {m}]
  /\ UNCHANGED <<up, asked>>

LetGo(n, m) ==
  /\ n \in up /\ m \in links[n]
  /\ links' = [links EXCEPT ![n] = @ \ {m}]
  /\ UNCHANGED <<up, asked>>

Crash(n) ==
  /\ n \in up
  /\ up' = up \ {n}
  /\ links' = [links EXCEPT ![n] = {}]
  /\ UNCHANGED asked

Next ==
  \E n \in Node :
    \/ Crash(n)
    \/ \E m \in Node :
         \/ Ask(n, m)
         \/ LetGo(n, m)
         \/ \E evicted \in SUBSET links[n] : TakeIn(n, m, evicted)

Spec == Init /\ [][Next]_vars
===============================================================================
