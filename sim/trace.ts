/** The trace: every event of a run, for people. Recorded only when asked for; recording changes nothing. docs/trace.md has the format. */
import type { PlainData } from "./host.ts";

export type TraceRecord = {
  /** The number of the event during which this happened, from 1; 0 is the set-up. */
  readonly event: number;
  readonly timeUs: number;
  readonly host: string | null;
  /** `component.verb`: "net.deliver", "disk.sync", "host.kill". */
  readonly action: string;
  readonly data?: { readonly [key: string]: PlainData | undefined };
};

const BYTES_SHOWN_MAX = 64;

/** One line of JSON with keys in a fixed order; bytes as lower-case hexadecimal, cut at 64 bytes. */
export function formatTraceRecord(record: TraceRecord): string {
  const line: Record<string, unknown> = { event: record.event, timeUs: record.timeUs };
  if (record.host !== null) line["host"] = record.host;
  line["action"] = record.action;
  if (record.data !== undefined) line["data"] = record.data;
  return JSON.stringify(line, (_key, value: unknown) => (value instanceof Uint8Array ? hex(value) : value));
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, BYTES_SHOWN_MAX)) text += byte.toString(16).padStart(2, "0");
  return bytes.length > BYTES_SHOWN_MAX ? `${text}… (${bytes.length} bytes)` : text;
}
