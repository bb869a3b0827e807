------------------------------ MODULE RaftTrace ------------------------------
(***************************************************************************)
(* What simulated runs of systems/raft are validated against: Raft with    *)
(* its extensions. scenarios/raft-specification.ts maps a run to it.       *)
(***************************************************************************)
EXTENDS RaftSnapshot, RaftPreVote

\* What was handed to the disk is what there is to be kept.
WriteBatch(i, t, v, c, lastIndex, lastTerm) ==
  /\ t = term[i] /\ v = vote[i] /\ c = commit[i]
  /\ lastIndex = Len(log[i]) /\ lastTerm = LastTerm(log[i])
  /\ Write(i)

TraceInit ==
  /\ Init
  /\ draft = [i \in Node |-> <<>>]
  /\ polls = [i \in Node |-> NoPoll]

TraceNext ==
  \E i \in Node : Timeout(i) /\ UNCHANGED <<draft, polls>>

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, draft, polls>>

ElectionSafety == \A i \in Node : role[i] = "leader" => LeaderOf(i) = i

\* The leader of the highest term holds all that was chosen.
LeadersHoldChosen ==
  \A i \in Node : role[i] = "leader" /\ term[i] = Len(claims) => IsPrefix(chosen, log[i])

CommittedIsChosen == \A i \in Node : IsPrefix(SubSeq(log[i], 1, commit[i]), chosen)

ReadsAreFresh ==
  \A i \in Node : \A a \in asks[i] : \A b \in answers[i] : a.context = b.context => b.index >= a.floor
=============================================================================
