/** Faults of disks. What each does to an operation, and when it counts, is the disk's affair. */
import type { DiskFaultSpec } from "../sim/disk/faults.ts";
import type { DiskFault } from "./plan.ts";
import type { Executor } from "./strike.ts";

export const strikeDisk: Executor<DiskFault> = (fault, { hosts }, active, { control }) => {
  const spec = specOf(fault);
  const heals = hosts.map((host) => control.host(host).disk.setFault({ ...spec, fault: active }));
  return () => {
    for (const heal of heals) heal();
  };
};

/** The fault without what says when and where. */
function specOf(fault: DiskFault): DiskFaultSpec {
  const { atUs: _atUs, when: _when, forUs: _forUs, struck: _struck, hosts: _hosts, groups: _groups, ...spec } = fault;
  return spec;
}
