/** Faults of links: rules on the simulated network. What each does to a packet, and when it counts, is the network's affair. */
import type { RuleScope } from "../sim/net/rule.ts";
import type { RuleProperties } from "../sim/net/properties.ts";
import { cutLinks } from "./cuts.ts";
import type { NetworkFault, PartitionFault } from "./plan.ts";
import type { Executor, Field, Where } from "./strike.ts";
import { pairsBetween, splitLink } from "./targets.ts";

export const strikePartition: Executor<PartitionFault> = (fault, where, active, { control, nodes, clients }) => {
  const pairs = cutLinks({ fault, ...where, nodes, clients });
  return control.network.addRule({ pairs, props: { block: true }, fault: active });
};

export const strikeNetwork: Executor<NetworkFault> = (fault, where, active, field) =>
  field.control.network.addRule({ ...scopeOf(fault, where, field), props: propertiesOf(fault), fault: active });

/** Exact links, or those of the hosts in the given direction, or all. */
function scopeOf(fault: NetworkFault, where: Where, { nodes, clients }: Field): RuleScope {
  const all = [...nodes, ...clients];
  if (fault.links !== undefined) return { pairs: where.links.map(splitLink) };
  if (fault.hosts === undefined && fault.groups === undefined) return { from: all, to: all };
  const { hosts } = where;
  if (fault.direction === "out") return { from: hosts, to: all };
  if (fault.direction === "in") return { from: all, to: hosts };
  return { pairs: [...pairsBetween(hosts, all), ...pairsBetween(all, hosts)] };
}

function propertiesOf(fault: NetworkFault): RuleProperties {
  switch (fault.kind) {
    case "loss":
      return { loss: oddsOf(fault) };
    case "duplicate":
      return { duplicate: oddsOf(fault) };
    case "corrupt":
      return { corrupt: { ...oddsOf(fault), ...(fault.bitsMax === undefined ? {} : { bitsMax: fault.bitsMax }) } };
    case "reorder":
      return { reorder: { ...oddsOf(fault), delayUsMax: fault.delayUsMax } };
    case "delay": {
      const { shape, meanUs, minUs, perMillion } = fault;
      const latency = { shape, meanUs, minUs: minUs ?? (shape === "constant" ? meanUs : 0) };
      return { delay: perMillion === undefined ? latency : { ...latency, odds: oddsOf({ ...fault, perMillion }) } };
    }
    case "hold":
      return { hold: true };
    case "slow-link": {
      const { bytesPerSecond, latencyTimes, capacityPackets } = fault;
      return {
        slow: {
          ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
          ...(latencyTimes === undefined ? {} : { latencyTimes }),
          ...(capacityPackets === undefined ? {} : { capacityPackets }),
        },
      };
    }
  }
}

function oddsOf(rate: { readonly perMillion: number; readonly correlationPerMillion?: number }): {
  readonly perMillion: number;
  readonly correlationPerMillion?: number;
} {
  const { perMillion, correlationPerMillion } = rate;
  return correlationPerMillion === undefined ? { perMillion } : { perMillion, correlationPerMillion };
}
