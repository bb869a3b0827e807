/**
 * Append-only logs of different values: appends, reads of the whole log, offsets. O(n log n) plus what was read.
 *
 * Every read is a prefix of the longest one, or two reads contradict each other. The longest read and the offsets that appends
 * returned (the length before the append) give positions; completed appends that nobody placed come after all that was read.
 * That order is forced, so only real time has to agree. Unsuited: a value appended twice, a position without a known value
 * while some append has no known position, offsets beyond the reads beside appends without one.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import { isSameValue, keyOfValue } from "../values.ts";
import {
  byCall,
  contradiction,
  findTurned,
  nameOf,
  type Special,
  type SpecialResult,
  turnedRound,
  unsuited,
} from "./special.ts";

export const logByPositions: Special = { name: "log-by-positions", check, replay };

function check(operations: readonly Operation[]): SpecialResult {
  const appends = new Map<string | number, Operation>();
  const reads: Operation[] = [];
  let longest: Operation | undefined;
  for (const operation of operations) {
    if (operation.f === "append") {
      const key = keyOfValue(operation.input);
      if (appends.has(key)) return unsuited(`the value ${show(operation.input)} is appended twice`);
      appends.set(key, operation);
    } else if (!operation.isPending) {
      reads.push(operation);
      if (longest === undefined || itemsOf(operation).length > itemsOf(longest).length) longest = operation;
    }
  }
  const conflict = findConflict(reads, longest);
  if (conflict !== undefined) return conflict;
  const positions: (Operation | undefined)[] = [];
  const placed = placeRead(longest, appends, positions);
  if (placed !== undefined) return placed;
  return placeOffsets([...appends.values()], positions) ?? arrange([...appends.values()], positions, reads);
}

function itemsOf(read: Operation): readonly PlainJson[] {
  return read.output as readonly PlainJson[]; // the model's problemWith has seen that it is an array
}

function findConflict(reads: readonly Operation[], longest: Operation | undefined): SpecialResult | undefined {
  if (longest === undefined) return undefined;
  const whole = itemsOf(longest);
  for (const read of reads) {
    const items = itemsOf(read);
    const at = items.findIndex((item, i) => !isSameValue(item, whole[i]!)); // no read is longer than the longest
    if (at < 0) continue;
    return contradiction(
      [
        `${nameOf(read)} saw ${show(items[at])} at position ${at}, ${nameOf(longest)} saw ${show(whole[at])} there`,
        "a log only grows, so neither can follow the other",
      ],
      [read, longest],
    );
  }
  return undefined;
}

function placeRead(
  longest: Operation | undefined,
  appends: ReadonlyMap<string | number, Operation>,
  positions: (Operation | undefined)[],
): SpecialResult | undefined {
  if (longest === undefined) return undefined;
  const seen = new Set<Operation>();
  for (const item of itemsOf(longest)) {
    const append = appends.get(keyOfValue(item));
    if (append === undefined) {
      return contradiction([`${nameOf(longest)} saw ${show(item)}, which nobody appended`], [longest]);
    }
    if (seen.has(append)) {
      return contradiction([`${nameOf(longest)} saw ${show(item)} twice; it was appended once`], [append, longest]);
    }
    seen.add(append);
    positions.push(append);
  }
  return undefined;
}

function placeOffsets(appends: readonly Operation[], positions: (Operation | undefined)[]): SpecialResult | undefined {
  const placed = new Map<Operation, number>();
  positions.forEach((append, at) => {
    if (append !== undefined) placed.set(append, at);
  });
  let withoutOffset = 0;
  for (const append of appends) {
    if (append.isPending || typeof append.output !== "number") {
      if (!placed.has(append)) withoutOffset += 1;
      continue;
    }
    const at = append.output;
    if (!Number.isSafeInteger(at) || at < 0 || at >= appends.length) {
      return contradiction([`${nameOf(append)} was told offset ${at} of ${appends.length} appends in all`], [append]);
    }
    const known = placed.get(append) ?? at;
    const other = positions[at];
    if (known !== at || (other !== undefined && other !== append)) {
      const line = `${nameOf(append)} was told offset ${at}, but ${known === at ? `${nameOf(other!)} has it` : `a read found it at ${known}`}`;
      return contradiction([line], [append, other]);
    }
    positions[at] = append;
  }
  for (let at = 0; at < positions.length; at += 1) {
    if (positions[at] !== undefined) continue;
    if (withoutOffset > 0) return unsuited("an append without a known position may fill a gap");
    const next = positions.find((append, i) => i > at && append !== undefined);
    return contradiction([`no append has offset ${at}, though ${nameOf(next!)} has a larger one`], [next]);
  }
  return undefined;
}

function arrange(
  appends: readonly Operation[],
  positions: readonly (Operation | undefined)[],
  reads: readonly Operation[],
): SpecialResult {
  const placed = new Set(positions);
  const rest = appends.filter((append) => !placed.has(append) && !append.isPending).sort(byCall);
  const longest = reads.reduce((most, read) => Math.max(most, itemsOf(read).length), 0);
  if (rest.length > 0 && positions.length > longest) {
    return unsuited("appends without an offset may lie between those with one");
  }
  const readsOf: Operation[][] = Array.from({ length: positions.length + 1 }, () => []);
  for (const read of reads) readsOf[itemsOf(read).length]!.push(read); // no read is longer than the positions
  const groups: Operation[][] = [readsOf[0]!.sort(byCall)];
  positions.forEach((append, at) => {
    if (append !== undefined) groups.push([append], readsOf[at + 1]!.sort(byCall));
  });
  groups.push(rest);
  const turned = findTurned(groups);
  if (turned !== undefined) {
    return turnedRound(turned, (operation) =>
      operation.f === "append" ? `appended ${show(operation.input)}` : `saw a log of ${itemsOf(operation).length}`,
    );
  }
  return { kind: "valid", order: groups.flat() };
}

function replay(order: readonly Operation[]): string | undefined {
  const log: PlainJson[] = [];
  for (const operation of order) {
    if (operation.f === "append") {
      if (typeof operation.output === "number" && operation.output !== log.length) {
        return `operation ${operation.id} was told ${operation.output} at ${log.length}`;
      }
      log.push(operation.input);
    } else {
      const items = itemsOf(operation);
      if (items.length !== log.length || !items.every((item, i) => isSameValue(item, log[i]!))) {
        return `operation ${operation.id} saw another log`;
      }
    }
  }
  return undefined;
}
