/**
 * TLA+ engine: states generated a second on transaction_commit/TwoPhase with eight resource managers and its type
 * invariant, the counts of which are published (TLC, one worker: 0.59 M/s on a machine of this kind).
 */
import { readFileSync } from "node:fs";
import { checkSpecification } from "../tla/index.ts";
import { row, secondsOf, short } from "./measure.ts";

const PUBLISHED = { total: 18_507_778, distinct: 1_745_408, depth: 26 };
const MANAGERS = 8;

export async function benchTla(): Promise<void> {
  const folder = new URL("../tla/fixtures/examples/transaction_commit/", import.meta.url);
  const load = (name: string): string => readFileSync(new URL(`${name}.tla`, folder), "utf8");
  const managers = Array.from({ length: MANAGERS }, (_, i) => `r${i + 1}`).join(", ");
  const config = `CONSTANT RM = {${managers}}\nSPECIFICATION TPSpec\nINVARIANT TPTypeOK\n`;
  let counts = "";
  const seconds = await secondsOf(() => {
    const { total, distinct, depth, verdict } = checkSpecification({ load, spec: "TwoPhase", config });
    counts = JSON.stringify({ total, distinct, depth });
    if (verdict !== "held" || counts !== JSON.stringify(PUBLISHED)) throw new Error(`TwoPhase: ${verdict}, ${counts}`);
  });
  row(
    "TwoPhase, 8 resource managers, TPTypeOK",
    `${short(PUBLISHED.total / seconds)} states/s`,
    `floor 0.60 M; ${counts}`,
  );
}
