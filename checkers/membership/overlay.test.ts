/** The checkers of views, overlay and detection: what they accept, and everything that they must reject. */
import { expect, test } from "vitest";
import type { DownObservation, ViewObservation } from "../../systems/membership/overlay/observation.ts";
import { type DetectionBound, DetectionMonitor, type DownRecord } from "./detection.ts";
import { connectionFault, HalfLinkMonitor, overlayFault } from "./overlay.ts";
import { viewFault, ViewMonitor, type ViewRecord } from "./views.ts";

const view = (host: string, active: readonly string[], passive: readonly string[] = []): ViewRecord => ({
  host,
  incarnation: 1,
  active,
  passive,
});
const down = (host: string, peer: string, reason: DownRecord["reason"] = "ping"): DownRecord => ({
  host,
  incarnation: 1,
  peer,
  reason,
  sinceUs: 0,
});

test("the records are what the overlay observes", () => {
  const asView = (record: ViewRecord): ViewObservation => record;
  const asViewRecord = (observation: ViewObservation): ViewRecord => observation;
  const asDown = (record: DownRecord): DownObservation => record;
  const asDownRecord = (observation: DownObservation): DownRecord => observation;
  expect(asViewRecord(asView(view("n1", ["n2"])))).toEqual(view("n1", ["n2"]));
  expect(asDownRecord(asDown(down("n1", "n2")))).toEqual(down("n1", "n2"));
});

const LIMITS = { activeViewMax: 2, passiveViewMax: 3 };

test("views that are disjoint, bounded and without the node itself pass", () => {
  expect(viewFault(view("n1", ["n2", "n3"], ["n4", "n5", "n6"]), LIMITS)).toBeNull();
});

test.each([
  [view("n1", ["n2", "n3", "n4"]), "n1 has 3 active nodes, at most 2"],
  [view("n1", [], ["n2", "n3", "n4", "n5"]), "n1 has 4 passive nodes, at most 3"],
  [view("n1", ["n1"]), "n1 is in its own view"],
  [view("n1", [], ["n1"]), "n1 is in its own view"],
  [view("n1", ["n2", "n2"]), "n1 has a node twice in one view"],
  [view("n1", [], ["n2", "n2"]), "n1 has a node twice in one view"],
  [view("n1", ["n2"], ["n2"]), "n1 has n2 in both views"],
])("rejects views: %o", (record, message) => {
  const monitor = new ViewMonitor(LIMITS);
  monitor.observe(7, view("n1", ["n2"]));
  monitor.observe(8, record);
  expect(monitor.violations).toEqual([{ host: "n1", timeUs: 8, message }]);
});

test("a symmetric overlay in one piece passes", () => {
  expect(overlayFault([view("n1", ["n2"]), view("n2", ["n1", "n3"]), view("n3", ["n2"])])).toBeNull();
  expect(overlayFault([])).toBeNull();
});

test.each([
  [[view("n1", ["n2"]), view("n2", [])], "n1 has n2 for a neighbour, but not the other way round"],
  [[view("n1", ["n2"])], "n1 has n2 for a neighbour, which does not run"],
  [
    [view("n1", ["n2"]), view("n2", ["n1"]), view("n3", ["n4"]), view("n4", ["n3"])],
    "n1 reaches 2 of 4 nodes, not n3, n4",
  ],
  [[view("n1", []), view("n2", [])], "n1 reaches 1 of 2 nodes, not n2"],
])("rejects an overlay: %o", (nodes, fault) => {
  expect(overlayFault(nodes)).toBe(fault);
});

test("rejects an overlay that is connected one way only", () => {
  expect(connectionFault([view("n1", ["n2"]), view("n2", ["n3"]), view("n3", ["n2"])])).toBe("n2, n3 cannot reach n1");
  expect(connectionFault([view("n1", ["n2"]), view("n2", ["n3"]), view("n3", ["n1"])])).toBeNull();
});

const halfLinks = (use: (monitor: HalfLinkMonitor) => void): readonly string[] => {
  const monitor = new HalfLinkMonitor({ lastsUsMax: 100 });
  monitor.observe(0, view("n1", ["n2"]));
  monitor.observe(0, view("n2", ["n1"]));
  monitor.observe(0, view("n3", []));
  monitor.quiet(10);
  use(monitor);
  monitor.finish(1_000);
  return monitor.violations.map(({ message }) => message);
};

test("a link that one end lets go and the other soon after passes", () => {
  const violations = halfLinks((monitor) => {
    monitor.observe(20, view("n1", []));
    monitor.observe(120, view("n2", []));
  });
  expect(violations).toEqual([]);
});

test("rejects a link that one end holds for longer than a message travels", () => {
  const violations = halfLinks((monitor) => {
    monitor.observe(20, view("n1", []));
    monitor.observe(121, view("n2", []));
  });
  expect(violations).toEqual(["n2 held n1 for a neighbour for 101 us while n1 did not, at most 100 us"]);
});

test("rejects a link that is half to the end", () => {
  expect(halfLinks((monitor) => monitor.observe(20, view("n3", ["n1"])))).toEqual([
    "n3 held n1 for a neighbour for 980 us while n1 did not, at most 100 us",
  ]);
});

test("half links of crashed nodes, and those from before the quiet, are not judged", () => {
  expect(
    halfLinks((monitor) => {
      monitor.observe(5, view("n3", ["n1"]));
      monitor.down(20, "n1");
    }),
  ).toEqual([]);
});

test("rejects a neighbour that forgot its links at a reboot and is held for long", () => {
  const violations = halfLinks((monitor) => {
    monitor.down(20, "n1");
    monitor.observe(500, view("n1", []));
    monitor.observe(700, view("n2", []));
  });
  expect(violations).toEqual(["n2 held n1 for a neighbour for 200 us while n1 did not, at most 100 us"]);
});

const BOUND: DetectionBound = {
  activeViewMax: 2,
  probeUsMax: 200,
  expiryUsMax: 1_000,
  oneWayUsMax: 50,
  slackUs: 10,
  startUsMax: 300,
};
const BOUND_US = 1_460;

const detection = (use: (monitor: DetectionMonitor) => void): DetectionMonitor => {
  const monitor = new DetectionMonitor(BOUND);
  for (const host of ["n1", "n2"]) monitor.up(0, host);
  monitor.observeView(0, view("n1", ["n2"]));
  monitor.observeView(0, view("n2", ["n1"]));
  use(monitor);
  monitor.finish(100_000);
  return monitor;
};

test("a crash that is detected within the bound passes, with its latency", () => {
  const monitor = detection((m) => {
    m.down(1_000, "n2");
    m.observeDown(2_000, down("n1", "n2"));
    m.observeView(1_000 + BOUND_US, view("n1", []));
  });
  expect(monitor.violations).toEqual([]);
  expect(monitor.detections).toEqual([{ observer: "n1", peer: "n2", latencyUs: 1_000 }]);
  expect(monitor.falseSuspicions).toBe(0);
});

test.each<[string, (monitor: DetectionMonitor) => void, number]>([
  ["late", (m) => m.observeView(1_001 + BOUND_US, view("n1", [])), BOUND_US + 1],
  ["never", () => {}, 99_000],
  ["not before it is back", (m) => m.up(5_000, "n2"), 4_000],
  ["not before the observer crashes as well", (m) => m.down(5_000, "n1"), 4_000],
  ["not before the observer stops for a while", (m) => m.paused(5_000, "n1"), 4_000],
])("rejects a crash that is detected %s", (_, use, heldUs) => {
  const monitor = detection((m) => {
    m.down(1_000, "n2");
    use(m);
  });
  expect(monitor.violations.map(({ message }) => message)).toEqual([
    `n1 had n2 for a neighbour for ${heldUs} us after it crashed, at most ${BOUND_US} us`,
  ]);
});

test("time counts from when the observer runs, has begun to probe, and has the neighbour", () => {
  const monitor = detection((m) => {
    m.paused(900, "n1");
    m.down(1_000, "n2");
    m.resumed(50_000, "n1");
    m.observeView(51_000, view("n1", []));
    m.observeView(90_000, view("n1", ["n2"]));
    m.observeView(91_000, view("n1", []));
  });
  expect(monitor.violations).toEqual([]);
});

test("a node that runs and is taken for dead counts as a false suspicion, a disconnect or a stopped one does not", () => {
  const monitor = detection((m) => {
    m.observeDown(500, down("n1", "n2"));
    m.observeDown(600, down("n2", "n1", "disconnect"));
    m.paused(700, "n2");
    m.observeDown(800, down("n1", "n2", "suspect"));
  });
  expect(monitor.falseSuspicions).toBe(1);
});

test("rejects a node that is taken for dead in a time without faults", () => {
  const monitor = detection((m) => {
    m.quiet(1_000);
    m.observeDown(999, down("n1", "n2"));
    m.observeDown(1_000, down("n2", "n1", "suspect"));
    m.observeDown(1_001, down("n2", "n1", "disconnect"));
  });
  expect(monitor.violations).toEqual([
    { host: "n2", timeUs: 1_000, message: "n2 took n1 for dead (suspect), which runs, in a time without faults" },
  ]);
});
