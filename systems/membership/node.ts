/** A node with all layers of membership, one above the other. */
import { DiskError, type Host } from "../../sim/host.ts";
import { startGm } from "./gm/gm.ts";
import { startProbe } from "./gm/probe.ts";
import { startKv } from "./kv/kv.ts";
import type { Membership } from "./membership.ts";
import { startMulticast } from "./multicast/multicast.ts";
import type { MembershipOptions } from "./options.ts";
import { startOverlay } from "./overlay/start.ts";
import { startRoutes } from "./route/routes.ts";

/**
 * Boots membership on this host; resolves when every layer runs. The cluster is joined after that, through the contacts, the views on the disk,
 * or whoever asks. A disk that fails ends the process. Throws RangeError for options that no layer could run with.
 */
export async function startMembership(host: Host, options: MembershipOptions): Promise<Membership> {
  try {
    return await startLayers(host, options);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    host.exit(`The disk failed while booting: ${error.message}`);
    return new Promise(() => {}); // the process has ended
  }
}

async function startLayers(host: Host, options: MembershipOptions): Promise<Membership> {
  const overlay = await startOverlay(host, options);
  const gm = await startGm(host, overlay, options.gm);
  const routes = startRoutes(host, gm, options.routes);
  startProbe({ host, overlay, gm, routes }, options.probe);
  const multicast = startMulticast({ host, overlay, routes }, options.multicast);
  const kv = await startKv({ host, overlay, routes, multicast }, options.kv);
  return { self: host.name, overlay, gm, routes, multicast, kv };
}
