-------------------------------- MODULE Raft --------------------------------
(***************************************************************************)
(* Raft as systems/raft does it: elections, replication, reads by          *)
(* confirmation, and crashes that leave what the disk holds. Sources: the  *)
(* paper (Ongaro and Ousterhout, "In Search of an Understandable Consensus *)
(* Algorithm") and the thesis (Ongaro, sections 3.8 and 6.4).              *)
(*                                                                         *)
(* The network is a set of facts: what was said may arrive at any later    *)
(* time, any number of times, in any order, or never. A reply to a term    *)
(* that its reader has left would be dropped unread, so replies are kept   *)
(* with their reader, for its present term only. Since a leader never      *)
(* changes what it has put into its log, that log is what it may have said *)
(* to anybody: claims[t] is that of the leader of term t.                  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Node, Value, Context, None

VARIABLES
  term, vote, role,   \* of each node; a role is "follower", "candidate" or "leader"
  log, commit,        \* entries [term, value], and how many of them are known to be committed
  disk,               \* batches written, oldest first: the first is durable, a crash may keep or lose the others
  calls, ballots,     \* requests for votes, of all terms; ballots[i]: who voted for i in the present term of i
  claims,             \* claims[t]: what the leader of term t may have said; its length is the highest term entered
  match, held,        \* of a leader i: up to where j holds its log durably, as i knows and as j said
  round, heard,       \* the number of its last round of heartbeats, and the last that j answered
  pending,            \* of a leader: reads that wait for their round
  asks, answers,      \* asks[i]: reads of node i; answers[i]: indexes that leaders gave to it
  chosen, served      \* history: all that was ever committed, in order; the last read that was served

voting == <<term, vote, role, calls, ballots>>
logs == <<log, commit, claims, chosen>>
office == <<match, held, round, heard, pending>>
reads == <<asks, answers, served>>
vars == <<voting, logs, disk, office, reads>>

Max(a, b) == IF a > b THEN a ELSE b
Min(a, b) == IF a < b THEN a ELSE b
IsQuorum(nodes) == 2 * Cardinality(nodes) > Cardinality(Node)
TermAt(entries, n) == IF n = 0 THEN 0 ELSE entries[n].term
LastTerm(entries) == TermAt(entries, Len(entries))
IsUpToDate(lastTerm, lastIndex, entries) ==
  lastTerm > LastTerm(entries) \/ (lastTerm = LastTerm(entries) /\ lastIndex >= Len(entries))

Zero == [j \in Node |-> 0]
NoClaim == [from |-> None, log |-> <<>>, commit |-> 0, told |-> Zero]
Call(c, t, lastTerm, lastIndex) == [from |-> c, term |-> t, lastTerm |-> lastTerm, lastIndex |-> lastIndex]

\* What is durable at node i. Equal terms at one index mean equal logs up to there (paper, section 5.3).
IsTermDurable(i) == disk[i][1].term = term[i]
IsVoteDurable(i, c) == IsTermDurable(i) /\ disk[i][1].vote = c
IsLogDurable(i, n) == n <= Len(disk[i][1].log) /\ n <= Len(log[i]) /\ TermAt(disk[i][1].log, n) = TermAt(log[i], n)

\* What the leader of the present term of node i may have said, and whether node `to` would still read what i says to it.
Claim(i) == claims[term[i]]
IsReading(to, i) == role[to] = "leader" /\ term[to] = term[i]

Init ==
  /\ term = Zero /\ vote = [i \in Node |-> None] /\ role = [i \in Node |-> "follower"]
  /\ log = [i \in Node |-> <<>>] /\ commit = Zero
  /\ disk = [i \in Node |-> <<[term |-> 0, vote |-> None, commit |-> 0, log |-> <<>>]>>]
  /\ calls = {} /\ ballots = [i \in Node |-> {}] /\ claims = <<>>
  /\ match = [i \in Node |-> Zero] /\ held = [i \in Node |-> Zero]
  /\ round = Zero /\ heard = [i \in Node |-> Zero] /\ pending = [i \in Node |-> {}]
  /\ asks = [i \in Node |-> {}] /\ answers = [i \in Node |-> {}]
  /\ chosen = <<>> /\ served = [read |-> <<>>, result |-> "none"]

\* Elections (paper, section 5.2)
Timeout(i) ==
  /\ role[i] # "leader"
  /\ term' = [term EXCEPT ![i] = @ + 1] /\ vote' = [vote EXCEPT ![i] = i]
  /\ role' = [role EXCEPT ![i] = "candidate"]
  /\ ballots' = [ballots EXCEPT ![i] = {}]
  /\ claims' = IF term[i] = Len(claims) THEN Append(claims, NoClaim) ELSE claims
  /\ UNCHANGED <<calls, log, commit, chosen, disk, office, reads>>

\* A candidate asks only once its own vote is durable: after a crash it could lead in the same term a second time.
SendCall(i, t, lastTerm, lastIndex) ==
  /\ t = term[i] /\ IsVoteDurable(i, i)
  /\ role[i] = "candidate" => lastTerm = LastTerm(log[i]) /\ lastIndex = Len(log[i])
  /\ calls' = calls \cup {Call(i, t, lastTerm, lastIndex)}
  /\ UNCHANGED <<term, vote, role, ballots, logs, disk, office, reads>>

\* Voters help no log that may lack a committed entry (paper, section 5.4.1).
GrantVote(i, c, lastTerm, lastIndex) ==
  /\ Call(c, term[i], lastTerm, lastIndex) \in calls
  /\ vote[i] \in {None, c} /\ IsUpToDate(lastTerm, lastIndex, log[i])
  /\ vote' = [vote EXCEPT ![i] = c]
  /\ UNCHANGED <<term, role, calls, ballots, logs, disk, office, reads>>

\* A vote counts once it is durable, that for oneself too: after a crash it must not be given away again.
SendVote(i, c) ==
  /\ vote[i] = c /\ IsVoteDurable(i, c)
  /\ ballots' = IF term[c] = term[i] THEN [ballots EXCEPT ![c] = @ \cup {i}] ELSE ballots
  /\ UNCHANGED <<term, vote, role, calls, logs, disk, office, reads>>

BecomeLeader(i) ==
  /\ role[i] = "candidate" /\ IsQuorum(ballots[i])
  /\ role' = [role EXCEPT ![i] = "leader"]
  /\ claims' = [claims EXCEPT ![term[i]] = [from |-> i, log |-> log[i], commit |-> commit[i], told |-> Zero]]
  /\ UNCHANGED <<term, vote, calls, ballots, log, commit, chosen, disk, office, reads>>

LeaveOffice(i) ==
  /\ match' = [match EXCEPT ![i] = Zero] /\ held' = [held EXCEPT ![i] = Zero]
  /\ round' = [round EXCEPT ![i] = 0] /\ heard' = [heard EXCEPT ![i] = Zero]
  /\ pending' = [pending EXCEPT ![i] = {}]

\* Any message may carry a higher term, and every term up to the highest has been entered by somebody.
StepDown(i, t) ==
  /\ t > term[i] /\ t <= Len(claims)
  /\ term' = [term EXCEPT ![i] = t] /\ vote' = [vote EXCEPT ![i] = None]
  /\ role' = [role EXCEPT ![i] = "follower"]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<calls, ballots, logs, disk, reads>>

\* A candidate hears the leader of its term; a leader hears no quorum (thesis, section 6.2).
Resign(i) ==
  /\ role[i] # "follower" /\ role' = [role EXCEPT ![i] = "follower"]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<term, vote, calls, ballots, logs, disk, reads>>

-----------------------------------------------------------------------------
\* Replication (paper, section 5.3). Appends are sent at any time, ahead of their replies or again: that is pipelining.
Propose(i, v) ==
  /\ role[i] = "leader"
  /\ log' = [log EXCEPT ![i] = Append(@, [term |-> term[i], value |-> v])]
  /\ claims' = [claims EXCEPT ![term[i]].log = Append(@, [term |-> term[i], value |-> v])]
  /\ UNCHANGED <<voting, commit, chosen, disk, office, reads>>

\* Only a real conflict truncates: the message may be older than what was acknowledged since.
Merge(own, lead, prev, last) ==
  IF \E n \in prev + 1 .. last : n > Len(own) \/ own[n].term # lead[n].term
  THEN SubSeq(own, 1, prev) \o SubSeq(lead, prev + 1, last)
  ELSE own

\* Entries prev + 1 to last of the leader of term t, which knows c entries to be committed. Nothing behind them is verified.
ReceiveAppend(i, t, prev, prevTerm, last, c) ==
  /\ t = term[i] /\ role[i] = "follower" /\ claims[t].from # None
  /\ prev <= last /\ last <= Len(claims[t].log) /\ TermAt(claims[t].log, prev) = prevTerm /\ c <= claims[t].commit
  /\ prev <= Len(log[i]) /\ TermAt(log[i], prev) = prevTerm
  /\ log' = [log EXCEPT ![i] = Merge(@, claims[t].log, prev, last)]
  /\ commit' = [commit EXCEPT ![i] = Max(@, Min(c, last))]
  /\ UNCHANGED <<voting, claims, chosen, disk, office, reads>>

\* Node i holds the leader's log up to n, durably.
SendAck(i, to, n) ==
  /\ IsTermDurable(i) /\ IsLogDurable(i, n) /\ to = Claim(i).from
  /\ n <= Len(Claim(i).log) /\ TermAt(log[i], n) = TermAt(Claim(i).log, n)
  /\ held' = IF IsReading(to, i) THEN [held EXCEPT ![to][i] = Max(@, n)] ELSE held
  /\ UNCHANGED <<voting, logs, disk, match, round, heard, pending, reads>>

ReceiveAck(i, j, n) ==
  /\ role[i] = "leader" /\ n <= held[i][j]
  /\ match' = [match EXCEPT ![i][j] = Max(@, n)]
  /\ UNCHANGED <<voting, logs, disk, held, round, heard, pending, reads>>

\* Only an entry of the leader's own term is committed by counting (paper, section 5.4.2).
AdvanceCommit(i, n) ==
  /\ role[i] = "leader" /\ n > commit[i] /\ n <= Len(log[i])
  /\ log[i][n].term = term[i]
  /\ IsQuorum({j \in Node : IF j = i THEN IsLogDurable(i, n) ELSE match[i][j] >= n})
  /\ commit' = [commit EXCEPT ![i] = n]
  /\ claims' = [claims EXCEPT ![term[i]].commit = n]
  /\ chosen' = IF n > Len(chosen) THEN SubSeq(log[i], 1, n) ELSE chosen
  /\ UNCHANGED <<voting, log, disk, office, reads>>

-----------------------------------------------------------------------------
\* Heartbeats and reads (thesis, section 6.4)
StartRound(i) ==
  /\ role[i] = "leader" /\ round' = [round EXCEPT ![i] = @ + 1]
  /\ UNCHANGED <<voting, logs, disk, match, held, heard, pending, reads>>

\* A heartbeat names no more than its receiver has acknowledged: what stands behind that may be of another term.
SendHeartbeat(i, j, c, r) ==
  /\ role[i] = "leader" /\ j # i /\ r <= round[i]
  /\ c <= commit[i] /\ c <= match[i][j]
  /\ claims' = [claims EXCEPT ![term[i]].told[j] = Max(@, c)]
  /\ UNCHANGED <<voting, log, commit, chosen, disk, office, reads>>

ReceiveHeartbeat(i, t, c) ==
  /\ t = term[i] /\ role[i] = "follower" /\ claims[t].from # None
  /\ c <= claims[t].told[i]
  /\ commit' = [commit EXCEPT ![i] = Max(@, Min(c, Len(log[i])))]
  /\ UNCHANGED <<voting, log, claims, chosen, disk, office, reads>>

AnswerRound(i, to, r) ==
  /\ IsTermDurable(i) /\ to = Claim(i).from
  /\ IsReading(to, i) => r <= round[to]
  /\ heard' = IF IsReading(to, i) THEN [heard EXCEPT ![to][i] = Max(@, r)] ELSE heard
  /\ UNCHANGED <<voting, logs, disk, match, held, round, pending, reads>>

\* A context must not be in use, or an answer to somebody else would be taken for one to this read.
AskRead(i, x) ==
  /\ \A a \in asks[i] \cup answers[i] : a.context # x
  /\ \A j \in Node : \A p \in pending[j] : p.from = i => p.context # x
  /\ asks' = [asks EXCEPT ![i] = @ \cup {[context |-> x, index |-> Len(chosen)]}]
  /\ UNCHANGED <<voting, logs, disk, office, answers, served>>

\* A leader knows what is committed only once an entry of its own term is. The round has to begin after the request.
BeginRead(i, from, x) ==
  /\ role[i] = "leader" /\ TermAt(log[i], commit[i]) = term[i]
  /\ pending' = [pending EXCEPT ![i] =
       @ \cup {[from |-> from, context |-> x, index |-> commit[i], round |-> round[i] + 1]}]
  /\ UNCHANGED <<voting, logs, disk, match, held, round, heard, reads>>

ConfirmRead(i, from, x, index) ==
  /\ role[i] = "leader"
  /\ \/ \E p \in pending[i] :
          /\ p.from = from /\ p.context = x /\ p.index = index
          /\ IsQuorum({j \in Node : (IF j = i THEN round[i] ELSE heard[i][j]) >= p.round})
          /\ pending' = [pending EXCEPT ![i] = @ \ {p}]
     \/ [context |-> x, index |-> index] \in answers[from] /\ UNCHANGED pending   \* asked twice, answered twice
  /\ answers' = [answers EXCEPT ![from] = @ \cup {[context |-> x, index |-> index]}]
  /\ UNCHANGED <<voting, logs, disk, match, held, round, heard, asks, served>>

WithoutContext(set, x) == {a \in set : a.context # x}
\* The state machine is read as far as the node has applied its log.
ServeRead(i, x, index) ==
  /\ [context |-> x, index |-> index] \in answers[i] /\ index <= commit[i]
  /\ \E a \in asks[i] : a.context = x
  /\ asks' = [asks EXCEPT ![i] = WithoutContext(@, x)]
  /\ answers' = [answers EXCEPT ![i] = WithoutContext(@, x)]
  /\ served' = [read |-> <<i, x>>, result |-> commit[i]]
  /\ UNCHANGED <<voting, logs, disk, office>>

DropRead(i, x) ==
  /\ asks' = [asks EXCEPT ![i] = WithoutContext(@, x)]
  /\ UNCHANGED <<voting, logs, disk, office, answers, served>>

\* The disk
Image(i) == [term |-> term[i], vote |-> vote[i], commit |-> commit[i], log |-> log[i]]
Write(i) ==
  /\ disk' = [disk EXCEPT ![i] = Append(@, Image(i))]
  /\ UNCHANGED <<voting, logs, office, reads>>

Sync(i) ==
  /\ Len(disk[i]) > 1 /\ disk' = [disk EXCEPT ![i] = Tail(@)]
  /\ UNCHANGED <<voting, logs, office, reads>>

\* A crash, and the boot after it, from a batch that was durable or happened to survive.
RestartFrom(i, batches) ==
  /\ \E k \in 1 .. Len(batches) :
       /\ term' = [term EXCEPT ![i] = batches[k].term] /\ vote' = [vote EXCEPT ![i] = batches[k].vote]
       /\ log' = [log EXCEPT ![i] = batches[k].log] /\ commit' = [commit EXCEPT ![i] = batches[k].commit]
       /\ disk' = [disk EXCEPT ![i] = <<batches[k]>>]
  /\ role' = [role EXCEPT ![i] = "follower"] /\ asks' = [asks EXCEPT ![i] = {}]
  /\ LeaveOffice(i)
  /\ UNCHANGED <<calls, ballots, claims, chosen, answers, served>>
Restart(i) == RestartFrom(i, disk[i])
=============================================================================
