/** Historic bugs of membership: overlays of neighbours, failure detectors. HPV: of HyParView as it was built. */
import type { Bug } from "../bug.ts";

/** What judges the overlay: how long half a link lasts in quiet, whether it becomes whole after healing, and what nodes assert. */
const OVERLAY_CHECKS: Bug["checks"] = [
  "membership-half-links",
  "membership-overlay-heals",
  "membership-reaches-all",
  "membership-detection",
];

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
];
