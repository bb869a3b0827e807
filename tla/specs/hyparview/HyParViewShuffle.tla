--------------------------- MODULE HyParViewShuffle ---------------------------
(***************************************************************************)
(* HyParView with shuffles: a node tells a random walk whom it knows;      *)
(* where the walk ends, the answer is whom that node knows beside them,    *)
(* and both put what is new to them into their passive views.              *)
(***************************************************************************)
EXTENDS HyParView

CONSTANT ShuffleWalk    \* hops of a shuffle

StartShuffle(n) ==
  /\ \E x \in active[n] : Say({}, {Msg("shuffle", n, x, 0, n, ShuffleWalk, active[n] \cup passive[n])})
  /\ UNCHANGED <<up, views, pending, asks>>

OnShuffle(m) ==
  LET n == m.to
      refusal == IF m.from \in active[n] \/ IsPending(n, m.from) THEN {} ELSE {Disconnect(n, m.from)}
      next == IF m.count = 0 THEN {} ELSE active[n] \ {m.node, m.from}
      known == m.names \cup {m.node} IN
  /\ m.kind = "shuffle"
  /\ IF m.node = n
     THEN Say({m}, refusal) /\ UNCHANGED views
     ELSE IF next # {}
     THEN /\ \E x \in next : Say({m}, refusal \cup {[m EXCEPT !.from = n, !.to = x, !.count = @ - 1]})
          /\ UNCHANGED views
     ELSE /\ Say({m}, refusal \cup {Msg("shuffled", n, m.node, 0, n, 0, passive[n] \ known)})
          /\ \E others \in Passive(n, active[n], known) : passive' = [passive EXCEPT ![n] = others]
          /\ UNCHANGED active
  /\ UNCHANGED <<up, pending, asks>>

OnShuffled(m) ==
  /\ m.kind = "shuffled"
  /\ \E others \in Passive(m.to, active[m.to], m.names) : passive' = [passive EXCEPT ![m.to] = others]
  /\ Say({m}, {})
  /\ UNCHANGED <<up, active, pending, asks>>

ShuffleNext ==
  \/ Next
  \/ \E n \in up : StartShuffle(n)
  \/ \E m \in messages : OnShuffle(m) \/ OnShuffled(m)

ShuffleSpec == Init /\ [][ShuffleNext]_vars

\* Nobody is known who is no node; a walk that has ended leaves no trace but names.
NamesOK == \A m \in messages : m.names \subseteq Node /\ m.from # m.to
===============================================================================
