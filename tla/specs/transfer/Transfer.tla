------------------------------- MODULE Transfer -------------------------------
(* Two transfers from Alice to Bob, each a check and then two writes: the      *)
(* first example of tla-rust, written anew. The check of one transfer may be   *)
(* out of date when it writes, so Alice's account can fall below zero: wrong   *)
(* on purpose. TransferAtomic.tla does the whole transfer in one step.         *)
(*                                                                             *)
(* Published: 9,097 states generated and 6,164 distinct when the assertion     *)
(* fails for the first time, at depth 7.                                       *)
EXTENDS Naturals, TLC

CONSTANTS
    Processes,  \* those who transfer, once each
    Amounts,    \* what a transfer may be about
    Initial     \* on each account at first

VARIABLES
    alice, bob, \* the accounts
    pc,         \* where each process is
    money       \* what each process transfers

vars == <<alice, bob, pc, money>>

Init ==
    /\ alice = Initial
    /\ bob = Initial
    /\ money \in [Processes -> Amounts]
    /\ pc = [p \in Processes |-> "check"]

Check(p) ==
    /\ pc[p] = "check"
    /\ pc' = [pc EXCEPT ![p] = IF alice >= money[p] THEN "withdraw" ELSE "assert"]
    /\ UNCHANGED <<alice, bob, money>>

Withdraw(p) ==
    /\ pc[p] = "withdraw"
    /\ alice' = alice - money[p]
    /\ pc' = [pc EXCEPT ![p] = "deposit"]
    /\ UNCHANGED <<bob, money>>

Deposit(p) ==
    /\ pc[p] = "deposit"
    /\ bob' = bob + money[p]
    /\ pc' = [pc EXCEPT ![p] = "assert"]
    /\ UNCHANGED <<alice, money>>

(* The promise, asserted where the algorithm makes it. *)
Finish(p) ==
    /\ pc[p] = "assert"
    /\ Assert(alice >= 0, "Alice's account is below zero")
    /\ pc' = [pc EXCEPT ![p] = "done"]
    /\ UNCHANGED <<alice, bob, money>>

(* Staying at the end is no deadlock. *)
Ended ==
    /\ \A p \in Processes : pc[p] = "done"
    /\ UNCHANGED vars

Next ==
    \/ \E p \in Processes : Check(p) \/ Withdraw(p) \/ Deposit(p) \/ Finish(p)
    \/ Ended

Spec == Init /\ [][Next]_vars

(* What is on the way counts for neither account. *)
RECURSIVE Sum(_)
Sum(S) == IF S = {} THEN 0
          ELSE LET p == CHOOSE q \in S : TRUE IN money[p] + Sum(S \ {p})
MoneyInvariant ==
    alice + bob + Sum({p \in Processes : pc[p] = "deposit"}) = 2 * Initial
===============================================================================
