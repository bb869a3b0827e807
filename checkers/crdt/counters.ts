/** What counters and extremum registers must show: sums and extremes of the updates held. */
import type { PlainJson } from "../history.ts";
import type { Call, CrdtSpec, DeclinedRecord, DeclinedView, UpdateRecord, View } from "./record.ts";

/** The change that a call makes to the value of a counter. */
function amountOf({ f, value }: Call): number {
  if (f === "increment") return Number(value);
  // Rights that are handed on change no value.
  return f === "decrement" ? -Number(value) : 0;
}

/**
 * A counter shows the sum of what is held; each unanswered call may have counted or not, so then the sum has bounds.
 * `isBounded`: never below zero.
 */
export function counterSpec(name: string, options: { readonly isBounded?: boolean } = {}): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      const sum = view.updates.reduce((total, { call }) => total + amountOf(call), 0);
      const amounts = view.unanswered.map(amountOf);
      const low = amounts.reduce((total, amount) => total + Math.min(0, amount), sum);
      const high = amounts.reduce((total, amount) => total + Math.max(0, amount), sum);
      if (typeof value !== "number" || value < low || value > high) {
        const expected = low === high ? String(sum) : `${low} to ${high}`;
        return `shows ${JSON.stringify(value)}, expected ${expected}, the sum of ${view.updates.length} updates`;
      }
      return options.isBounded === true && value < 0 ? `shows ${value}, below its bound of 0` : null;
    },
    ...(options.isBounded === true ? { judgeDeclined: judgeRights } : {}),
  };
}

/** Who would spend or hand on holds too few rights, or knows nobody to hand them to. */
function judgeRights({ actor, call }: DeclinedRecord, { updates }: DeclinedView): string | null {
  if (call.f === "increment") return "could increment";
  const isAlone = !updates.some((update) => update.id.actor !== actor && update.call.f !== "decrement");
  if (call.f === "transfer" && isAlone) return null;
  const rights = updates.reduce((sum, update) => sum + rightsOf(update, actor), 0);
  return Number(call.value) > rights ? null : `held ${rights} rights`;
}

/** What an update adds to the rights of an actor. */
function rightsOf({ id, call, told }: UpdateRecord, actor: string): number {
  const receiver = call.f === "transfer" ? (told as { readonly to: string }).to : null;
  const amount = Number(call.value);
  if (id.actor === actor) return call.f === "increment" ? amount : -amount;
  return receiver === actor ? amount : 0;
}

/** A register that keeps the largest (sign 1) or smallest (sign -1) number put; null before the first. */
export function extremumSpec(name: string, sign: 1 | -1): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      const extreme = (numbers: readonly number[]): number | null =>
        numbers.reduce<number | null>((best, n) => (best === null || sign * (n - best) > 0 ? n : best), null);
      const certain = extreme(numbersOf(view.updates.map(({ call }) => call)));
      if (value === certain) return null;
      // What nobody answered may have been put, and then it can only have won.
      const isPossible = numbersOf(view.unanswered).some((n) => n === value && extreme([n, certain ?? n]) === n);
      return isPossible ? null : `shows ${JSON.stringify(value)}, expected ${JSON.stringify(certain)}`;
    },
  };
}

function numbersOf(calls: View["unanswered"]): number[] {
  return calls.filter(({ f }) => f === "put").map(({ value }) => Number(value satisfies PlainJson));
}
