/**
 * Historic bugs of membership: overlays of neighbours, failure detectors. HPV: of HyParView as it was built. LASHUP:
 * of dcos/lashup, 1 to 9 its own.
 */
import type { Bug } from "../bug.ts";

/**
 * What judges the overlay: what nodes assert, how long half a link lasts in quiet, and whether all becomes whole
 * after healing.
 */
const OVERLAY_CHECKS: Bug["checks"] = [
  "overlay-tells",
  "membership-half-links",
  "membership-overlay-heals",
  "membership-reaches-all",
  "membership-detection",
];

/**
 * What judges the map: what a node holds does not go back, what it acknowledged is durable, and all come to hold the
 * same.
 */
const KV_CHECKS: Bug["checks"] = ["membership-kv", "membership-kv-converges"];

export const MEMBERSHIP_BUGS: readonly Bug[] = [
  {
    id: "PUB-26",
    title: "A node that came back stays dead: a stale alive is dropped without a word",
    source: "hashicorp/memberlist#311, fixed in hashicorp/memberlist#345",
    mechanism:
      "A node whose disk was lost begins with incarnation 1 while others hold it for dead in a higher one. They drop its alive and do not repeat the accusation, so it never hears what to refute, and every neighbour that it wins declares it dead again.",
    invariant: "eventual accuracy: a running, connected node is alive in every view",
    scenario: "membership-wipe",
    settings: { detector: "swim" },
    checks: OVERLAY_CHECKS,
    difficulty: "medium",
  },
  {
    id: "PUB-27",
    title: "A neighbour that is evicted is not told",
    source: "lasp-lang/partisan#75; HyParView (DSN 2007), section 4.3, DISCONNECT",
    mechanism:
      "A full active view drops a random neighbour without a disconnect. The neighbour keeps its end of the link and sends into it until it happens to notice.",
    invariant: "symmetry: a link is held by both ends or, after a message's time, by none",
    scenario: "membership",
    checks: OVERLAY_CHECKS,
    difficulty: "easy",
  },
  {
    id: "HPV-1",
    title: "A node evicts a neighbour for a peer, and then does not take the peer in",
    source: "dcos/lashup, try_add_node_to_active_view: no error may be returned once the view was trimmed",
    mechanism:
      "Adding a peer to a full view first makes room and then fails, while the answer to the peer says that it was added: the peer holds a link that this node does not.",
    invariant: "symmetry: a link is held by both ends or, after a message's time, by none",
    scenario: "membership",
    checks: OVERLAY_CHECKS,
    difficulty: "easy",
  },
  {
    id: "HPV-2",
    title: "A forward-join keeps no account of where it was and how far it went",
    source: "dcos/lashup, handle_forward_join: ttl and seen",
    mechanism:
      "The walk of a new node goes on with the length and the list of nodes that it began with: it turns back, never ends, and each join adds another one.",
    invariant: "a walk visits no node twice and ends after its length",
    scenario: "membership",
    checks: ["overlay-walk", "bounded"],
    difficulty: "easy",
  },
  {
    id: "HPV-3",
    title: "A ping from a node that is no neighbour is answered and nothing more",
    source: "dcos/lashup, handle_recognize_pong: a pong from an unknown node is logged",
    mechanism:
      "Neighbours of a node that restarted before they noticed keep it in their views: it answers their pings, but has forgotten them, and nobody ends the half link.",
    invariant: "symmetry: after healing every link is held by both ends",
    scenario: "membership-churn",
    checks: OVERLAY_CHECKS,
    difficulty: "medium",
  },
  {
    id: "LASHUP-1",
    title: "What a neighbour is known to have outlives the neighbour's disk",
    source: "dcos/lashup commit 88364d5, which forgets it for peers without a route",
    mechanism:
      "Anti-entropy sends a neighbour what changed since the last whole walk. A node that lost its disk and is back under its old name is still taken to have everything before, and never gets the old keys.",
    invariant: "all replicas hold the same, within a bound after faults end",
    scenario: "membership-wipe",
    checks: KV_CHECKS,
    difficulty: "medium",
  },
  {
    id: "LASHUP-2",
    title: "Contacts that were never met are never probed",
    source: "dcos/lashup commit 01e14e8",
    mechanism:
      "The probe that ends a partition draws from nodes with a record. Two parts that never met have no records of each other, and each contact is in one of them, so the parts stay apart for ever.",
    invariant: "after healing the overlay is one component within a bound",
    scenario: "membership-partitions",
    checks: ["membership-overlay-heals", "membership-reaches-all", "membership-kv-converges", "membership-stays-quiet"],
    difficulty: "easy",
  },
  {
    id: "LASHUP-3",
    title: "Updates of other nodes are not written to the disk",
    source: "dcos/lashup commit 2dbc1ce",
    mechanism:
      "The handler of a remote update computes the merged value, answers from it, and does not store it. Whoever boots again has only its own operations.",
    invariant: "what a node holds of a key does not go back over its boots",
    scenario: "membership-churn",
    checks: KV_CHECKS,
    difficulty: "easy",
  },
  {
    id: "LASHUP-4",
    title: "Anti-entropy does not ask for values that are concurrent with the own one",
    source: "dcos/lashup commit 5f0ac34, which compared clocks with functions of another kind of clock",
    mechanism:
      "The receiver of a page asks for keys that it lacks and for those that have seen its own value. Of two values that have not seen each other neither side asks for the other's, so only a multicast can bring them together.",
    invariant: "all replicas hold the same, within a bound after faults end",
    scenario: "membership-partitions",
    checks: KV_CHECKS,
    difficulty: "easy",
  },
  {
    id: "LASHUP-7",
    title: "A compare-and-set succeeds on a key that does not exist",
    source: "dcos/lashup, handling of request_op in its last version",
    mechanism:
      "The context is compared only when the key is there. On a node that has not heard of the key, an operation prepared on another value takes effect on none.",
    invariant: "an operation with a context happens only to the value that was read",
    scenario: "membership",
    checks: KV_CHECKS,
    difficulty: "easy",
  },
  {
    id: "LASHUP-10",
    title: "A restart keeps the epoch, and the clock begins again",
    source: "a mutation of dcos/lashup, whose epoch grows with every start",
    mechanism:
      "The node counts from one again under the epoch of the boot before. Its new records are older than those that the others hold, so nobody hears of its neighbours.",
    invariant: "the epoch of a node grows with every boot; newer records win",
    scenario: "membership-churn",
    checks: ["membership-records", "membership-reaches-all"],
    difficulty: "easy",
  },
  {
    id: "LASHUP-11",
    title: "An operation is answered before it is on the disk",
    source: "a mutation of dcos/lashup, which syncs its log before it replies",
    mechanism: "The caller has its answer while the change waits for the disk. A power loss in between takes it away.",
    invariant: "an acknowledged operation survives the restart of its node",
    scenario: "membership-churn",
    checks: KV_CHECKS,
    difficulty: "medium",
  },
  {
    id: "PING-1",
    title: "An answer to any earlier ping ends the wait for the present one",
    source: "a mutation of dcos/lashup, whose pongs carry the reference of their ping",
    mechanism:
      "The number of a pong is not compared with that of the ping that waits. A copy that the network kept back answers a ping that was never answered, and its age is taken for the round trip.",
    invariant: "the numbers of the answers that count for a neighbour grow",
    scenario: "membership-churn",
    settings: { detector: "ping" },
    checks: ["membership-detector"],
    difficulty: "easy",
  },
  {
    id: "SWIM-1",
    title: "A suspect that has refuted gets what is left of its first time when it is accused again",
    source: "a mutation of SWIM (Das, Gupta, Motivala, DSN 2002, section 4.2): a suspicion belongs to one incarnation",
    mechanism:
      "The accusation in a higher incarnation is accepted, but the timer of the one before goes on. Who heard of the accusations and not of the refutation in between declares the node dead before it had its time.",
    invariant: "a death is concluded only after an accusation in this incarnation has stood for the whole time",
    scenario: "membership",
    settings: { detector: "swim" },
    checks: ["membership-detector"],
    difficulty: "hard",
  },
];
