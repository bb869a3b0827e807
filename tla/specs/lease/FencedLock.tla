------------------------------ MODULE FencedLock ------------------------------
(***************************************************************************)
(* A lock with tokens, as its users see it: at most one holder at a time,  *)
(* each with a greater token than all holders before it, except that the   *)
(* last one may come back with its own; and a resource that has let a      *)
(* token in lets no smaller one in any more.                               *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS Client, Nobody, TokenMax

VARIABLES
  holder,   \* a client, or Nobody
  last,     \* the last holder and its token: [client, token]
  fence     \* the greatest token that the resource has let in

vars == <<holder, last, fence>>

Init ==
  /\ holder = Nobody
  /\ last = [client |-> Nobody, token |-> 0]
  /\ fence = 0

Acquire(c, t) ==
  /\ holder = Nobody
  /\ t > last.token \/ (t = last.token /\ c = last.client)
  /\ holder' = c
  /\ last' = [client |-> c, token |-> t]
  /\ UNCHANGED fence

Release ==
  /\ holder' = Nobody
  /\ UNCHANGED <<last, fence>>

Access(t) ==
  /\ t >= fence
  /\ t <= last.token
  /\ fence' = t
  /\ UNCHANGED <<holder, last>>

Next ==
  \/ \E c \in Client, t \in 1 .. TokenMax : Acquire(c, t)
  \/ Release
  \/ \E t \in 1 .. TokenMax : Access(t)

Spec == Init /\ [][Next]_vars
===============================================================================
