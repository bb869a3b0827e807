--------------------------------- MODULE OrSet ---------------------------------
(***************************************************************************)
(* The observed-remove set without tombstones, as systems/crdt/or-set.ts   *)
(* has it: a replica keeps the live adds and a clock of all adds that it   *)
(* has seen; an add that the clock covers and that is not live was removed *)
(* (Bieniusa et al. 2012). States are told whole, and merged.              *)
(*                                                                         *)
(* Refines ObservedRemoveSet, which forgets nothing: merging clocks and    *)
(* live adds comes to the same as uniting what was seen and what is gone.  *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
  Replica, Element,
  AddMax,    \* adds of each replica
  SaidMax    \* states that are told

VARIABLES
  state,     \* of each replica: [clock, live]; a live add is [element, dot], a dot <<replica, counter>>
  said,      \* states that were told: may arrive late, again, or never
  added      \* history: every add so far

vars == <<state, said, added>>

Max(a, b) == IF a > b THEN a ELSE b
Covers(clock, dot) == dot[2] <= clock[dot[1]]
Empty == [clock |-> [r \in Replica |-> 0], live |-> {}]

\* Live stays what both hold, and what one holds and the other has not seen.
Merge(a, b) ==
  [clock |-> [r \in Replica |-> Max(a.clock[r], b.clock[r])],
   live |-> (a.live \cap b.live)
              \cup {x \in a.live : ~Covers(b.clock, x.dot)}
              \cup {x \in b.live : ~Covers(a.clock, x.dot)}]

Init ==
  /\ state = [r \in Replica |-> Empty]
  /\ said = {}
  /\ added = {}

\* A new add of a replica replaces its own older one of the same element.
Add(r, e) ==
  LET dot == <<r, state[r].clock[r] + 1>>
      older == {x \in state[r].live : x.element = e /\ x.dot[1] = r} IN
  /\ dot[2] <= AddMax
  /\ state' = [state EXCEPT
       ![r].clock[r] = @ + 1,
       ![r].live = (@ \ older) \cup {[element |-> e, dot |-> dot]}]
  /\ added' = added \cup {[element |-> e, dot |-> dot]}
  /\ UNCHANGED said

Remove(r, e) ==
  /\ \E x \in state[r].live : x.element = e
  /\ state' = [state EXCEPT ![r].live = {x \in @ : x.element # e}]
  /\ UNCHANGED <<said, added>>

Tell(r) ==
  /\ Cardinality(said) < SaidMax
  /\ said' = said \cup {state[r]}
  /\ UNCHANGED <<state, added>>

Hear(r, s) ==
  /\ state' = [state EXCEPT ![r] = Merge(@, s)]
  /\ UNCHANGED <<said, added>>

Next ==
  \E r \in Replica :
    \/ \E e \in Element : Add(r, e) \/ Remove(r, e)
    \/ Tell(r)
    \/ \E s \in said : Hear(r, s)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
Dot == Replica \X (1 .. AddMax)
Seen(s) == {d \in Dot : Covers(s.clock, d)}
Gone(s) == Seen(s) \ {x.dot : x \in s.live}
Value(s) == {x.element : x \in s.live}

TypeOK ==
  \A r \in Replica :
    /\ state[r].clock \in [Replica -> 0 .. AddMax]
    /\ state[r].live \subseteq added
    /\ \A x \in state[r].live : Covers(state[r].clock, x.dot)

\* A dot names one add, and no replica holds two live adds of one replica for one element.
DotsAreUnique == \A x, y \in added : x.dot = y.dot => x = y
NewestOnly ==
  \A r \in Replica : \A x, y \in state[r].live :
    x.element = y.element /\ x.dot[1] = y.dot[1] => x = y

\* The states that exist form a semilattice under Merge.
States == {state[r] : r \in Replica} \cup said
MergeLaws ==
  \A a, b \in States :
    /\ Merge(a, b) = Merge(b, a)
    /\ Merge(a, a) = a
    /\ Merge(Merge(a, b), b) = Merge(a, b)
    /\ \A c \in States : Merge(a, Merge(b, c)) = Merge(Merge(a, b), c)

\* Whoever has learnt the same holds the same.
Convergence == \A a, b \in States : Seen(a) = Seen(b) /\ Gone(a) = Gone(b) => Value(a) = Value(b)

\* For checking: replicas are alike.
Alike == Permutations(Replica)

Abstract == INSTANCE ObservedRemoveSet WITH
  seen <- [r \in Replica |-> Seen(state[r])],
  gone <- [r \in Replica |-> Gone(state[r])],
  said <- {[seen |-> Seen(s), gone |-> Gone(s)] : s \in said}
ObservedRemove == Abstract!Spec
SameValues == \A r \in Replica : Value(state[r]) = Abstract!Value(r)
===============================================================================
