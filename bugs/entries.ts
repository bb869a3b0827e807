/** The museum: historic bugs of real systems, each as a small patch on the present sources, a family of systems to a file. */
import type { Bug } from "./bug.ts";
import { BALANCER_BUGS } from "./families/balancer.ts";
import { CRDT_BUGS } from "./families/crdt.ts";
import { MEMBERSHIP_BUGS } from "./families/membership.ts";
import { RAFT_BUGS } from "./families/raft.ts";

export const BUGS: readonly Bug[] = [...RAFT_BUGS, ...CRDT_BUGS, ...MEMBERSHIP_BUGS, ...BALANCER_BUGS];

/** Throws RangeError with the list when there is no such bug. */
export function bugById(id: string): Bug {
  const bug = BUGS.find((other) => other.id === id);
  if (bug === undefined)
    throw new RangeError(
      `there is no bug ${JSON.stringify(id)} (bugs are ${BUGS.map((other) => other.id).join(", ")})`,
    );
  return bug;
}
