---------------------------- MODULE TransferAtomic ----------------------------
(* The transfers of Transfer.tla with check and writes in one step: the        *)
(* assertion holds, and Ledger is refined.                                     *)
EXTENDS Integers, TLC

CONSTANTS Processes, Amounts, Initial
VARIABLES alice, bob, pc, money

vars == <<alice, bob, pc, money>>

Init ==
    /\ alice = Initial
    /\ bob = Initial
    /\ money \in [Processes -> Amounts]
    /\ pc = [p \in Processes |-> "transfer"]

Move(p) ==
    /\ pc[p] = "transfer"
    /\ alice >= money[p]
    /\ alice' = alice - money[p]
    /\ bob' = bob + money[p]
    /\ pc' = [pc EXCEPT ![p] = "assert"]
    /\ UNCHANGED money

Refuse(p) ==
    /\ pc[p] = "transfer"
    /\ alice < money[p]
    /\ pc' = [pc EXCEPT ![p] = "assert"]
    /\ UNCHANGED <<alice, bob, money>>

Finish(p) ==
    /\ pc[p] = "assert"
    /\ Assert(alice >= 0, "Alice's account is below zero")
    /\ pc' = [pc EXCEPT ![p] = "done"]
    /\ UNCHANGED <<alice, bob, money>>

Ended ==
    /\ \A p \in Processes : pc[p] = "done"
    /\ UNCHANGED vars

Next ==
    \/ \E p \in Processes : Move(p) \/ Refuse(p) \/ Finish(p)
    \/ Ended

Spec == Init /\ [][Next]_vars

NotBelowZero == alice >= 0 /\ bob >= 0
MoneyInvariant == alice + bob = 2 * Initial
Book == INSTANCE Ledger
RefinesLedger == Book!Spec
===============================================================================
