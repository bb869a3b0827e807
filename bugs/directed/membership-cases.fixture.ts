/** The witness of each bug of the membership family, and what it breaks. */
import { witnessHpv1, witnessHpv2, witnessHpv3, witnessPub26, witnessPub27 } from "./membership-overlay.fixture.ts";
import type { Case } from "./script.fixture.ts";

export const MEMBERSHIP_CASES: { readonly [id: string]: Case } = {
  "PUB-26": { witness: witnessPub26, breaks: ["accuracy"] },
  "PUB-27": { witness: witnessPub27, breaks: ["symmetry"] },
  "HPV-1": { witness: witnessHpv1, breaks: ["symmetry"] },
  "HPV-2": { witness: witnessHpv2, breaks: ["walk"] },
  "HPV-3": { witness: witnessHpv3, breaks: ["symmetry"] },
};
