---------------------------- MODULE MCRaftPreVote ----------------------------
\* Raft with PreVote within bounds. It refines Raft: the property is Raft's own specification.
EXTENDS MCRaft, RaftPreVote
=============================================================================
