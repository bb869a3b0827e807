/** The monitors of a membership layer. */
export { type Detection, type DetectionBound, DetectionMonitor, type DownRecord } from "./detection.ts";
export { DetectorFactMonitor, type DetectorRecord } from "./detector-facts.ts";
export { type KvAck, type KvClock, KvMonitor, type KvReady, type KvRecord } from "./kv.ts";
export { MulticastMonitor, type MulticastOptions, type MulticastRecord, type Subscriber } from "./multicast.ts";
export { connectionFault, HalfLinkMonitor, type HalfLinkOptions, overlayFault, type OverlayNode } from "./overlay.ts";
export { type MembershipRecord, RecordMonitor } from "./records.ts";
export { type ReachLoss, ReachMonitor, type ReachRecord } from "./routes.ts";
export { viewFault, type ViewLimits, ViewMonitor, type ViewRecord, type ViewViolation } from "./views.ts";
