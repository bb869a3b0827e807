/** Membership for runs of a few seconds: lashup's layers with all times scaled down by settings. */
import { PING_DEFAULTS } from "../systems/membership/detector/options.ts";
import { type MembershipOptions, membershipOptions } from "../systems/membership/options.ts";
import type { ScenarioContext } from "./scenario.ts";

export function scaledMembership({ nodes, settings }: ScenarioContext): MembershipOptions {
  const number = (name: string): number => Number(settings[name]);
  const pingUs = number("pingUs");
  const detectMs = number("detectMs");
  const entropyUs = number("entropyUs");
  return membershipOptions({
    contacts: nodes.slice(0, 3),
    detector: {
      kind: "ping",
      ping: {
        ...PING_DEFAULTS,
        startUs: 100_000,
        roundUs: pingUs,
        lateUs: 3 * pingUs,
        // Up to a round trip of 100 ms the wait is ln(100) / ln(base) ms, at most detectMs.
        patience: [{ aboveNodes: 0, maxMs: detectMs, baseMillionths: 1_030_000 }],
      },
    },
    overlay: {
      activeViewMax: 3,
      passiveViewMax: 6,
      firstJoinUs: 10_000,
      joinUs: 60_000,
      joinTimeoutUs: 60_000,
      firstNeighbourUs: 150_000,
      neighbourUs: 400_000,
      neighbourShortUs: 150_000,
      neighbourAloneUs: 60_000,
      recommendUs: 300_000,
      firstShuffleUs: 200_000,
      shuffleUs: 1_000_000,
      shuffleSparseUs: 300_000,
      shuffleAloneUs: 300_000,
      saveUs: 200_000,
      joinsMax: 10,
    },
    gm: { refreshUs: 5_000_000, updateUs: 50_000, floodUs: 5_000, resyncUs: 500_000, digestUs: 100_000 },
    probe: { probeUsMin: 250_000, sweepUs: 1_000_000 },
    routes: { advertiseUs: 30_000 },
    multicast: { announceUs: 60_000, graftUs: 60_000, keepUs: 2_000_000 },
    kv: {
      entropyStartUs: entropyUs,
      entropyEveryUs: entropyUs,
      pageAgainUs: 60_000,
      passOnUs: 100_000,
      purgeUs: 1_000_000,
      flushUs: 5_000,
      journalBytesMax: 16_384,
    },
  });
}
