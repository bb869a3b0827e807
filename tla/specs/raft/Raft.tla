-------------------------------- MODULE Raft --------------------------------
(***************************************************************************)
(* Raft as systems/raft does it: elections, replication, reads by          *)
(* confirmation, and crashes after which a node knows what its disk holds. *)
(* Sources: Ongaro and Ousterhout, "In Search of an Understandable         *)
(* Consensus Algorithm"; Ongaro's thesis, sections 6.4 (reads) and 3.8     *)
(* (what has to be durable, and before what).                              *)
(*                                                                         *)
(* The network is a set of facts: what a node said may arrive at any later *)
(* time, any number of times, in any order, or never. A reply to a term    *)
(* that its reader has left would be dropped unread, so replies are kept   *)
(* with their reader, for its present term only. Since a leader never      *)
(* changes what it has put into its log, its log is what it may have said: *)
(* claims[t] is that of the leader of term t.                              *)
(*                                                                         *)
(* Sending and counting change no variable: such an action is a guard, so  *)
(* that a recorded run can be asked whether it kept to it. Pipelining is   *)
(* in here as well: appends are sent without waiting for any reply.        *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Node, Value, Context, None

VARIABLES
  term, vote, role,     \* of each node; a role is "follower", "candidate" or "leader"
  log, commit,          \* entries [term, value], and how many of them are known to be committed
  disk,                 \* batches written, oldest first: the first is durable, a crash may keep or lose the others
  calls,                \* requests for votes, of all terms
  ballots,              \* ballots[i]: who said that it votes for i, in the present term of i
  claims,               \* claims[t]: what the leader of term t may have said; its length is the highest term entered
  match, held,          \* of a leader i: the index up to which j holds its log, as i knows and as j said
  round, heard,         \* the number of its last round of heartbeats, and the last that j answered
  pending,              \* reads that wait for their round
  asks, answers,        \* asks[i]: reads of node i; answers[i]: indexes that leaders gave to it
  chosen                \* history: everything that was ever committed, in order

vars == <<term, vote, role, log, commit, disk, calls, ballots, claims, match, held, round, heard, pending, asks, answers,
          chosen>>
voting == <<term, vote, role, calls, ballots>>
logs == <<log, commit, claims, chosen>>
office == <<match, held, round, heard, pending>>
reads == <<asks, answers>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
IsQuorum(nodes) == 2 * Cardinality(nodes) > Cardinality(Node)
TermAt(entries, n) == IF n = 0 THEN 0 ELSE entries[n].term
LastTerm(entries) == TermAt(entries, Len(entries))
IsPrefix(a, b) == Len(a) <= Len(b) /\ a = SubSeq(b, 1, Len(a))

Zero == [j \in Node |-> 0]
NoClaim == [from |-> None, log |-> <<>>, commit |-> 0, told |-> Zero]
Call(i, t, entries) == [term |-> t, from |-> i, lastTerm |-> LastTerm(entries), lastIndex |-> Len(entries)]

\* What is durable at node i. Equal terms at one index mean equal logs up to there (paper, section 5.3).
IsTermDurable(i) == disk[i][1].term = term[i]
IsLogDurable(i, n) == n <= Len(disk[i][1].log) /\ n <= Len(log[i]) /\ TermAt(disk[i][1].log, n) = TermAt(log[i], n)

\* Who leads in the present term of node i, and whether it would still read what i says to it now.
LeaderOf(i) == claims[term[i]].from
IsReading(to, i) == role[to] = "leader" /\ term[to] = term[i]

Init ==
  /\ term = [i \in Node |-> 0]
  /\ vote = [i \in Node |-> None]
  /\ role = [i \in Node |-> "follower"]
  /\ log = [i \in Node |-> <<>>]
  /\ commit = Zero
  /\ disk = [i \in Node |-> <<[term |-> 0, vote |-> None, commit |-> 0, log |-> <<>>]>>]
  /\ calls = {}
  /\ ballots = [i \in Node |-> {}]
  /\ claims = <<>>
  /\ match = [i \in Node |-> Zero]
  /\ held = [i \in Node |-> Zero]
  /\ round = Zero
  /\ heard = [i \in Node |-> Zero]
  /\ pending = [i \in Node |-> {}]
  /\ asks = [i \in Node |-> {}]
  /\ answers = [i \in Node |-> {}]
  /\ chosen = <<>>

-----------------------------------------------------------------------------
\* Elections (paper, section 5.2)

Timeout(i) ==
  /\ role[i] # "leader"
  /\ term' = [term EXCEPT ![i] = @ + 1]
  /\ vote' = [vote EXCEPT ![i] = i]
  /\ role' = [role EXCEPT ![i] = "candidate"]
  /\ calls' = calls \cup {Call(i, term[i] + 1, log[i])}
  /\ ballots' = [ballots EXCEPT ![i] = {}]
  /\ claims' = IF term[i] = Len(claims) THEN Append(claims, NoClaim) ELSE claims
  /\ UNCHANGED <<log, commit, chosen, disk, office, reads>>

\* A candidate asks for votes only once its own is durable: after a crash it could not give that one away again.
SendCall(i, t, lastTerm, lastIndex) ==
  /\ disk[i][1].term = t /\ disk[i][1].vote = i
  /\ [term |-> t, from |-> i, lastTerm |-> lastTerm, lastIndex |-> lastIndex] \in calls
  /\ UNCHANGED vars

\* Voters help no log that may lack a committed entry (paper, section 5.4.1).
GrantVote(i, c, lastTerm, lastIndex) ==
  /\ [term |-> term[i], from |-> c, lastTerm |-> lastTerm, lastIndex |-> lastIndex] \in calls
  /\ vote[i] \in {None, c}
  /\ lastTerm > LastTerm(log[i]) \/ (lastTerm = LastTerm(log[i]) /\ lastIndex >= Len(log[i]))
  /\ vote' = [vote EXCEPT ![i] = c]
  /\ UNCHANGED <<term, role, calls, ballots, logs, disk, office, reads>>

SendVote(i, c) ==
  /\ vote[i] = c
  /\ disk[i][1].term = term[i] /\ disk[i][1].vote = c
  /\ ballots' = IF term[c] = term[i] THEN [ballots EXCEPT ![c] = @ \cup {i}] ELSE ballots
  /\ UNCHANGED <<term, vote, role, calls, logs, disk, office, reads>>

CountVote(i, j) == role[i] = "candidate" /\ j \in ballots[i] /\ UNCHANGED vars

BecomeLeader(i) ==
  /\ role[i] = "candidate"
  /\ IsQuorum(ballots[i])
  /\ role' = [role EXCEPT ![i] = "leader"]
  /\ claims' = [claims EXCEPT ![term[i]] = [from |-> i, log |-> log[i], commit |-> commit[i], told |-> Zero]]
  /\ UNCHANGED <<term, vote, calls, ballots, log, commit, chosen, disk, office, reads>>

LeaveOffice(i) ==
  /\ match' = [match EXCEPT ![i] = Zero]
  /\ held' = [held EXCEPT ![i] = Zero]
  /\ round' = [round EXCEPT ![i] = 0]
  /\ heard' = [heard EXCEPT ![i] = Zero]
  /\ pending' = [pending EXCEPT ![i] = {}]

\* Any message may carry a higher term, and every term up to the highest has been entered by somebody.
StepDown(i, t) ==
  /\ t > term[i] /\ t <= Len(claims)
  /\ term' = [term EXCEPT ![i] = t]
  /\ vote' = [vote EXCEPT ![i] = None]
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<calls, ballots, logs, disk, reads>>

\* A candidate hears the leader of its term; a leader hears no quorum (thesis, section 6.2).
Resign(i) ==
  /\ role[i] # "follower"
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<term, vote, calls, ballots, logs, disk, reads>>

-----------------------------------------------------------------------------
\* Replication (paper, section 5.3)

Propose(i, v) ==
  /\ role[i] = "leader"
  /\ LET entry == [term |-> term[i], value |-> v] IN
       /\ log' = [log EXCEPT ![i] = Append(@, entry)]
       /\ claims' = [claims EXCEPT ![term[i]].log = Append(@, entry)]
  /\ UNCHANGED <<voting, commit, chosen, disk, office, reads>>

SendAppend(i, j, prev, prevTerm, last, c) ==
  /\ role[i] = "leader" /\ j # i
  /\ prev <= last /\ last <= Len(log[i])
  /\ TermAt(log[i], prev) = prevTerm
  /\ c <= commit[i]
  /\ UNCHANGED vars

\* Only a real conflict truncates: the message may be older than what was acknowledged since.
Merge(own, lead, prev, last) ==
  IF \E n \in prev + 1 .. last : n > Len(own) \/ own[n].term # lead[n].term
  THEN SubSeq(own, 1, prev) \o SubSeq(lead, prev + 1, last)
  ELSE own

\* Entries prev + 1 to last of the leader of term t, which knows c entries to be committed. Nothing behind them is verified.
ReceiveAppend(i, t, prev, prevTerm, last, c) ==
  /\ t = term[i] /\ role[i] = "follower"
  /\ claims[t].from # None
  /\ prev <= last /\ last <= Len(claims[t].log) /\ c <= claims[t].commit
  /\ TermAt(claims[t].log, prev) = prevTerm
  /\ prev <= Len(log[i]) /\ TermAt(log[i], prev) = prevTerm
  /\ log' = [log EXCEPT ![i] = Merge(@, claims[t].log, prev, last)]
  /\ commit' = [commit EXCEPT ![i] = Max(@, Min(c, last))]
  /\ UNCHANGED <<voting, claims, chosen, disk, office, reads>>

\* Node i holds the leader's log up to n, durably.
SendAck(i, to, n) ==
  /\ IsTermDurable(i) /\ IsLogDurable(i, n)
  /\ to = LeaderOf(i)
  /\ n <= Len(claims[term[i]].log) /\ TermAt(log[i], n) = TermAt(claims[term[i]].log, n)
  /\ held' = IF IsReading(to, i) THEN [held EXCEPT ![to][i] = Max(@, n)] ELSE held
  /\ UNCHANGED <<voting, logs, disk, match, round, heard, pending, reads>>

ReceiveAck(i, j, n) ==
  /\ role[i] = "leader"
  /\ n <= held[i][j]
  /\ match' = [match EXCEPT ![i][j] = Max(@, n)]
  /\ UNCHANGED <<voting, logs, disk, held, round, heard, pending, reads>>

\* A rejection says where the logs may agree, never that they do.
ReceiveReject(i, j) == role[i] = "leader" /\ j # i /\ UNCHANGED vars

\* Only an entry of the leader's own term is committed by counting (paper, section 5.4.2).
AdvanceCommit(i, n) ==
  /\ role[i] = "leader"
  /\ n > commit[i] /\ n <= Len(log[i])
  /\ log[i][n].term = term[i]
  /\ IsQuorum({j \in Node : IF j = i THEN IsLogDurable(i, n) ELSE match[i][j] >= n})
  /\ commit' = [commit EXCEPT ![i] = n]
  /\ claims' = [claims EXCEPT ![term[i]].commit = n]
  /\ chosen' = IF n > Len(chosen) THEN SubSeq(log[i], 1, n) ELSE chosen
  /\ UNCHANGED <<voting, log, disk, office, reads>>

-----------------------------------------------------------------------------
\* Heartbeats and reads (thesis, section 6.4)

StartRound(i) ==
  /\ role[i] = "leader"
  /\ round' = [round EXCEPT ![i] = @ + 1]
  /\ UNCHANGED <<voting, logs, disk, match, held, heard, pending, reads>>

\* A heartbeat names no more than its receiver has acknowledged: what stands behind that may be of another term.
SendHeartbeat(i, j, c, r) ==
  /\ role[i] = "leader" /\ j # i
  /\ r <= round[i]
  /\ c <= commit[i] /\ c <= match[i][j]
  /\ claims' = [claims EXCEPT ![term[i]].told[j] = Max(@, c)]
  /\ UNCHANGED <<voting, log, commit, chosen, disk, office, reads>>

ReceiveHeartbeat(i, t, c) ==
  /\ t = term[i] /\ role[i] = "follower"
  /\ claims[t].from # None /\ c <= claims[t].told[i]
  /\ commit' = [commit EXCEPT ![i] = Max(@, Min(c, Len(log[i])))]
  /\ UNCHANGED <<voting, log, claims, chosen, disk, office, reads>>

AnswerRound(i, to, r) ==
  /\ IsTermDurable(i)
  /\ to = LeaderOf(i)
  /\ IsReading(to, i) => r <= round[to]
  /\ heard' = IF IsReading(to, i) THEN [heard EXCEPT ![to][i] = Max(@, r)] ELSE heard
  /\ UNCHANGED <<voting, logs, disk, match, held, round, pending, reads>>

CountRound(i, j, r) == role[i] = "leader" /\ r <= heard[i][j] /\ UNCHANGED vars

\* A context must not be in use, or an answer to somebody else would be taken for one to this read.
AskRead(i, x) ==
  /\ \A a \in answers[i] : a.context # x
  /\ \A j \in Node : \A p \in pending[j] : p.from = i => p.context # x
  /\ asks' = [asks EXCEPT ![i] = @ \cup {[context |-> x, floor |-> Len(chosen)]}]
  /\ UNCHANGED <<voting, logs, disk, office, answers>>

\* A leader knows what is committed only once an entry of its own term is. The round has to begin after the request.
BeginRead(i, from, x) ==
  /\ role[i] = "leader"
  /\ TermAt(log[i], commit[i]) = term[i]
  /\ pending' = [pending EXCEPT ![i] = @ \cup {[from |-> from, context |-> x, index |-> commit[i], round |-> round[i] + 1]}]
  /\ UNCHANGED <<voting, logs, disk, match, held, round, heard, reads>>

ConfirmRead(i, from, x, index) ==
  /\ role[i] = "leader"
  /\ \/ \E p \in pending[i] :
          /\ p.from = from /\ p.context = x /\ p.index = index
          /\ IsQuorum({j \in Node : (IF j = i THEN round[i] ELSE heard[i][j]) >= p.round})
          /\ pending' = [pending EXCEPT ![i] = @ \ {p}]
     \/ [context |-> x, index |-> index] \in answers[from] /\ UNCHANGED pending   \* asked twice, answered twice
  /\ answers' = [answers EXCEPT ![from] = @ \cup {[context |-> x, index |-> index]}]
  /\ UNCHANGED <<voting, logs, disk, match, held, round, heard, asks>>

ServeRead(i, x, index) ==
  /\ [context |-> x, index |-> index] \in answers[i]
  /\ \E a \in asks[i] : a.context = x
  /\ index <= commit[i]
  /\ asks' = [asks EXCEPT ![i] = {a \in @ : a.context # x}]
  /\ answers' = [answers EXCEPT ![i] = {a \in @ : a.context # x}]
  /\ UNCHANGED <<voting, logs, disk, office>>

DropRead(i, x) ==
  /\ asks' = [asks EXCEPT ![i] = {a \in @ : a.context # x}]
  /\ UNCHANGED <<voting, logs, disk, office, answers>>

-----------------------------------------------------------------------------
\* The disk

Image(i) == [term |-> term[i], vote |-> vote[i], commit |-> commit[i], log |-> log[i]]

Write(i) ==
  /\ disk' = [disk EXCEPT ![i] = Append(@, Image(i))]
  /\ UNCHANGED <<voting, logs, office, reads>>

Sync(i) ==
  /\ Len(disk[i]) > 1
  /\ disk' = [disk EXCEPT ![i] = Tail(@)]
  /\ UNCHANGED <<voting, logs, office, reads>>

\* A crash, and the boot after it, from a batch that was durable or happened to survive.
RestartFrom(i, batches) ==
  /\ \E k \in 1 .. Len(batches) :
       /\ term' = [term EXCEPT ![i] = batches[k].term]
       /\ vote' = [vote EXCEPT ![i] = batches[k].vote]
       /\ commit' = [commit EXCEPT ![i] = batches[k].commit]
       /\ log' = [log EXCEPT ![i] = batches[k].log]
       /\ disk' = [disk EXCEPT ![i] = <<batches[k]>>]
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ asks' = [asks EXCEPT ![i] = {}]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<calls, ballots, claims, chosen, answers>>

Restart(i) == RestartFrom(i, disk[i])
=============================================================================
