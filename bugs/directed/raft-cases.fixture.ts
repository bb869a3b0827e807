/** The witness of each bug of the Raft family, and what it breaks. */
import { witnessKv1 } from "./kv-1.fixture.ts";
import { witnessKv2, witnessKv3 } from "./kv-sessions.fixture.ts";
import { witnessPub01 } from "./pub-01.fixture.ts";
import { witnessPub02 } from "./pub-02.fixture.ts";
import { witnessPub03 } from "./pub-03.fixture.ts";
import { witnessPub04 } from "./pub-04.fixture.ts";
import { witnessPub05 } from "./pub-05.fixture.ts";
import { witnessPub06 } from "./pub-06.fixture.ts";
import { witnessPub07 } from "./pub-07.fixture.ts";
import { witnessPub09 } from "./pub-09.fixture.ts";
import { witnessPub12 } from "./pub-12.fixture.ts";
import { witnessRaft1 } from "./raft-1.fixture.ts";
import { witnessRaft2 } from "./raft-2.fixture.ts";
import { witnessRaft3 } from "./raft-3.fixture.ts";
import { witnessRaft4 } from "./raft-4.fixture.ts";
import { witnessRaft5 } from "./raft-5.fixture.ts";
import { witnessRaft6, witnessRaft7 } from "./raft-transfers.fixture.ts";
import { witnessRaft8 } from "./raft-8.fixture.ts";
import type { Case } from "./script.fixture.ts";

export const RAFT_CASES: { readonly [id: string]: Case } = {
  "PUB-01": { witness: witnessPub01, breaks: ["raft.leader-completeness"] },
  "PUB-02": { witness: witnessPub02, breaks: ["raft.election-safety"] },
  "PUB-03": { witness: witnessPub03, breaks: ["raft.leader-completeness"] },
  "PUB-04": { witness: witnessPub04, breaks: ["stale-read"] },
  "PUB-05": { witness: witnessPub05, breaks: ["raft.election-safety"] },
  "PUB-06": { witness: witnessPub06, breaks: ["raft.commit-quorum", "raft.leader-completeness"] },
  "PUB-07": { witness: witnessPub07, breaks: ["raft.state-machine-safety"] },
  "PUB-09": { witness: witnessPub09, breaks: ["applied-twice"] },
  "PUB-12": { witness: witnessPub12, breaks: ["lost-write"] },
  "KV-1": { witness: witnessKv1, breaks: ["foreign-answer"] },
  "KV-2": { witness: witnessKv2, breaks: ["kv.answer-follows-log"] },
  "KV-3": { witness: witnessKv3, breaks: ["kv.answer-follows-log"] },
  "RAFT-1": { witness: witnessRaft1, breaks: ["raft-applied"] },
  "RAFT-2": { witness: witnessRaft2, breaks: ["raft.needless-cut"] },
  "RAFT-3": { witness: witnessRaft3, breaks: ["raft.acknowledged-durable"] },
  "RAFT-4": { witness: witnessRaft4, breaks: ["keeps-the-leader"] },
  "RAFT-5": { witness: witnessRaft5, breaks: ["raft.needless-cut"] },
  "RAFT-6": { witness: witnessRaft6, breaks: ["hands-over"] },
  "RAFT-7": { witness: witnessRaft7, breaks: ["hands-over"] },
  "RAFT-8": { witness: witnessRaft8, breaks: ["stale-read"] },
};
