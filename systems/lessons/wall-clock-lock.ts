/**
 * Wrong on purpose. A lock server grants leases that end at a time on the wall clock; the holder compares that time with the wall clock
 * of its own machine. When the clocks disagree, or one steps, two clients hold the lock at once.
 *
 * The lesson: a lease is measured on monotonic clocks with a margin for their drift, and what it protects checks a fencing token.
 */
import type { Host, Program } from "../../sim/host.ts";
import { openAsker } from "./ask.ts";

const PORT = 7000;
const CLIENT_PORT = 7001;
const LEASE_US = 300_000;
const CLIENT_TIMEOUT_US = 200_000;

/** The lock server. It has one lock, and forgets it when it crashes. */
export function wallClockLockServer(): Program {
  return (host) => {
    let holder: string | null = null;
    let untilUs = 0;
    openAsker(host, PORT, (message, from, answer) => {
      const nowUs = host.clock.wallUs();
      if (message.type === "acquire" && (holder === null || nowUs >= untilUs)) {
        holder = from.host;
        untilUs = nowUs + LEASE_US;
        answer({ type: "granted", token: untilUs });
      } else if (message.type === "acquire") answer({ type: "taken" });
      else if (message.type === "release" && holder === from.host) {
        holder = null;
        answer({ type: "released" });
      }
    });
  };
}

export type LockAnswer = "granted" | "taken" | "released" | "not-held" | null;

/** A client that believes to hold the lock until its own wall clock has passed the end of the lease. */
export function wallClockLockClient(
  host: Host,
  server: string,
): { acquire(): Promise<LockAnswer>; release(): Promise<LockAnswer> } {
  const asker = openAsker(host, CLIENT_PORT);
  const to = { host: server, port: PORT };
  let untilUs = 0;
  return {
    acquire: async () => {
      const answer = await asker.ask(to, { type: "acquire" }, CLIENT_TIMEOUT_US);
      if (answer?.type !== "granted") return answer === null ? null : "taken";
      untilUs = answer.token!;
      return "granted";
    },
    release: async () => {
      if (host.clock.wallUs() >= untilUs) return "not-held";
      untilUs = 0;
      const answer = await asker.ask(to, { type: "release" }, CLIENT_TIMEOUT_US);
      return answer === null ? null : "released";
    },
  };
}
