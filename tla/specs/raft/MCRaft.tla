------------------------------- MODULE MCRaft -------------------------------
(***************************************************************************)
(* Raft within bounds, to be checked; and that it refines the linearizable *)
(* store (tla/specs/kv): a write takes effect when its entry is chosen, a  *)
(* read returns how many writes it saw.                                    *)
(***************************************************************************)
EXTENDS RaftSpec, TLC

CONSTANTS TermMax, LogMax, RoundMax, BatchMax

Bounds ==
  /\ Len(claims) <= TermMax
  /\ \A i \in Node :
       /\ Len(log[i]) <= LogMax
       /\ round[i] <= RoundMax
       /\ Len(disk[i]) <= BatchMax

\* Takes the place of Write where every batch is to be durable at once: many states fewer, and no torn writes.
WriteThrough(i) ==
  /\ disk' = [disk EXCEPT ![i] = <<Image(i)>>]
  /\ UNCHANGED <<voting, logs, office, reads>>

Symmetry == Permutations(Node)

Store == INSTANCE LinearizableKv WITH
  order <- chosen,
  writing <- Entries,
  done <- {},
  reading <- UNION {{[read |-> <<i, a.context>>, after |-> a.index] : a \in asks[i]} : i \in Node},
  answer <- served,
  Write <- [term : 1 .. TermMax, value : Value],
  Read <- Node \X Context,
  Result <- LAMBDA read, writes : Len(writes),
  IsOnce <- FALSE,
  BatchMax <- LogMax
IsLinearizable == Store!Spec
=============================================================================
