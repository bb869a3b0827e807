/** How VIPs lie in the replicated map: a key for each, with the texts of its backends as a set. */
import type { KvValue } from "../membership/membership.ts";
import type { Service } from "./diff.ts";
import { compareText } from "../crdt/clock.ts";
import { type Backend, backendKey, backendText, parseBackend, readBackend } from "./vip.ts";

export const VIP_PREFIX = "vip/";
export const BACKENDS_FIELD = "backends";

export function keyOfVip(vip: string): string {
  return VIP_PREFIX + vip;
}

export function vipOfKey(key: string): string {
  return key.slice(VIP_PREFIX.length);
}

/** The well-formed members of a VIP's set, sorted. */
export function backendsIn(value: KvValue): readonly string[] {
  return (value.sets.get(BACKENDS_FIELD) ?? []).filter((text) => readBackend(text) !== null).sort(compareText);
}

/**
 * The service of a VIP; null when nothing is left of it. A backend that is there with several weights, because of concurrent writes, has
 * the smallest: a drain wins.
 */
export function serviceOf(vip: string, entries: readonly string[]): Service | null {
  const byKey = new Map<string, Backend>();
  for (const backend of entries.map(parseBackend)) {
    const known = byKey.get(backendKey(backend));
    if (known === undefined || backend.weight < known.weight) byKey.set(backendKey(backend), backend);
  }
  if (byKey.size === 0) return null;
  return { vip, backends: [...byKey.values()].map(backendText).sort(compareText) };
}
