-------------------------------- MODULE Ledger --------------------------------
(* What transfers may do to two accounts: money moves from Alice to Bob, none  *)
(* is made or lost, and no account falls below zero.                           *)
EXTENDS Integers

CONSTANTS Initial
VARIABLES alice, bob

Init == alice = Initial /\ bob = Initial

Move(amount) ==
    /\ amount <= alice
    /\ alice' = alice - amount
    /\ bob' = bob + amount

Next == \E amount \in 1 .. 2 * Initial : Move(amount)

Spec == Init /\ [][Next]_<<alice, bob>>
===============================================================================
