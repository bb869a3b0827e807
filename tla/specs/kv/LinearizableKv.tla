---------------------------- MODULE LinearizableKv ----------------------------
(***************************************************************************)
(* What a linearizable store promises, and nothing about how: the abstract *)
(* specification that replicated stores refine.                            *)
(*                                                                         *)
(* A write takes effect at one point between its invocation and its        *)
(* acknowledgement (Herlihy and Wing 1990); `order` holds the writes in    *)
(* the order of these points. A read returns the state after so many of    *)
(* them that those ordered before its invocation are included. Its point   *)
(* is chosen when it returns, which is the same promise (every read that   *)
(* begins later includes at least as many), and lets stores that answer    *)
(* from an older but recent enough state refine this without prophecy.     *)
(*                                                                         *)
(* The result of a read is a parameter: the value of its key, or simply    *)
(* how many writes it saw.                                                 *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS
  Write, Read,       \* what may be invoked
  Result(_, _),      \* Result(read, writes): what the read returns after these writes
  IsOnce,            \* whether a write takes effect at most once; without it, whoever invokes must recognise repetitions
  BatchMax           \* how many writes may take effect in one step

VARIABLES
  order,             \* writes that took effect, in order
  writing,           \* writes that were invoked
  done,              \* writes that were acknowledged
  reading,           \* reads under way, each with how many writes it must see: [read, after]
  answer             \* what the last read returned: [read, result]

vars == <<order, writing, done, reading, answer>>

Ordered == {order[i] : i \in 1 .. Len(order)}
NoAnswer == [read |-> <<>>, result |-> "none"]

Init ==
  /\ order = <<>>
  /\ writing = {}
  /\ done = {}
  /\ reading = {}
  /\ answer = NoAnswer

InvokeWrite(w) ==
  /\ w \notin writing
  /\ writing' = writing \cup {w}
  /\ UNCHANGED <<order, done, reading, answer>>

\* The linearization points of some writes, one after the other.
Linearize(batch) ==
  /\ IsOnce => /\ \A i \in DOMAIN batch : batch[i] \notin Ordered
               /\ \A i, j \in DOMAIN batch : batch[i] = batch[j] => i = j
  /\ order' = order \o batch
  /\ UNCHANGED <<writing, done, reading, answer>>

Acknowledge(w) ==
  /\ w \in Ordered /\ w \notin done
  /\ done' = done \cup {w}
  /\ UNCHANGED <<order, writing, reading, answer>>

BeginRead(r) ==
  /\ reading' = reading \cup {[read |-> r, after |-> Len(order)]}
  /\ reading' # reading
  /\ UNCHANGED <<order, writing, done, answer>>

EndRead(call, upTo) ==
  /\ upTo >= call.after
  /\ answer' = [read |-> call.read, result |-> Result(call.read, SubSeq(order, 1, upTo))]
  /\ reading' = reading \ {call}
  /\ UNCHANGED <<order, writing, done>>

\* Whoever asked is gone, or has given up.
Abandon(calls) ==
  /\ reading' = reading \ calls
  /\ UNCHANGED <<order, writing, done, answer>>

Next ==
  \/ \E w \in Write : InvokeWrite(w)
  \/ \E n \in 1 .. BatchMax : \E batch \in [1 .. n -> writing] : Linearize(batch)
  \/ \E w \in writing : Acknowledge(w)
  \/ \E r \in Read : BeginRead(r)
  \/ \E call \in reading : \E upTo \in 0 .. Len(order) : EndRead(call, upTo)
  \/ \E calls \in SUBSET reading : calls # {} /\ Abandon(calls)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK ==
  /\ order \in Seq(writing)
  /\ writing \subseteq Write
  /\ done \subseteq Ordered
  /\ reading \subseteq [read : Read, after : 0 .. Len(order)]

AtMostOnce == IsOnce => \A i, j \in 1 .. Len(order) : order[i] = order[j] => i = j

\* What took effect stays so: the order only grows, at its end.
Stable == [][Len(order') >= Len(order) /\ SubSeq(order', 1, Len(order)) = order]_order
===============================================================================
