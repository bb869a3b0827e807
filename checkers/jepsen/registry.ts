/**
 * The Jepsen-style checkers by the name that `--model` uses.
 */
import type { NamedChecker } from "../named-checker.ts";
import { adyaG2 } from "./adya.ts";
import { availability } from "./availability.ts";
import { bank } from "./bank.ts";
import { causal, comments, sequential } from "./causal.ts";
import { convergence } from "./convergence.ts";
import { counterBounds } from "./counter-bounds.ts";
import { perKey } from "./independent.ts";
import { kafka } from "./kafka.ts";
import { longFork } from "./long-fork.ts";
import { totalQueue, unorderedQueue } from "./queues.ts";
import { monotonic, sessionCheckers } from "./sessions.ts";
import { finalSet, setFull } from "./sets.ts";
import { stats } from "./stats.ts";
import { uniqueIds } from "./unique-ids.ts";

const ALL: readonly NamedChecker[] = [
  perKey(finalSet),
  perKey(setFull),
  perKey(unorderedQueue),
  perKey(totalQueue),
  perKey(counterBounds),
  bank,
  longFork,
  perKey(causal),
  perKey(comments),
  sequential,
  monotonic,
  ...sessionCheckers,
  uniqueIds,
  kafka,
  adyaG2,
  stats,
  availability,
  convergence,
];

export const jepsenCheckers: ReadonlyMap<string, NamedChecker> = new Map(ALL.map((checker) => [checker.name, checker]));
