------------------------------ MODULE RaftSpec ------------------------------
(***************************************************************************)
(* The behaviours of Raft, and what is claimed of them: the properties of  *)
(* the paper's figure 3. RaftStore.tla adds that it is a linearizable      *)
(* store.                                                                  *)
(***************************************************************************)
EXTENDS Raft

\* Steps that would change nothing are left out.
NextOf(i) ==
  \/ Timeout(i)
  \/ role[i] = "candidate" /\ SendCall(i, term[i], LastTerm(log[i]), Len(log[i]))
  \/ \E call \in calls : vote[i] # call.from /\ GrantVote(i, call.from, call.lastTerm, call.lastIndex)
  \/ vote[i] \in Node /\ i \notin ballots[vote[i]] /\ SendVote(i, vote[i])
  \/ BecomeLeader(i)
  \/ \E t \in term[i] + 1 .. Len(claims) : StepDown(i, t)
  \/ Resign(i)
  \/ \E v \in Value : Propose(i, v)
  \/ term[i] > 0 /\ \E last \in 0 .. Len(Claim(i).log) : \E prev \in 0 .. last, c \in 0 .. Claim(i).commit :
       ReceiveAppend(i, term[i], prev, TermAt(Claim(i).log, prev), last, c)
  \/ term[i] > 0 /\ \E to \in Node \ {i} : \E n \in held[to][i] + 1 .. Len(log[i]) : SendAck(i, to, n)
  \/ \E j \in Node : \E n \in match[i][j] + 1 .. held[i][j] : ReceiveAck(i, j, n)
  \/ \E n \in commit[i] + 1 .. Len(log[i]) : AdvanceCommit(i, n)
  \/ StartRound(i)
  \/ term[i] > 0 /\ \E j \in Node : \E c \in Claim(i).told[j] + 1 .. match[i][j] : SendHeartbeat(i, j, c, round[i])
  \/ term[i] > 0 /\ \E c \in commit[i] + 1 .. Claim(i).told[i] : ReceiveHeartbeat(i, term[i], c)
  \/ term[i] > 0 /\ \E to \in Node \ {i} : \E r \in heard[to][i] + 1 .. round[to] : AnswerRound(i, to, r)
  \/ \E x \in Context : AskRead(i, x)
  \/ \E a \in asks[i] : DropRead(i, a.context)
  \/ \E from \in Node, x \in Context : BeginRead(i, from, x)
  \/ \E p \in pending[i] : ConfirmRead(i, p.from, p.context, p.index)
  \/ \E a \in answers[i] : ServeRead(i, a.context, a.index)
  \/ disk[i][Len(disk[i])] # Image(i) /\ Write(i)
  \/ Sync(i)
  \/ Restart(i)

Next == \E i \in Node : NextOf(i)
Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
IsPrefix(a, b) == Len(a) <= Len(b) /\ a = SubSeq(b, 1, Len(a))
Entries == UNION {{claims[t].log[n] : n \in DOMAIN claims[t].log} : t \in DOMAIN claims}

\* At most one leader in a term: the one whose claim it is.
ElectionSafety == \A i \in Node : role[i] = "leader" => Claim(i).from = i /\ Claim(i).log = log[i]

LogMatching ==
  \A i, j \in Node : \A n \in 1 .. Min(Len(log[i]), Len(log[j])) :
    log[i][n].term = log[j][n].term => SubSeq(log[i], 1, n) = SubSeq(log[j], 1, n)

\* Leader completeness: the leader of the highest term holds all that was chosen.
LeadersHoldChosen == \A i \in Node : role[i] = "leader" /\ term[i] = Len(claims) => IsPrefix(chosen, log[i])

\* State machine safety: whatever a node applies is what was chosen.
CommittedIsChosen ==
  \A i \in Node : commit[i] <= Len(log[i]) /\ IsPrefix(SubSeq(log[i], 1, commit[i]), chosen)

ReadsAreFresh ==
  \A i \in Node : \A a \in asks[i] : \A b \in answers[i] : a.context = b.context => b.index >= a.index

=============================================================================
