----------------------------- MODULE RaftPreVote -----------------------------
(***************************************************************************)
(* Raft with PreVote (thesis, section 9.6): a node asks whether it could   *)
(* win before it raises its term. A poll changes nothing that Raft knows   *)
(* of, so this refines Raft: a polled timeout is a timeout.                *)
(***************************************************************************)
EXTENDS RaftSpec

\* polls[i]: the term that node i would take, and who would vote for it. Stale once the node's term moves on.
VARIABLE polls

NoPoll == [term |-> 0, from |-> {}]

\* A candidate that polls again is a candidate no more: nobody may elect it while it asks. What others have said to an
\* earlier poll of the same term may still be on its way, and counts.
Poll(i) ==
  /\ role[i] # "leader"
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ polls' = [polls EXCEPT ![i] =
       IF @.term = term[i] + 1 THEN [@ EXCEPT !.from = @ \cup {i}] ELSE [term |-> term[i] + 1, from |-> {i}]]
  /\ UNCHANGED <<term, vote, calls, ballots, logs, disk, office, reads>>

\* Node j would vote for c in term t. It promises nothing, and nothing of it has to be durable.
Back(j, c, t, lastTerm, lastIndex) ==
  /\ t > term[j] /\ role[j] # "leader"
  /\ IsUpToDate(lastTerm, lastIndex, log[j])
  /\ polls' = IF polls[c].term = t THEN [polls EXCEPT ![c].from = @ \cup {j}] ELSE polls
  /\ UNCHANGED vars

PolledTimeout(i) ==
  /\ polls[i].term = term[i] + 1
  /\ IsQuorum(polls[i].from)
  /\ Timeout(i)
  /\ UNCHANGED polls

PreVoteInit == Init /\ polls = [i \in Node |-> NoPoll]
PreVoteNext ==
  \/ Next /\ UNCHANGED polls
  \/ \E i \in Node :
       \/ Poll(i)
       \/ PolledTimeout(i)
       \/ \E j \in Node : Back(i, j, polls[j].term, LastTerm(log[j]), Len(log[j]))
PreVoteSpec == PreVoteInit /\ [][PreVoteNext]_<<vars, polls>>

=============================================================================
