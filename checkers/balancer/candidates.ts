/**
 * Among which backends a choice had to draw, by what the node knew: its service, its reach and the breakers that follow from its attempts.
 *
 * Candidates are the backends with a weight whose agents are in reach, or all with a weight when none is. The best class of them that has a
 * member is drawn from. Sets that are too large to be looked at whole are judged as far as two draws can be: whoever was drawn belongs to them,
 * has the weight that stands in the table, and is of the class that the choice says.
 */
import { agentOf, type CandidateRecord, type ChoiceRecord, splitBackend } from "./record.ts";

export type Knowledge = {
  /** Entries of the service, `backend*weight`. */
  readonly service: readonly string[];
  /** Empty: nothing is known, and all count. */
  readonly reachable: ReadonlySet<string>;
  /** Whether the breaker of a backend lets a connection through now. */
  readonly admits: (backend: string) => boolean;
  /** Sets up to this size are looked at whole. */
  readonly wholeScanMax: number;
};

/** A backend without cost that has an attempt under way scores this at least; docs/balancer.md, "Score". */
const PENALTY = 68_719_476_736;

/** One sentence of what is wrong with the set that was drawn from; null when nothing is. */
export function poolFault(record: ChoiceRecord, knowledge: Knowledge): string | null {
  const weights = candidatesOf(knowledge);
  for (const { backend, weight } of drawnOf(record)) {
    const standing = weights.get(backend);
    const vip = record.vip;
    if (standing === undefined)
      return `${backend} was drawn for ${vip}, and is none of its candidates [${[...weights.keys()].join(", ")}]`;
    if (standing !== weight) return `${backend} was drawn for ${vip} with weight ${weight}, its entry says ${standing}`;
  }
  if (record.candidates !== weights.size)
    return `the choice for ${record.vip} had ${record.candidates} candidates, and ${weights.size} may get connections`;
  return classFault(record, [...weights.keys()], knowledge);
}

/** The score of a candidate is the one that its cost and its pending attempts give. */
export function scoreFault({ backend, costQ8, pending, score }: CandidateRecord): string | null {
  const known = Math.min(costQ8 * (pending + 1), PENALTY - 1);
  const expected = costQ8 > 0 ? known : pending === 0 ? 0 : PENALTY + Math.min(pending, 65_535);
  if (score === expected) return null;
  return `${backend} with cost ${costQ8} and ${pending} pending has score ${score}, not ${expected}`;
}

function classFault(record: ChoiceRecord, candidates: readonly string[], knowledge: Knowledge): string | null {
  const { vip, candidateClass, pool } = record;
  const classes = candidates.map((backend) => classOf(backend, knowledge));
  for (const { backend } of drawnOf(record)) {
    const found = classOf(backend, knowledge);
    if (found !== candidateClass)
      return `${backend} was drawn for ${vip} as one of class ${candidateClass}, and is of class ${found}`;
  }
  const members = classes.filter((each) => each === candidateClass).length;
  if (pool > members) return `${pool} of class ${candidateClass} were drawn from for ${vip}, and there are ${members}`;
  if (candidates.length > knowledge.wholeScanMax) return null;
  const best = Math.min(...classes);
  if (best !== candidateClass)
    return `class ${candidateClass} was drawn from for ${vip}, and class ${best} has members`;
  return pool === members ? null : `${pool} of class ${best} were drawn from for ${vip}, and there are ${members}`;
}

function candidatesOf({ service, reachable }: Knowledge): ReadonlyMap<string, number> {
  const taking = service.map(splitBackend).filter(([, weight]) => weight > 0);
  const inReach = taking.filter(([backend]) => isReachable(backend, reachable));
  return new Map(inReach.length > 0 ? inReach : taking);
}

function classOf(backend: string, { reachable, admits }: Knowledge): number {
  if (!admits(backend)) return 2;
  return isReachable(backend, reachable) ? 0 : 1;
}

function isReachable(backend: string, reachable: ReadonlySet<string>): boolean {
  return reachable.size === 0 || reachable.has(agentOf(backend));
}

function drawnOf({ chosen, other }: ChoiceRecord): readonly CandidateRecord[] {
  return other === null ? [chosen] : [chosen, other];
}
