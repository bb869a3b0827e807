--------------------------- MODULE MCRaftSnapshot ---------------------------
\* Raft with snapshots within bounds. It refines the linearizable store, as Raft does; not Raft, since it installs at one go.
EXTENDS MCRaft, RaftSnapshot
=============================================================================
