-------------------------------- MODULE ChainKv --------------------------------
(***************************************************************************)
(* Chain replication of a key-value store (van Renesse and Schneider, OSDI *)
(* 2004): writes enter at the head and go down the chain; what the tail    *)
(* holds has taken effect, and only the tail answers. Nodes fail by        *)
(* stopping, and a perfect detector takes them out of the chain.           *)
(*                                                                         *)
(* Refines LinearizableKv: the order of writes is the log of the tail.     *)
(* When the tail fails, its predecessor knows at least as much, so several *)
(* writes may take effect at once.                                         *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS Node, Key, Value, Reader, None

\* A write gives a key a value; a read is a reader's question for a key. Each write is invoked once, and may be retried.
Write == Key \X Value
Read == Reader \X Key

VARIABLES
  chain,      \* nodes, from head to tail
  log,        \* writes of each node, in its order
  requests,   \* writes that were sent, and may arrive at any time again
  done,       \* writes that were acknowledged
  asked,      \* reads under way; `after` (history) is how many writes had taken effect when they began
  replies,    \* answers on their way: [call, result]
  answer      \* what the last read returned

vars == <<chain, log, requests, done, asked, replies, answer>>

Range(s) == {s[i] : i \in 1 .. Len(s)}
Head1 == chain[1]
Tail1 == chain[Len(chain)]
Without(s, n) == SelectSeq(s, LAMBDA m : m # n)

\* The value of the read's key after these writes.
RECURSIVE Result(_, _)
Result(read, writes) ==
  IF writes = <<>> THEN None
  ELSE LET last == writes[Len(writes)] IN
       IF last[1] = read[2] THEN last[2] ELSE Result(read, SubSeq(writes, 1, Len(writes) - 1))

Init ==
  /\ chain \in {s \in [1 .. Cardinality(Node) -> Node] : Range(s) = Node}
  /\ log = [n \in Node |-> <<>>]
  /\ requests = {}
  /\ done = {}
  /\ asked = {}
  /\ replies = {}
  /\ answer = [read |-> <<>>, result |-> "none"]

Request(w) ==
  /\ w \notin requests
  /\ requests' = requests \cup {w}
  /\ UNCHANGED <<chain, log, done, asked, replies, answer>>

\* A request that comes again is known by its write.
Accept(w) ==
  /\ w \notin Range(log[Head1])
  /\ log' = [log EXCEPT ![Head1] = Append(@, w)]
  /\ UNCHANGED <<chain, requests, done, asked, replies, answer>>

\* The next node takes the first write that it lacks.
Forward(i) ==
  LET from == log[chain[i]]
      to == log[chain[i + 1]] IN
  /\ Len(to) < Len(from)
  /\ log' = [log EXCEPT ![chain[i + 1]] = Append(to, from[Len(to) + 1])]
  /\ UNCHANGED <<chain, requests, done, asked, replies, answer>>

Acknowledge(n, w) ==
  /\ n = Tail1
  /\ w \in Range(log[n]) /\ w \notin done
  /\ done' = done \cup {w}
  /\ UNCHANGED <<chain, log, requests, asked, replies, answer>>

Ask(r) ==
  /\ \A call \in asked : call.read # r
  /\ asked' = asked \cup {[read |-> r, after |-> Len(log[Tail1])]}
  /\ UNCHANGED <<chain, log, requests, done, replies, answer>>

Reply(n, call) ==
  /\ n = Tail1
  /\ \A reply \in replies : reply.call # call
  /\ replies' = replies \cup {[call |-> call, result |-> Result(call.read, log[n])]}
  /\ UNCHANGED <<chain, log, requests, done, asked, answer>>

Return(reply) ==
  /\ answer' = [read |-> reply.call.read, result |-> reply.result]
  /\ asked' = asked \ {reply.call}
  /\ replies' = replies \ {reply}
  /\ UNCHANGED <<chain, log, requests, done>>

Fail(n) ==
  /\ Len(chain) > 1
  /\ chain' = Without(chain, n)
  /\ UNCHANGED <<log, requests, done, asked, replies, answer>>

Next ==
  \/ \E w \in Write : Request(w)
  \/ \E w \in requests : Accept(w)
  \/ \E i \in 1 .. Len(chain) - 1 : Forward(i)
  \/ \E n \in Range(chain), w \in requests : Acknowledge(n, w)
  \/ \E r \in Read : Ask(r)
  \/ \E n \in Range(chain), call \in asked : Reply(n, call)
  \/ \E reply \in replies : Return(reply)
  \/ \E n \in Range(chain) : Fail(n)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK ==
  /\ Range(chain) \subseteq Node /\ chain # <<>>
  /\ log \in [Node -> Seq(requests)]
  /\ done \subseteq requests

\* Every node knows at least what the nodes behind it know, in the same order.
UpdatePropagation ==
  \A i \in 1 .. Len(chain) - 1 :
    LET from == log[chain[i]]
        to == log[chain[i + 1]] IN
    Len(to) <= Len(from) /\ to = SubSeq(from, 1, Len(to))

\* For checking: nodes are alike, and values are.
Alike == Permutations(Node) \cup Permutations(Value)

Store == INSTANCE LinearizableKv WITH
  order <- log[Tail1], writing <- requests, reading <- asked,
  IsOnce <- TRUE, BatchMax <- Cardinality(Write)
Linearizable == Store!Spec
===============================================================================
