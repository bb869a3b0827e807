----------------------------- MODULE RaftPreVote -----------------------------
(***************************************************************************)
(* Raft with PreVote (thesis, section 9.6): a node asks whether it could   *)
(* win before it raises its term. A poll changes nothing that Raft knows   *)
(* of, so this refines Raft: a polled timeout is a timeout.                *)
(***************************************************************************)
EXTENDS Raft

\* polls[i]: the term that node i would take, and who would vote for it. Stale once the node's term moves on.
VARIABLE polls

NoPoll == [term |-> 0, from |-> {}]

\* A candidate that polls again is a candidate no more: nobody may elect it while it asks.
Poll(i) ==
  /\ role[i] # "leader"
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ polls' = [polls EXCEPT ![i] = [term |-> term[i] + 1, from |-> {i}]]
  /\ UNCHANGED <<term, vote, calls, ballots, logs, disk, office, reads>>

\* Node j would vote for c in term t. It promises nothing, and nothing of it has to be durable.
Back(j, c, t, lastTerm, lastIndex) ==
  /\ t > term[j] /\ role[j] # "leader"
  /\ lastTerm > LastTerm(log[j]) \/ (lastTerm = LastTerm(log[j]) /\ lastIndex >= Len(log[j]))
  /\ polls' = IF polls[c].term = t THEN [polls EXCEPT ![c].from = @ \cup {j}] ELSE polls
  /\ UNCHANGED vars

CountBacker(i, j) ==
  /\ polls[i].term = term[i] + 1 /\ j \in polls[i].from
  /\ UNCHANGED <<vars, polls>>

PolledTimeout(i) ==
  /\ polls[i].term = term[i] + 1
  /\ IsQuorum(polls[i].from)
  /\ Timeout(i)
  /\ UNCHANGED polls
=============================================================================
