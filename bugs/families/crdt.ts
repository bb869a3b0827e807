/**
 * Historic bugs of CRDT libraries. RCRDT: commits of rust-crdt, in the order of their place in its family of types. CTX: mistakes of our own
 * making that show only when a client speaks about what it read a while ago; before clients did, no check saw them. DECL: calls that a store
 * declines and must not; before `crdt-declined`, no check judged a call without an update.
 */
import type { Bug } from "../bug.ts";

/** What judges stores: what clients were shown, the same with full knowledge, what survives, and whether replicas agree in time. */
const CHECKS: Bug["checks"] = [
  "crdt-spec",
  "crdt-replicas",
  "crdt-declined",
  "crdt-durability",
  "crdt-steps",
  "crdt-answer-of-own-command",
  "liveness",
  "no-uncaught-error",
];

export const CRDT_BUGS: readonly Bug[] = [
  {
    id: "PUB-22",
    title: "An element present on both sides of a merge is kept, although each of its adds was removed",
    source: "basho/riak_dt#78, fixed in basho/riak_dt#82 (sets, flags, maps)",
    mechanism:
      "The optimised merge keeps an element that both replicas hold, with the adds of both, instead of deciding add by add. Where each side has removed the add of the other, the element survives.",
    invariant: "observed remove: an element is present exactly while an add is known that no remove has seen",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "PUB-23",
    title: "A replica that lost its disk goes on under its old actor name",
    source: "Riak's per-key actor epochs (fixed in Riak 2.1); dotted version vectors",
    mechanism:
      "The counters of the actor start again. Others have seen updates with these numbers, so the new ones count as known and are dropped, acknowledged all the same.",
    invariant: "a dot never names two updates; no acknowledged update is dropped",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "PUB-24",
    title: "A delta is joined although an earlier one of the same sender was lost",
    source: "akka/akka-core#22188, fixed in akka/akka-core#22331; the causal delta-merging condition of Almeida et al.",
    mechanism:
      "The receiver raises its count of the sender's updates over the gap and acknowledges all of them. The sender forgets the lost delta, and what it held is believed to be everywhere.",
    invariant: "a replica holds what it says it holds; no acknowledged update is lost",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "PUB-25",
    title: "Concurrent inserts at one place stand in the order of their arrival",
    source: "automerge/automerge-classic#34, fixed in e368896",
    mechanism:
      "Siblings with equal Lamport stamps are not ordered by actor: the later arrival goes behind the earlier one, so replicas that got them in different orders show different lists.",
    invariant: "strong convergence: the same operations give the same list",
    scenario: "crdt-lists",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "RCRDT-1",
    title: "A merge computes the adds that both sides keep, and then keeps its own",
    source: "rust-crdt/rust-crdt commit 710fafa",
    mechanism:
      "For a member on both sides the merge works out the common clock, drops the member when it is empty, but otherwise leaves its own clock in place: adds of the other are missed, and removed ones stay.",
    invariant: "observed remove; merge is commutative",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "RCRDT-2",
    title: "A merge compares adds with the clock of the other's whole set, not of its entry",
    source: "rust-crdt/rust-crdt commit f2773b7",
    mechanism:
      "An add counts as held by both when it equals the counter of its actor in the clock of the other's whole set. An actor's latest update, if it was an add that the other has removed, comes back.",
    invariant: "observed remove: what one side has seen and dropped is gone",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "RCRDT-3",
    title: "The other's deferred removes are merged only where there is one of our own",
    source: "rust-crdt/rust-crdt commit eabc3d7",
    mechanism:
      "A remove that waits for the add it means is dropped by a merge unless the replica has a deferred remove of the same key; when the add comes, it stays.",
    invariant: "observed remove, whatever the order of arrival",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "RCRDT-4",
    title: "A remove is deferred only if its context is strictly ahead",
    source: "rust-crdt/rust-crdt commit 595d9a2",
    mechanism:
      "A remove whose clock is concurrent to what the replica has seen is applied to what is there and forgotten, so the part it had seen and the replica had not stays for ever.",
    invariant: "observed remove, whatever the order of arrival",
    scenario: "crdt-sets",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "RCRDT-5",
    title: "A merge of maps reuses an entry clock that it has already changed",
    source: "rust-crdt/rust-crdt commit 4d3181a, issues 33 and 35",
    mechanism:
      "What was removed from a value is computed from entry clocks that the merge has already cut down to their common part. The nested value then keeps updates that the other side had removed.",
    invariant: "reset-remove: a key comes back with only what its remover had not seen",
    scenario: "crdt-maps",
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "RCRDT-6",
    title: "A map forgets a remove that comes before the update it had seen",
    source: "rust-crdt/rust-crdt commits 376bbf4 and 35be2e5",
    mechanism:
      "Maps had no deferred removes: the remove finds nothing, is dropped, and the update that it meant stays.",
    invariant: "observed remove, whatever the order of arrival",
    scenario: "crdt-maps",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "RCRDT-7",
    title: "An identifier and its extension are ordered the wrong way round",
    source: "rust-crdt/rust-crdt commit 1d386d4",
    mechanism:
      "Where two neighbours leave no room, the new identifier extends the lower one. With the derived order it falls outside of the two, so the element is not where it was inserted.",
    invariant: "intention: an insert lies between the neighbours that it was made for",
    scenario: "crdt-lists",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "RCRDT-8",
    title: "Preparing an insert spends its dot, and the own operation is taken for a duplicate",
    source: "rust-crdt/rust-crdt commit 05b6358",
    mechanism:
      "The list advances its counter when it prepares an operation; applying it then finds the dot seen already and does nothing. Everybody else shows the element.",
    invariant: "strong convergence; no lost update",
    scenario: "crdt-lists",
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "CTX-1",
    title: "The delta of a write by an old context leaves out the siblings of its server",
    source: "made for this museum: the delta of a dotted version vector set, Almeida et al. 2014",
    mechanism:
      "A column of a delta holds the newest write alone. Where the writer had read everything, nothing else is live; where it had not, the receiver takes the earlier writes of that server as discarded.",
    invariant: "a write replaces what its client had read, and nothing newer",
    scenario: "crdt-sets",
    settings: { type: "dvv-set" },
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "CTX-2",
    title: "A remove by a context from elsewhere is applied to what is there and forgotten",
    source: "made for this museum: RCRDT-4, on the road of operations instead of merges",
    mechanism:
      "A client reads at one replica and removes at another that lacks some of the adds it had read. The part of the remove that finds nothing is not deferred, so there the adds stay when they come; everybody else removes them.",
    invariant: "observed remove, whatever the order of arrival",
    scenario: "crdt-sets",
    settings: { type: "or-set" },
    checks: CHECKS,
    difficulty: "medium",
  },
  {
    id: "CTX-3",
    title: "A write by an old context replaces what the replica holds instead of what was read",
    source: "made for this museum: lost updates of stores that ignore the context of a write",
    mechanism:
      "The context is checked and then dropped: the write supersedes everything that its replica holds, so writes that came after the read vanish without anybody having seen them.",
    invariant: "a write replaces what its client had read, and nothing newer",
    scenario: "crdt-sets",
    settings: { type: "mv-register" },
    checks: CHECKS,
    difficulty: "easy",
  },
  {
    id: "DECL-1",
    title: "A tree refuses to remove what does not hang from the root itself",
    source: "made for this museum: a test of presence that looks at the parent and not along the path",
    mechanism:
      "A remove looks whether the node's parent is the root. Of a node further down it says that it is not in the tree, and makes no update. What is shown goes on being right for the updates held, so no read tells.",
    invariant: "a call is declined only if by what is held there is nothing to do, or it is not allowed",
    scenario: "crdt-tree",
    checks: CHECKS,
    difficulty: "easy",
  },
];
