/** Starts the failure detector that the options ask for. */
import type { Host } from "../../../sim/host.ts";
import type { Detector, DetectorCallbacks } from "./detector.ts";
import type { DetectorOptions } from "./options.ts";
import { startPing } from "./ping.ts";
import { startSwim } from "./swim.ts";

/** Resolves once what the detector keeps on disk is loaded. */
export async function startDetector(
  host: Host,
  options: DetectorOptions,
  callbacks: DetectorCallbacks,
): Promise<Detector> {
  if (options.kind === "swim") return startSwim(host, options.swim, callbacks);
  return startPing(host, options.ping, callbacks);
}
