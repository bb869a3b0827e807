/** The witness of each bug of the membership family, and what it breaks. */
import { witnessHpv1, witnessHpv2, witnessHpv3, witnessPub26, witnessPub27 } from "./membership-overlay.fixture.ts";
import {
  witnessLashup1,
  witnessLashup10,
  witnessLashup11,
  witnessLashup2,
  witnessLashup3,
  witnessLashup4,
  witnessLashup7,
} from "./membership-layers.fixture.ts";
import { witnessPing1, witnessSwim1 } from "./membership-detectors.fixture.ts";
import type { Case } from "./script.fixture.ts";

export const MEMBERSHIP_CASES: { readonly [id: string]: Case } = {
  "PUB-26": { witness: witnessPub26, breaks: ["accuracy"] },
  "PUB-27": { witness: witnessPub27, breaks: ["symmetry"] },
  "HPV-1": { witness: witnessHpv1, breaks: ["symmetry"] },
  "HPV-2": { witness: witnessHpv2, breaks: ["walk"] },
  "HPV-3": { witness: witnessHpv3, breaks: ["symmetry"] },
  "LASHUP-1": { witness: witnessLashup1, breaks: ["kv-converges"] },
  "LASHUP-2": { witness: witnessLashup2, breaks: ["partition-heals"] },
  "LASHUP-3": { witness: witnessLashup3, breaks: ["kv-durability"] },
  "LASHUP-4": { witness: witnessLashup4, breaks: ["kv-converges"] },
  "LASHUP-7": { witness: witnessLashup7, breaks: ["compare-and-set"] },
  "LASHUP-10": { witness: witnessLashup10, breaks: ["records"] },
  "LASHUP-11": { witness: witnessLashup11, breaks: ["kv-durability"] },
  "PING-1": { witness: witnessPing1, breaks: ["evidence"] },
  "SWIM-1": { witness: witnessSwim1, breaks: ["evidence"] },
};
