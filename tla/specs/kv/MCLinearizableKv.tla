--------------------------- MODULE MCLinearizableKv ---------------------------
(* LinearizableKv by itself, within bounds: reads return how many writes they  *)
(* saw.                                                                        *)
EXTENDS LinearizableKv

CONSTANT OrderMax

HowMany(read, writes) == Len(writes)
Short == Len(order) <= OrderMax
===============================================================================
