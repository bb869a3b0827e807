------------------------------ MODULE RaftTrace ------------------------------
(***************************************************************************)
(* What simulated runs of systems/raft are validated against: Raft with    *)
(* its extensions. scenarios/raft-specification.ts maps a run to it.       *)
(*                                                                         *)
(* Here a few steps are named that change no variable, such as sending: a  *)
(* recorded run can be asked whether it kept to their guards.              *)
(***************************************************************************)
EXTENDS RaftSnapshot, RaftPreVote

CountVote(i, j) == role[i] = "candidate" /\ j \in ballots[i] /\ UNCHANGED vars

SendAppend(i, j, prev, prevTerm, last, c) ==
  /\ role[i] = "leader" /\ j # i
  /\ prev <= last /\ last <= Len(log[i])
  /\ TermAt(log[i], prev) = prevTerm
  /\ c <= commit[i]
  /\ UNCHANGED vars

\* A rejection says where the logs may agree, never that they do.
ReceiveReject(i, j) == role[i] = "leader" /\ j # i /\ UNCHANGED vars

CountRound(i, j, r) == role[i] = "leader" /\ r <= heard[i][j] /\ UNCHANGED vars

CountBacker(i, j) == polls[i].term = term[i] + 1 /\ j \in polls[i].from /\ UNCHANGED <<vars, polls>>

\* What was handed to the disk is what there is to be kept.
WriteBatch(i, t, v, c, lastIndex, lastTerm) ==
  /\ t = term[i] /\ v = vote[i] /\ c = commit[i]
  /\ lastIndex = Len(log[i]) /\ lastTerm = LastTerm(log[i])
  /\ Write(i)

-----------------------------------------------------------------------------
TraceInit == SnapshotInit /\ polls = [i \in Node |-> NoPoll]
TraceNext == (SnapshotNext /\ UNCHANGED polls) \/ (PreVoteNext /\ UNCHANGED draft)
TraceSpec == TraceInit /\ [][TraceNext]_<<vars, draft, polls>>
=============================================================================
