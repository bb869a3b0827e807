/**
 * Processes of recorded histories: integers stay what they are, names ("c1") are numbered as they come.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { isKeyword, nameOf } from "../marked-values.ts";

/** The process of events that name none. */
export const NO_PROCESS = -1;

/** Integers below this are process numbers; from here on numbers stand for names. */
const NAMES_FROM = 1_000_000_000;

/** One history's processes. */
export class ProcessNames {
  readonly #numbers = new Map<string, number>();

  /** The number of a client; undefined for the nemesis, whose events are not a client's. Throws HistoryError. */
  numberOf(process: PlainJson | undefined, line: number): number | undefined {
    if (process === undefined || process === null) return NO_PROCESS;
    if (typeof process === "number" && Number.isSafeInteger(process)) {
      return process < NAMES_FROM ? process : this.#named(`${process}`);
    }
    const name = nameOf(process);
    if (name === undefined || name === "")
      throw new HistoryError(line, "an integer or a name as process", show(process));
    if (/^nemesis\b/.test(name)) return undefined;
    return this.#named(isKeyword(process) ? `:${name}` : `"${name}`);
  }

  #named(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = NAMES_FROM + this.#numbers.size;
      this.#numbers.set(name, number);
    }
    return number;
  }
}
