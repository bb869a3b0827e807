/**
 * The schema of a plan: which fields each kind has, their units and ranges. Objects are strict: a field that nobody reads would
 * make a plan look as if it did something.
 */
import { z } from "zod";
import { OPERATIONS } from "../sim/disk/service-queue.ts";
import type { Fault, Plan } from "./plan.ts";

const timeUs = z.int().min(0);
const count = z.int().min(1);
const rate = z.int().min(1).max(1_000_000);
const name = z.string().min(1);
const names = z.array(name).min(1);
const link = z.string().regex(/^[^>]+>[^>]+$/, 'is not a link: write it as "n1>n2"');
const links = z.array(link).min(1);

const when = z.strictObject({
  on: z.enum(["disk", "message", "mark", "state"]),
  name,
  target: name.exactOptional(),
  count,
  afterUs: timeUs.exactOptional(),
});

const struck = z.strictObject({
  timeUs,
  hosts: z.array(name),
  order: names.exactOptional(),
  links: links.exactOptional(),
  at: z.strictObject({ host: name, incarnation: count, ordinal: count }).exactOptional(),
});

const shared = {
  atUs: timeUs.exactOptional(),
  when: when.exactOptional(),
  forUs: count,
  struck: struck.exactOptional(),
};
const onHosts = { ...shared, hosts: names.exactOptional(), groups: names.exactOptional() };
const onLinks = {
  ...onHosts,
  links: links.exactOptional(),
  direction: z.enum(["out", "in", "both"]).exactOptional(),
};
const onPaths = { ...onHosts, pathPrefix: z.string().startsWith("/").exactOptional() };
const correlation = { correlationPerMillion: z.int().min(0).max(999_999).exactOptional() };
const rates = { perMillion: rate, ...correlation };

/** Jepsen bumps clocks by up to 288 s; an hour leaves room for a wrong time zone. */
const stepUs = z.int().min(-3_600_000_000).max(3_600_000_000);

const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("partition"),
    shape: z.enum(["halves", "ring", "bridge", "isolate", "one-way", "link"]),
    ...onHosts,
    links: links.exactOptional(),
    direction: z.enum(["out", "in"]).exactOptional(),
    cutClients: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal("loss"), ...onLinks, ...rates }),
  z.strictObject({
    kind: z.literal("delay"),
    ...onLinks,
    shape: z.enum(["constant", "uniform", "exponential"]),
    meanUs: z.int().min(1).max(60_000_000),
    minUs: z.int().min(0).max(60_000_000).exactOptional(),
    perMillion: rate.exactOptional(),
    ...correlation,
  }),
  z.strictObject({ kind: z.literal("duplicate"), ...onLinks, ...rates }),
  z.strictObject({ kind: z.literal("reorder"), ...onLinks, ...rates, delayUsMax: z.int().min(1).max(60_000_000) }),
  z.strictObject({ kind: z.literal("corrupt"), ...onLinks, ...rates, bitsMax: z.int().min(1).max(32).exactOptional() }),
  z.strictObject({ kind: z.literal("hold"), ...onLinks }),
  z.strictObject({
    kind: z.literal("slow-link"),
    ...onLinks,
    bytesPerSecond: count.max(1_000_000_000_000).exactOptional(),
    latencyTimes: z.int().min(2).max(100_000).exactOptional(),
    capacityPackets: count.max(1_000_000_000).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("kill"), ...onHosts }),
  z.strictObject({ kind: z.literal("power-loss"), ...onHosts }),
  z.strictObject({ kind: z.literal("pause"), ...onHosts }),
  z.strictObject({ kind: z.literal("wipe"), ...onHosts }),
  z.strictObject({ kind: z.literal("group-crash"), ...shared, groups: names, how: z.enum(["kill", "power-loss"]) }),
  z.strictObject({ kind: z.literal("clock-step"), ...onHosts, byUs: stepUs }),
  z.strictObject({ kind: z.literal("clock-drift"), ...onHosts, driftPpm: z.int().min(-900_000).max(900_000) }),
  z.strictObject({ kind: z.literal("clock-strobe"), ...onHosts, byUs: stepUs, periodUs: count.max(60_000_000) }),
  z.strictObject({ kind: z.literal("clock-freeze"), ...onHosts }),
  z.strictObject({ kind: z.literal("clock-backward"), ...onHosts }),
  z.strictObject({ kind: z.literal("clock-rho"), ...onHosts, driftPpm: z.int().min(-900_000).max(900_000) }),
  z.strictObject({
    kind: z.literal("disk-torn"),
    ...onPaths,
    tearPerMillion: rate,
    reach: z.enum(["written", "sector"]).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("disk-lost-sync"), ...onPaths, perMillion: rate }),
  z.strictObject({ kind: z.literal("disk-failed-sync"), ...onPaths, perMillion: rate, times: count.max(1_000_000) }),
  z.strictObject({
    kind: z.literal("disk-rot"),
    ...onPaths,
    sectors: count.max(1_000_000),
    bits: z.int().min(1).max(4_096),
  }),
  z.strictObject({ kind: z.literal("disk-latent"), ...onPaths, sectors: count.max(1_000_000) }),
  z.strictObject({ kind: z.literal("disk-misdirect"), ...onPaths, perMillion: rate }),
  z.strictObject({ kind: z.literal("disk-phantom"), ...onPaths, perMillion: rate }),
  z.strictObject({ kind: z.literal("disk-rollback"), ...onPaths }),
  z.strictObject({
    kind: z.literal("disk-eio"),
    ...onPaths,
    perMillion: rate,
    operations: z.array(z.enum(OPERATIONS)).min(1).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("disk-full"),
    ...onHosts,
    freeBytes: z.int().min(0),
    shrinkBytesPerSecond: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal("disk-short-read"), ...onPaths, perMillion: rate }),
  z.strictObject({ kind: z.literal("disk-stall"), ...onHosts }),
  z.strictObject({ kind: z.literal("disk-slow"), ...onHosts, factor: z.int().min(2).max(1_000_000) }),
]);

/** A drawn plan has some tens; one of this size keeps a run busy for its whole time. */
const FAULTS_MAX = 10_000;

export const planSchema: z.ZodType<Plan> = z.strictObject({
  format: z.literal(1),
  faults: z.array(faultSchema as z.ZodType<Fault>).max(FAULTS_MAX),
});

/** The fields of a kind, for suggestions; empty for an unknown kind. */
export function fieldsOf(kind: unknown): readonly string[] {
  const option = faultSchema.options.find((candidate) => candidate.shape.kind.value === kind);
  return option === undefined ? [] : Object.keys(option.shape);
}
