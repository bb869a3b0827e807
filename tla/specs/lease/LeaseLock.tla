------------------------------- MODULE LeaseLock -------------------------------
(***************************************************************************)
(* A lock service that grants leases, over a network that may delay and    *)
(* repeat what it carries for ever, to clients whose clocks may be slow    *)
(* (Gray and Cheriton 1989). A client measures its lease from the moment   *)
(* it asked, by its own clock, and ends it Margin early; while it measures *)
(* one lease, its clock loses at most Drift.                               *)
(*                                                                         *)
(* With Drift <= Margin at most one client believes that it holds the lock *)
(* (refines FencedLock). A write that was sent under a lease may arrive    *)
(* after it: the resource compares tokens, and that needs no clock at all. *)
(*                                                                         *)
(* Time is what is left: of the lease at the service, and of each          *)
(* measurement at its client. Nothing else depends on it.                  *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS
  Client, Nobody,
  Lease,      \* how long a lease lasts at the service, in ticks
  Margin,     \* how much earlier a client ends it
  Drift,      \* how many ticks a client's clock may lose while it measures a lease
  TokenMax,   \* how many tokens are given
  AskMax      \* how often a client asks

VARIABLES
  owner, token, left,   \* of the service: to whom the lease was granted, with what token, and how long it lasts
  asks,                 \* of each client: how often it has asked; every request may arrive at any later time
  asked,                \* of each client: what it measures since it asked, {} or one [left, lost]
  grants,               \* on their way: [to, ask, token]
  held,                 \* of each client: the lease that it believes to hold, {} or one [token, left, lost]
  writes,               \* tokens of writes on their way
  fence,                \* the greatest token that the resource has let in
  last                  \* history: the last client that began to hold the lock, and its token

vars == <<owner, token, left, asks, asked, grants, held, writes, fence, last>>
service == <<owner, token, left>>
resource == <<writes, fence>>

Init ==
  /\ owner = Nobody
  /\ token = 0
  /\ left = 0
  /\ asks = [c \in Client |-> 0]
  /\ asked = [c \in Client |-> {}]
  /\ grants = {}
  /\ held = [c \in Client |-> {}]
  /\ writes = {}
  /\ fence = 0
  /\ last = [client |-> Nobody, token |-> 0]

-----------------------------------------------------------------------------
\* Clients and the service

\* For the lock, or to renew the lease. A question that was given up is asked anew.
Ask(c) ==
  /\ asks[c] < AskMax
  /\ asks' = [asks EXCEPT ![c] = @ + 1]
  /\ asked' = [asked EXCEPT ![c] = {[left |-> Lease - Margin, lost |-> 0]}]
  /\ UNCHANGED <<service, grants, held, resource, last>>

\* A new lease, once the old one has ended by the clock of the service.
Grant(c, ask) ==
  /\ left = 0
  /\ token < TokenMax
  /\ owner' = c
  /\ token' = token + 1
  /\ left' = Lease
  /\ grants' = grants \cup {[to |-> c, ask |-> ask, token |-> token + 1]}
  /\ UNCHANGED <<asks, asked, held, resource, last>>

Renew(c, ask) ==
  /\ owner = c /\ left > 0
  /\ left' = Lease
  /\ grants' = grants \cup {[to |-> c, ask |-> ask, token |-> token]}
  /\ UNCHANGED <<owner, token, asks, asked, held, resource, last>>

\* The answer to an earlier question says nothing about how long its lease still lasts.
Receive(g) ==
  LET c == g.to IN
  /\ g.ask = asks[c]
  /\ \E mine \in asked[c] :
       held' = [held EXCEPT ![c] = {[token |-> g.token, left |-> mine.left, lost |-> mine.lost]}]
  /\ asked' = [asked EXCEPT ![c] = {}]
  /\ grants' = grants \ {g}
  /\ last' = [client |-> c, token |-> g.token]
  /\ UNCHANGED <<service, asks, resource>>

\* A client that ends its lease tells nobody: the service waits.
End(c) ==
  /\ held[c] # {}
  /\ held' = [held EXCEPT ![c] = {}]
  /\ UNCHANGED <<service, asks, asked, grants, resource, last>>

-----------------------------------------------------------------------------
\* The resource

Send(c) ==
  /\ \E lease \in held[c] : writes' = writes \cup {lease.token}
  /\ UNCHANGED <<service, asks, asked, grants, held, fence, last>>

Access(t) ==
  /\ t >= fence
  /\ fence' = t
  /\ writes' = writes \ {t}
  /\ UNCHANGED <<service, asks, asked, grants, held, last>>

Refuse(t) ==
  /\ t < fence
  /\ writes' = writes \ {t}
  /\ UNCHANGED <<service, asks, asked, grants, held, fence, last>>

-----------------------------------------------------------------------------
\* Time

\* What is left of a measurement after a tick that its clock noticed or lost.
Age(measured, isLost) ==
  {m \in {IF isLost THEN [x EXCEPT !.lost = @ + 1] ELSE [x EXCEPT !.left = @ - 1] : x \in measured} : m.left > 0}

Tick(slow) ==
  /\ \A c \in slow : \A m \in asked[c] \cup held[c] : m.lost < Drift
  /\ left' = IF left = 0 THEN 0 ELSE left - 1
  /\ asked' = [c \in Client |-> Age(asked[c], c \in slow)]
  /\ held' = [c \in Client |-> Age(held[c], c \in slow)]
  /\ <<left', asked', held'>> # <<left, asked, held>>
  /\ UNCHANGED <<owner, token, asks, grants, resource, last>>

Next ==
  \/ \E c \in Client : Ask(c) \/ End(c) \/ Send(c)
  \/ \E c \in Client : \E ask \in 1 .. asks[c] : Grant(c, ask) \/ Renew(c, ask)
  \/ \E g \in grants : Receive(g)
  \/ \E t \in writes : Access(t) \/ Refuse(t)
  \/ \E slow \in SUBSET Client : Tick(slow)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK ==
  /\ owner \in Client \cup {Nobody}
  /\ token \in 0 .. TokenMax
  /\ left \in 0 .. Lease
  /\ \A c \in Client :
       /\ asked[c] \subseteq [left : 1 .. Lease, lost : 0 .. Drift]
       /\ held[c] \subseteq [token : 1 .. TokenMax, left : 1 .. Lease, lost : 0 .. Drift]
       /\ Cardinality(held[c]) <= 1
  /\ writes \subseteq 1 .. TokenMax
  /\ fence \in 0 .. TokenMax

Holders == {c \in Client : held[c] # {}}

\* Needs Drift <= Margin.
MutualExclusion == Cardinality(Holders) <= 1
Lock == INSTANCE FencedLock WITH
  holder <- IF Holders = {} THEN Nobody ELSE CHOOSE c \in Holders : TRUE
RefinesLock == Lock!Spec

\* Whatever the clocks do.
NoStaleWrite == [][fence' >= fence]_fence
===============================================================================
