/** Historic bugs of load balancers. L4LB: dcos/minuteman and its heir, dcos-net's l4lb, by commit where there is one. */
import type { Bug } from "../bug.ts";

const TABLES: Bug["checks"] = [
  "balancer-tables",
  "balancer-truth",
  "settled-requests",
  "service-before-name",
  "liveness",
];
const TRAFFIC: Bug["checks"] = ["balancer-traffic", "slow-gets-little", "liveness"];

export const BALANCER_BUGS: readonly Bug[] = [
  {
    id: "PUB-28",
    title: "The balancer keeps a backend whose node is gone",
    source: "habitat-sh/habitat#990; kubernetes/kubernetes#69668, #17284; envoyproxy/envoy#6420",
    mechanism:
      "The table follows members that join and ignores those that leave. Connections go to a node that is down, until something computes the table anew.",
    invariant: "no connection goes to an agent that has been out of reach for longer than the bound, unless all are",
    scenario: "balancer",
    checks: ["balancer-truth", "balancer-traffic", "liveness"],
    difficulty: "easy",
  },
  {
    id: "L4LB-1",
    title: "The diff of two sorted lists is taken the wrong way round",
    source: "dcos/minuteman commit 24b9d3b",
    mechanism:
      "The walk advances in the wrong list. Adding VIP 3 to 1, 2, 4, 5 names 4 and 5 as removed, and live services lose their entries.",
    invariant: "the diff applied to the old table gives the new one; no live VIP is removed",
    scenario: "balancer",
    checks: TABLES,
    difficulty: "easy",
  },
  {
    id: "L4LB-2",
    title: "Routes and names are told before the service stands",
    source: "dcos/minuteman commit 2812d13 (an asynchronous cast became a synchronous call)",
    mechanism:
      "The tables are filled in the wrong order. A client that resolves the name at that moment is led to an address with nothing behind it.",
    invariant: "a route has its service, a name its route, at every step",
    scenario: "balancer",
    checks: TABLES,
    difficulty: "easy",
  },
  {
    id: "L4LB-3",
    title: "The penalty for backends without history never applies",
    source: "dcos/minuteman, first version of its EWMA: an integer 0 was matched against the float 0.0",
    mechanism:
      "A backend that has just come has no cost, and the clause that should hold it back until it answers never matches. Its score stays the best of all, and every choice that draws it takes it.",
    invariant: "a backend that has never answered gets one connection while others are known",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "easy",
  },
  {
    id: "L4LB-4",
    title: "What was learned of a backend is looked up under another key",
    source: "dcos/minuteman commit 46d6d06",
    mechanism:
      "Latency, failures and pending attempts are recorded under one form of the backend's name and looked up under another. Every choice finds an unknown backend, and slow or dead ones get their full share.",
    invariant: "a choice counts what happened with its candidates",
    scenario: "balancer-grey",
    checks: TRAFFIC,
    difficulty: "easy",
  },
  {
    id: "L4LB-5",
    title: "TASK_LOST and TASK_GONE_BY_OPERATOR are not taken for the end of a task",
    source: "dcos/minuteman commit fc09608",
    mechanism:
      "The list of terminal states lacks two. A task that ended in one of them keeps its entries, and its port is soon another task's.",
    invariant: "what is installed is the union of what running tasks ask for",
    scenario: "balancer",
    checks: TABLES,
    difficulty: "easy",
  },
  {
    id: "L4LB-6",
    title: "Pending attempts leak when neither success nor failure is observed",
    source: "dcos/minuteman: the count goes down in observe alone",
    mechanism:
      "A client goes away before the backend has answered. The connection is forgotten, its attempt stays in the count for ever, and the backend looks busier each time.",
    invariant: "pending is the number of attempts under way",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "easy",
  },
  {
    id: "L4LB-7",
    title: "A tripped breaker is never half open",
    source: "dcos/minuteman: a backend is closed by its failures in a row, and only an answer resets them",
    mechanism:
      "Without a probe after the backoff a tripped backend gets no connection as long as another is sound, so nothing ever resets it.",
    invariant: "a backend that has recovered is used again within a bound",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "medium",
  },
  {
    id: "L4LB-8",
    title: "Backends that drain go on getting connections",
    source: "a mutation of dcos-net's l4lb, where weight 0 means no new connections",
    mechanism:
      "Candidates are not filtered by their weight. A task that is being killed is drawn like any other, and its new connections are cut off when it ends.",
    invariant: "a choice draws from all backends that may get connections, and from nothing else",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "easy",
  },
  {
    id: "L4LB-9",
    title: "A breaker counts failures in total, not in a row",
    source: "a mutation of dcos/minuteman, where any answer resets the count",
    mechanism:
      "An answer resets a breaker only once it has tripped. Single failures far apart add up, and a sound backend is left out for a backoff.",
    invariant: "a backend is left out only after failures in a row",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "easy",
  },
  {
    id: "L4LB-10",
    title: "A late answer to an earlier request ends the attempt under way",
    source: "a mutation: any answer of the backend concluded the attempt until its request was compared",
    mechanism:
      "A client has sent a request twice and gets two answers. The second one comes while the next request waits, counts as its success, resets the breaker and takes it out of the pending attempts.",
    invariant: "an attempt succeeds by the answer to its own request",
    scenario: "balancer",
    checks: TRAFFIC,
    difficulty: "easy",
  },
];
