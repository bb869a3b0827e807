--------------------------- MODULE ObservedRemoveSet ---------------------------
(***************************************************************************)
(* What an observed-remove set means: each replica has seen some adds, and *)
(* of these some as removed; an element is there while one of its adds was *)
(* seen and not seen as removed. A remove covers the adds that its replica *)
(* has seen, so an add wins over a remove that has not seen it (Shapiro et *)
(* al. 2011). Replicas learn from each other by union, and whoever has     *)
(* learnt the same holds the same: that is all of convergence.             *)
(*                                                                         *)
(* Nothing is ever forgotten here. OrSet.tla forgets what was removed.     *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS Replica, Element, Dot  \* a dot names one add

VARIABLES
  added,   \* every add so far: [element, dot]
  seen,    \* of each replica: the dots of the adds that it knows of
  gone,    \* of these, what it knows to be removed
  said     \* what replicas have told of themselves: [seen, gone]

vars == <<added, seen, gone, said>>

Init ==
  /\ added = {}
  /\ seen = [r \in Replica |-> {}]
  /\ gone = [r \in Replica |-> {}]
  /\ said = {}

DotsOf(e) == {a.dot : a \in {b \in added : b.element = e}}
Value(r) == {e \in Element : \E d \in DotsOf(e) : d \in seen[r] \ gone[r]}

\* Of the adds that it knows of the same element, the new one may replace some.
Add(r, e, d) ==
  /\ \A a \in added : a.dot # d
  /\ added' = added \cup {[element |-> e, dot |-> d]}
  /\ seen' = [seen EXCEPT ![r] = @ \cup {d}]
  /\ \E replaced \in SUBSET (DotsOf(e) \cap seen[r]) : gone' = [gone EXCEPT ![r] = @ \cup replaced]
  /\ UNCHANGED said

Remove(r, e) ==
  /\ gone' = [gone EXCEPT ![r] = @ \cup (DotsOf(e) \cap seen[r])]
  /\ UNCHANGED <<added, seen, said>>

Tell(r) ==
  /\ said' = said \cup {[seen |-> seen[r], gone |-> gone[r]]}
  /\ UNCHANGED <<added, seen, gone>>

\* What was said may be heard late, again, or never.
Learn(r, m) ==
  /\ seen' = [seen EXCEPT ![r] = @ \cup m.seen]
  /\ gone' = [gone EXCEPT ![r] = @ \cup m.gone]
  /\ UNCHANGED <<added, said>>

Next ==
  \E r \in Replica :
    \/ \E e \in Element : (\E d \in Dot : Add(r, e, d)) \/ Remove(r, e)
    \/ Tell(r)
    \/ \E m \in said : Learn(r, m)

Spec == Init /\ [][Next]_vars
===============================================================================
