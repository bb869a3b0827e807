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

\* Take the place of what they are named after where no node crashes: then nothing has to be on a disk.
NoStep(i) == FALSE
TermNeedsNoDisk(i) == TRUE
VoteNeedsNoDisk(i, c) == TRUE
LogNeedsNoDisk(i, n) == n <= Len(log[i])

Symmetry == Permutations(Node)

\* A start in the middle, for what needs two terms and three nodes: First leads in term 1, which all have on their disks.
CONSTANT First
LedInit ==
  /\ term = [i \in Node |-> 1] /\ vote = [i \in Node |-> First]
  /\ role = [i \in Node |-> IF i = First THEN "leader" ELSE "follower"]
  /\ log = [i \in Node |-> <<>>] /\ commit = Zero
  /\ disk = [i \in Node |-> <<[term |-> 1, vote |-> First, commit |-> 0, log |-> <<>>]>>]
  /\ calls = {} /\ ballots = [i \in Node |-> {}]
  /\ claims = <<[NoClaim EXCEPT !.from = First]>>
  /\ match = [i \in Node |-> Zero] /\ held = [i \in Node |-> Zero]
  /\ round = Zero /\ heard = [i \in Node |-> Zero] /\ pending = [i \in Node |-> {}]
  /\ asks = [i \in Node |-> {}] /\ answers = [i \in Node |-> {}]
  /\ chosen = <<>> /\ served = [read |-> <<>>, result |-> "none"]
LedSymmetry == Permutations(Node \ {First})

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
