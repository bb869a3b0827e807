---------------------------- MODULE RaftSnapshot ----------------------------
(***************************************************************************)
(* Raft with snapshots (paper, section 7): a node puts what it has applied *)
(* into one file and forgets the log before it; a follower that lags so    *)
(* far behind gets that file instead.                                      *)
(*                                                                         *)
(* Here a log is never shortened: what was compacted away is still in the  *)
(* specification's log, so compaction is no step at all. What is left of   *)
(* snapshots is their effect on the disk, and that of installing one.      *)
(***************************************************************************)
EXTENDS RaftSpec

\* draft[i]: the log that the snapshot on its way to the disk of node i stands for; <<>> if there is none.
VARIABLE draft

\* The log behind a snapshot goes on if it agrees there, and is replaced if not.
Rebase(entries, snapshot) ==
  IF Len(entries) >= Len(snapshot) /\ TermAt(entries, Len(snapshot)) = LastTerm(snapshot) THEN entries ELSE snapshot

WithSnapshot(batches, snapshot) ==
  [k \in 1 .. Len(batches) |->
     [batches[k] EXCEPT !.log = Rebase(@, snapshot), !.commit = Max(@, Len(snapshot))]]

TakeSnapshot(i, n, t) ==
  /\ draft[i] = <<>>
  /\ n <= commit[i] /\ TermAt(log[i], n) = t
  /\ draft' = [draft EXCEPT ![i] = SubSeq(log[i], 1, n)]
  /\ UNCHANGED vars

SnapshotTaken(i, n) ==
  /\ n > 0 /\ Len(draft[i]) = n
  /\ disk' = [disk EXCEPT ![i] = WithSnapshot(@, draft[i])]
  /\ draft' = [draft EXCEPT ![i] = <<>>]
  /\ UNCHANGED <<voting, logs, office, reads>>

\* A snapshot holds what somebody has applied, so it is a prefix of what was chosen, whoever sent it and however.
BeginInstall(i, n, t) ==
  /\ draft[i] = <<>>
  /\ n <= Len(chosen) /\ TermAt(chosen, n) = t
  /\ draft' = [draft EXCEPT ![i] = SubSeq(chosen, 1, n)]
  /\ UNCHANGED vars

Install(i, n, t) ==
  /\ role[i] # "leader"
  /\ Len(draft[i]) = n /\ n > commit[i]
  /\ log' = [log EXCEPT ![i] = draft[i]]
  /\ commit' = [commit EXCEPT ![i] = n]
  /\ disk' = [disk EXCEPT ![i] = WithSnapshot(@, draft[i])]
  /\ draft' = [draft EXCEPT ![i] = <<>>]
  /\ UNCHANGED <<voting, claims, chosen, office, reads>>

\* The follower turns out to have the last entry of the snapshot already, hence all of it.
MatchSnapshot(i, t, n, lastTerm) == ReceiveAppend(i, t, n, lastTerm, n, n) /\ UNCHANGED draft

\* The file of a snapshot is put in place as a whole, or not at all.
SnapshotRestart(i) ==
  /\ \/ RestartFrom(i, disk[i])
     \/ draft[i] # <<>> /\ RestartFrom(i, WithSnapshot(disk[i], draft[i]))
  /\ draft' = [draft EXCEPT ![i] = <<>>]

SnapshotInit == Init /\ draft = [i \in Node |-> <<>>]
SnapshotNext ==
  \/ Next /\ UNCHANGED draft
  \/ \E i \in Node :
       \/ \E n \in 1 .. Len(log[i]) : TakeSnapshot(i, n, TermAt(log[i], n))
       \/ \E n \in 1 .. Len(chosen) : BeginInstall(i, n, TermAt(chosen, n))
       \/ SnapshotTaken(i, Len(draft[i]))
       \/ Install(i, Len(draft[i]), LastTerm(draft[i]))
       \/ SnapshotRestart(i)
SnapshotSpec == SnapshotInit /\ [][SnapshotNext]_<<vars, draft>>
=============================================================================
