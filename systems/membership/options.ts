/** All parameters of membership: one record for each layer, lashup's values where it has them. */
import { DETECTOR_DEFAULTS, type DetectorOptions } from "./detector/options.ts";
import { GM_DEFAULTS, type GmOptions } from "./gm/options.ts";
import { PROBE_DEFAULTS, type ProbeOptions } from "./gm/probe.ts";
import { KV_DEFAULTS, type KvOptions } from "./kv/options.ts";
import { MULTICAST_DEFAULTS, type MulticastOptions } from "./multicast/options.ts";
import { OVERLAY_DEFAULTS, type OverlayOptions } from "./overlay/options.ts";
import { ROUTE_DEFAULTS, type RouteOptions } from "./route/options.ts";

export type MembershipOptions = {
  readonly overlay: OverlayOptions;
  readonly detector: DetectorOptions;
  readonly gm: GmOptions;
  readonly probe: ProbeOptions;
  readonly routes: RouteOptions;
  readonly multicast: MulticastOptions;
  readonly kv: KvOptions;
};

/** What differs from the defaults, layer by layer; `contacts` goes to all layers that have any. */
export type MembershipOverrides = {
  readonly contacts: readonly string[];
  readonly detector?: DetectorOptions;
} & { readonly [layer in Exclude<keyof MembershipOptions, "detector">]?: Partial<MembershipOptions[layer]> };

export function membershipOptions(overrides: MembershipOverrides): MembershipOptions {
  const { contacts } = overrides;
  return {
    overlay: { ...OVERLAY_DEFAULTS, contacts, ...overrides.overlay },
    detector: overrides.detector ?? DETECTOR_DEFAULTS,
    gm: { ...GM_DEFAULTS, ...overrides.gm },
    probe: { ...PROBE_DEFAULTS, contacts, ...overrides.probe },
    routes: { ...ROUTE_DEFAULTS, ...overrides.routes },
    multicast: { ...MULTICAST_DEFAULTS, ...overrides.multicast },
    kv: { ...KV_DEFAULTS, ...overrides.kv },
  };
}
