/** The witness of each bug of the CRDT family, and what it breaks. */
import { witnessCtx1, witnessCtx2, witnessCtx3 } from "./crdt-contexts.fixture.ts";
import { witnessDecl1 } from "./crdt-declined.fixture.ts";
import { witnessPub25, witnessRcrdt7, witnessRcrdt8 } from "./crdt-lists.fixture.ts";
import {
  witnessPub22,
  witnessRcrdt1,
  witnessRcrdt2,
  witnessRcrdt3,
  witnessRcrdt4,
  witnessRcrdt5,
  witnessRcrdt6,
} from "./crdt-merges.fixture.ts";
import { witnessPub23, witnessPub24 } from "./crdt-replicas.fixture.ts";
import type { Case } from "./script.fixture.ts";

export const CRDT_CASES: { readonly [id: string]: Case } = {
  "PUB-22": { witness: witnessPub22, breaks: ["observed-remove"] },
  "PUB-23": { witness: witnessPub23, breaks: ["lost-update"] },
  "PUB-24": { witness: witnessPub24, breaks: ["lost-update"] },
  "PUB-25": { witness: witnessPub25, breaks: ["strong-convergence"] },
  "RCRDT-1": { witness: witnessRcrdt1, breaks: ["observed-remove"] },
  "RCRDT-2": { witness: witnessRcrdt2, breaks: ["observed-remove"] },
  "RCRDT-3": { witness: witnessRcrdt3, breaks: ["observed-remove"] },
  "RCRDT-4": { witness: witnessRcrdt4, breaks: ["observed-remove"] },
  "RCRDT-5": { witness: witnessRcrdt5, breaks: ["observed-remove"] },
  "RCRDT-6": { witness: witnessRcrdt6, breaks: ["observed-remove"] },
  "RCRDT-7": { witness: witnessRcrdt7, breaks: ["intention"] },
  "RCRDT-8": { witness: witnessRcrdt8, breaks: ["lost-update"] },
  "CTX-1": { witness: witnessCtx1, breaks: ["lost-update"] },
  "CTX-2": { witness: witnessCtx2, breaks: ["observed-remove"] },
  "CTX-3": { witness: witnessCtx3, breaks: ["lost-update"] },
  "DECL-1": { witness: witnessDecl1, breaks: ["declined"] },
};
