/**
 * Rules: what faults (and scenarios) lay over links, and what several rules on one link amount to.
 *
 * How rules compose, in words: any block blocks and any hold holds; of rates (loss, duplicate, corrupt, reorder) the highest
 * counts, because all rules judge the same keyed outcome of a packet; delays add up; of slow links the smallest bandwidth and
 * capacity count and latencies multiply. So switching one rule off never changes what another one does to a packet, and
 * where two rules would each have done the same, the one added first is credited.
 */
import type { ActiveFault } from "../kernel.ts";
import { type CompiledLatency, compileLatency, threshold } from "./latency.ts";
import type { Link } from "./link.ts";
import type { LinkProperties, Odds, Overflow, RuleProperties } from "./properties.ts";

/** Which directed links a rule is on, by host names: every pair out of from and to, or exactly these pairs. */
export type RuleScope =
  | { readonly from: readonly string[]; readonly to: readonly string[] }
  | { readonly pairs: readonly (readonly [from: string, to: string])[] };

export type RuleOptions = RuleScope & {
  readonly props: RuleProperties;
  /** Who is credited with what the rule does; null for what belongs to the scenario. */
  readonly fault: ActiveFault | null;
};

/** A rate ready to judge outcomes with. */
export type CompiledOdds = {
  readonly below: number;
  readonly belowAfterHit: number;
  readonly belowAfterMiss: number;
  readonly isCorrelated: boolean;
  /** The flows whose last packet was hit, by their numbers; kept only when correlated. */
  readonly lastHit: Set<number>;
};

export type Rule = {
  readonly matches: (fromIndex: number, toIndex: number) => boolean;
  readonly fault: ActiveFault | null;
  readonly props: RuleProperties;
  readonly loss: CompiledOdds | null;
  readonly duplicate: CompiledOdds | null;
  readonly corrupt: CompiledOdds | null;
  readonly reorder: CompiledOdds | null;
  readonly delay: CompiledLatency | null;
  readonly delayOdds: CompiledOdds | null;
};

/** What holds on one link now: its own properties and all rules on it. Shared by links that have the same. */
export type Effective = {
  /** Neither a rule nor a property beyond latency and capacity: the short way. */
  readonly isPlain: boolean;
  readonly latency: CompiledLatency;
  /** Without the rules. */
  readonly ownLatency: CompiledLatency;
  readonly lossBelow: number;
  readonly duplicateBelow: number;
  readonly corruptBelow: number;
  readonly reorderBelow: number;
  readonly reorderDelayUsMax: number;
  /** Bytes per second without the rules, and with them; 0 is without limit. */
  readonly ownBytesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly ownCapacity: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly rules: readonly Rule[];
  readonly block: Rule | null;
  readonly hold: Rule | null;
  /** The rules that make the bandwidth, the capacity and the latency worse; null where none does. */
  readonly narrowing: Rule | null;
  readonly crowding: Rule | null;
  readonly stretching: Rule | null;
};

export function compileRule(options: RuleOptions, indexOf: (name: string) => number): Rule {
  const { props } = options;
  return {
    matches: compileScope(options, indexOf),
    fault: options.fault,
    props,
    loss: compileOdds(props.loss),
    duplicate: compileOdds(props.duplicate),
    corrupt: compileOdds(props.corrupt),
    reorder: compileOdds(props.reorder),
    delay: props.delay === undefined ? null : compileLatency(props.delay),
    delayOdds: compileOdds(props.delay?.odds),
  };
}

/** What the rules, in the order they were added, make of a link with these properties. */
export function compileEffective(own: LinkProperties, rules: readonly Rule[]): Effective {
  const bandwidth = smallest(own.bytesPerSecond ?? Number.POSITIVE_INFINITY, rules, "bytesPerSecond");
  const capacity = smallest(own.capacityPackets, rules, "capacityPackets");
  let times = 1;
  for (const rule of rules) times *= rule.props.slow?.latencyTimes ?? 1;
  const rates = own.lossPerMillion + own.duplicatePerMillion + own.corruptPerMillion + own.reorderPerMillion;
  return {
    isPlain: rules.length === 0 && rates === 0 && own.bytesPerSecond === null,
    latency: compileLatency(own.latency, times),
    ownLatency: compileLatency(own.latency),
    lossBelow: threshold(own.lossPerMillion),
    duplicateBelow: threshold(own.duplicatePerMillion),
    corruptBelow: threshold(own.corruptPerMillion),
    reorderBelow: threshold(own.reorderPerMillion),
    reorderDelayUsMax: own.reorderDelayUsMax,
    ownBytesPerSecond: own.bytesPerSecond ?? 0,
    bytesPerSecond: bandwidth.value === Number.POSITIVE_INFINITY ? 0 : bandwidth.value,
    ownCapacity: own.capacityPackets,
    capacity: capacity.value,
    overflow: own.overflow,
    rules,
    block: rules.find((rule) => rule.props.block === true) ?? null,
    hold: rules.find((rule) => rule.props.hold === true) ?? null,
    narrowing: bandwidth.by,
    crowding: capacity.by,
    stretching: times === 1 ? null : (rules.find((rule) => (rule.props.slow?.latencyTimes ?? 1) > 1) ?? null),
  };
}

/** Whether the outcome hits; keeps the memory of a correlated rate. To be asked once for each packet of the flow. */
export function hits(odds: CompiledOdds, outcome: number, flowNumber: number): boolean {
  if (!odds.isCorrelated) return outcome < odds.below;
  const isHit = outcome < (odds.lastHit.has(flowNumber) ? odds.belowAfterHit : odds.belowAfterMiss);
  if (isHit) odds.lastHit.add(flowNumber);
  else odds.lastHit.delete(flowNumber);
  return isHit;
}

export function ruleIsOn(rule: Rule, link: Link): boolean {
  return link.from !== link.to && rule.matches(link.from.index, link.to.index);
}

function smallest(
  own: number,
  rules: readonly Rule[],
  field: "bytesPerSecond" | "capacityPackets",
): { readonly value: number; readonly by: Rule | null } {
  let value = own;
  let by: Rule | null = null;
  for (const rule of rules) {
    const limit = rule.props.slow?.[field];
    if (limit === undefined || limit >= value) continue;
    value = limit;
    by = rule;
  }
  return { value, by };
}

function compileScope(scope: RuleScope, indexOf: (name: string) => number): Rule["matches"] {
  if ("pairs" in scope) {
    const pairs = new Map<number, Set<number>>();
    for (const [from, to] of scope.pairs) {
      const targets = pairs.get(indexOf(from)) ?? new Set();
      pairs.set(indexOf(from), targets.add(indexOf(to)));
    }
    return (fromIndex, toIndex) => pairs.get(fromIndex)?.has(toIndex) === true;
  }
  const from = new Set(scope.from.map(indexOf));
  const to = new Set(scope.to.map(indexOf));
  return (fromIndex, toIndex) => from.has(fromIndex) && to.has(toIndex);
}

function compileOdds(odds: Odds | undefined): CompiledOdds | null {
  if (odds === undefined) return null;
  const p = odds.perMillion;
  const c = odds.correlationPerMillion ?? 0;
  return {
    below: threshold(p),
    belowAfterHit: threshold(p + (c * (1_000_000 - p)) / 1_000_000),
    belowAfterMiss: threshold((p * (1_000_000 - c)) / 1_000_000),
    isCorrelated: c > 0,
    lastHit: new Set(),
  };
}
