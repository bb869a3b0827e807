/** Short ways to write histories of replicas in tests: "a2 b1" holds two updates of a and one of b. */
import type { PlainJson } from "../history.ts";
import type { Verdict } from "../verdict.ts";
import { type Contents, parseContents } from "./contents.ts";
import type { Call, CrdtSpec, ReadRecord, UpdateRecord } from "./record.ts";
import { checkReplicas } from "./replicas.ts";

export function held(text: string): Contents {
  const pairs = text.split(" ").filter((part) => part !== "");
  return parseContents(Object.fromEntries(pairs.map((part) => [part[0]!, Number(part.slice(1))])));
}

/** An update: its name ("a2"), what was seen, "add x" or "put" with a value, and what was told. */
export function update(
  name: string,
  saw: string,
  call: string,
  value: PlainJson = null,
  told: PlainJson = null,
): UpdateRecord {
  const [f, key] = call.split(" ");
  const id = { actor: name[0]!, counter: Number(name.slice(1)) };
  return { id, replica: id.actor, call: { f: f!, key: key ?? null, value }, told, saw: held(saw) };
}

/** The same update, made of what its client had read. */
export function ofRead(made: UpdateRecord, observed: string): UpdateRecord {
  return { ...made, observed: held(observed) };
}

/** A state is "digest", or "digest/what it has forgotten". */
export function read(replica: string, holds: string, value: PlainJson, state: string | null = null): ReadRecord {
  const [digest, trimmed] = state?.split("/") ?? [];
  return { replica, holds: held(holds), value, state: digest ?? null, trimmed: trimmed ?? "", timeUs: 0 };
}

export function judge(
  spec: CrdtSpec,
  updates: readonly UpdateRecord[],
  reads: readonly ReadRecord[],
  unanswered: readonly Call[] = [],
): Verdict {
  return checkReplicas({ updates, reads, unanswered }, spec);
}

/** The first sentence of the evidence; "valid" or "unknown" otherwise. */
export function tell(verdict: Verdict): string {
  return verdict.kind === "invalid" ? verdict.evidence.lines[0]! : verdict.kind;
}
