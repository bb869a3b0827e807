------------------------------ MODULE HyParView ------------------------------
(***************************************************************************)
(* The overlay of systems/membership/overlay: HyParView (Leitao, Pereira,  *)
(* Rodrigues, DSN 2007) over datagrams that overtake each other. Ours are  *)
(* the answers to strangers: a node that lets a link go says so; a node    *)
(* that is told so lets go too; an answer that nobody waits for is refused *)
(* by a disconnect, since whoever sent it holds a link.                    *)
(*                                                                         *)
(* Messages between nodes that run are not lost here (the detector's pings *)
(* repair that), and a detector may take any neighbour for dead, rightly   *)
(* or wrongly, at any time. HyParViewShuffle adds the shuffles.            *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
  Node,
  ActiveMax, PassiveMax,   \* sizes of the views
  WalkMax,                 \* hops of a forwarded join
  PassiveAt,               \* hops that are left when it is put into the passive view
  AskMax,                  \* how often a node asks the same peer
  CrashMax,                \* how many nodes crash
  Repeated,                \* kinds of messages that the network may repeat
  MessageMax               \* for checking: how many messages are under way at once

VARIABLES
  up,        \* nodes that run
  active,    \* of each node: its neighbours
  passive,   \* of each node: whom else it knows
  pending,   \* of each node: requests without answer, [peer, ref, eager]; an eager one makes room when it is granted
  asks,      \* asks[n][m]: how often n has asked m; joins an answer to its request
  messages

views == <<active, passive>>
vars == <<up, active, passive, pending, asks, messages>>

Msg(kind, from, to, ref, node, count, names) ==
  [kind |-> kind, from |-> from, to |-> to, ref |-> ref, node |-> node, count |-> count, names |-> names]
Disconnect(from, to) == Msg("disconnect", from, to, 0, from, 0, {})

IsFull(view) == Cardinality(view) >= ActiveMax
IsPending(n, m) == \E p \in pending[n] : p.peer = m
Others(n, m) == {p \in pending[n] : p.peer # m}
\* What may be left of a view that has grown too large.
Trims(view) == {v \in SUBSET view : Cardinality(v) = (IF Cardinality(view) < PassiveMax THEN Cardinality(view) ELSE PassiveMax)}
Passive(n, neighbours, names) == Trims((passive[n] \cup names) \ (neighbours \cup {n}))

Init ==
  /\ up = Node
  /\ active = [n \in Node |-> {}]
  /\ passive = [n \in Node |-> {}]
  /\ pending = [n \in Node |-> {}]
  /\ asks = [n \in Node |-> [m \in Node |-> 0]]
  /\ messages = {}

-----------------------------------------------------------------------------
\* Parts of steps

Become(n, neighbours, others, requests) ==
  /\ active' = [active EXCEPT ![n] = neighbours]
  /\ passive' = [passive EXCEPT ![n] = others]
  /\ pending' = [pending EXCEPT ![n] = requests]

\* What is sent to a node that does not run is gone.
Say(read, out) ==
  LET said == {m \in out : m.to \in up} IN
  \/ messages' = (messages \ read) \cup said
  \/ \E m \in read : m.kind \in Repeated /\ messages' = messages \cup said

\* Node n takes m in, and moves one neighbour on if it has to. Out(active, passive) is what it says then.
Link(n, m, names, requests, read, Out(_, _)) ==
  IF m \in active[n]
  THEN \E others \in Passive(n, active[n], names) :
         Become(n, active[n], others, requests) /\ Say(read, Out(active[n], others))
  ELSE \E evicted \in {e \in SUBSET active[n] : Cardinality(e) = (IF IsFull(active[n]) THEN 1 ELSE 0)} :
         LET neighbours == (active[n] \ evicted) \cup {m} IN
         \E others \in Passive(n, neighbours, names \cup evicted) :
           /\ Become(n, neighbours, others, requests)
           /\ Say(read, Out(neighbours, others) \cup {Disconnect(n, e) : e \in evicted})

\* Node n lets m go, and tells it.
LetGo(n, m, requests, read) ==
  \E others \in Passive(n, active[n] \ {m}, {m}) :
    /\ Become(n, active[n] \ {m}, others, requests)
    /\ Say(read, {Disconnect(n, m)})

\* A peer that is asked again before it answered keeps its ref. `high` requests are never denied.
Request(n, m, kind, isHigh, isEager, read, out) ==
  LET known == {p \in pending[n] : p.peer = m}
      ref == IF known = {} THEN asks[n][m] + 1 ELSE asks[n][m] IN
  /\ ref <= AskMax
  /\ asks' = [asks EXCEPT ![n][m] = ref]
  /\ pending' = [pending EXCEPT ![n] =
       Others(n, m) \cup {[peer |-> m, ref |-> ref, eager |-> isEager \/ \E p \in known : p.eager]}]
  /\ Say(read, out \cup {Msg(kind, n, m, ref, n, IF isHigh THEN 1 ELSE 0, {})})
  /\ UNCHANGED views

-----------------------------------------------------------------------------
\* What nodes do by themselves

Join(n, contact) ==
  /\ active[n] = {} /\ n # contact /\ ~IsPending(n, contact)
  /\ Request(n, contact, "join", FALSE, FALSE, {}, {})
  /\ UNCHANGED up

Look(n, m) ==
  /\ ~IsFull(active[n]) /\ m \in passive[n] /\ ~IsPending(n, m)
  /\ Request(n, m, "neighbour", active[n] = {}, active[n] = {}, {}, {})
  /\ UNCHANGED up

GiveUp(n, p) ==
  /\ Become(n, active[n], passive[n] \ {p.peer}, pending[n] \ {p})
  /\ UNCHANGED <<up, asks, messages>>

Suspect(n, m) ==
  /\ m \in active[n]
  /\ LetGo(n, m, pending[n], {})
  /\ UNCHANGED <<up, asks>>

Crash(n) ==
  /\ Cardinality(Node \ up) < CrashMax
  /\ up' = up \ {n}
  /\ Become(n, {}, {}, {})
  /\ messages' = {m \in messages : m.to # n}
  /\ UNCHANGED asks

-----------------------------------------------------------------------------
\* What they do with messages; m.to is who reads

OnJoin(m) ==
  /\ m.kind = "join"
  /\ Link(m.to, m.from, {}, pending[m.to], {m}, LAMBDA neighbours, others :
       {Msg("joined", m.to, m.from, m.ref, m.to, 0, others)}
         \cup {Msg("forward", m.to, x, 0, m.from, WalkMax, {}) : x \in neighbours \ {m.from}})
  /\ UNCHANGED <<up, asks>>

\* A walk asks the new node to become a neighbour where it ends; a stranger who sends one on is told that he is one.
OnForward(m) ==
  LET n == m.to
      refusal == IF m.from \in active[n] \/ IsPending(n, m.from) THEN {} ELSE {Disconnect(n, m.from)}
      next == active[n] \ {m.node, m.from} IN
  /\ m.kind = "forward"
  /\ IF m.node # n /\ (m.count = 0 \/ active[n] = {}) /\ m.node \notin active[n]
     THEN \/ Request(n, m.node, "neighbour", active[n] = {}, TRUE, {m}, refusal)
          \/ /\ asks[n][m.node] = AskMax /\ ~IsPending(n, m.node)
             /\ Say({m}, refusal)
             /\ UNCHANGED <<views, pending, asks>>
     ELSE /\ \E others \in Passive(n, active[n], IF m.count = PassiveAt THEN {m.node} ELSE {}) :
               Become(n, active[n], others, pending[n])
          /\ IF m.node = n \/ m.count = 0 \/ next = {}
             THEN Say({m}, refusal)
             ELSE \E x \in next : Say({m}, refusal \cup {Msg("forward", n, x, 0, m.node, m.count - 1, {})})
          /\ UNCHANGED asks
  /\ UNCHANGED up

OnNeighbour(m) ==
  LET n == m.to IN
  /\ m.kind = "neighbour"
  /\ IF m.count = 0 /\ IsFull(active[n]) /\ m.from \notin active[n]
     THEN /\ Say({m}, {Msg("deny", n, m.from, m.ref, n, 0, passive[n])})
          /\ UNCHANGED <<views, pending>>
     ELSE Link(n, m.from, {}, pending[n], {m}, LAMBDA neighbours, others : {Msg("accept", n, m.from, m.ref, n, 0, {})})
  /\ UNCHANGED <<up, asks>>

OnAnswer(m) ==
  LET n == m.to
      awaited == {p \in pending[n] : p.peer = m.from /\ p.ref = m.ref}
      names == IF awaited = {} THEN {} ELSE m.names IN
  /\ m.kind \in {"joined", "accept", "deny"}
  /\ IF \/ m.kind = "deny" \/ m.from \in active[n]
     THEN \E others \in Passive(n, active[n], names) :
            Become(n, active[n], others, pending[n] \ awaited) /\ Say({m}, {})
     ELSE IF \E p \in awaited : p.eager \/ ~IsFull(active[n])
     THEN Link(n, m.from, names, pending[n] \ awaited, {m}, LAMBDA neighbours, others : {})
     ELSE \E others \in Passive(n, active[n], names) :
            Become(n, active[n], others, pending[n] \ awaited) /\ Say({m}, {Disconnect(n, m.from)})
  /\ UNCHANGED <<up, asks>>

\* An accept that is still on its way may be older or newer than this: it will be refused.
OnDisconnect(m) ==
  LET n == m.to IN
  /\ m.kind = "disconnect"
  /\ IF m.from \in active[n]
     THEN LetGo(n, m.from, Others(n, m.from), {m})
     ELSE Become(n, active[n], passive[n], Others(n, m.from)) /\ Say({m}, {})
  /\ UNCHANGED <<up, asks>>

Receive(m) == OnJoin(m) \/ OnForward(m) \/ OnNeighbour(m) \/ OnAnswer(m) \/ OnDisconnect(m)

Next ==
  \/ \E n \in up :
       \/ \E m \in Node : Join(n, m) \/ Look(n, m) \/ Suspect(n, m)
       \/ \E p \in pending[n] : GiveUp(n, p)
       \/ Crash(n)
  \/ \E m \in messages : Receive(m)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
ViewsOK ==
  \A n \in Node :
    /\ n \notin active[n] \cup passive[n]
    /\ active[n] \cap passive[n] = {}
    /\ Cardinality(active[n]) <= ActiveMax
    /\ Cardinality(passive[n]) <= PassiveMax

\* Once nothing is on its way and nobody waits, a link is held by both ends or by none.
IsQuiet == messages = {} /\ \A n \in Node : pending[n] = {}
Symmetric == IsQuiet => \A n, m \in up : m \in active[n] => n \in active[m]

\* For checking: bounds, and nodes are alike.
FewMessages == Cardinality(messages) <= MessageMax
Alike == Permutations(Node)

Graph == INSTANCE Overlay WITH
  links <- active,
  asked <- [n \in Node |-> {m \in Node : asks[n][m] > 0}]
KeepsOverlay == Graph!Spec
===============================================================================
