/**
 * The names of one encoding, numbered by first appearance.
 *
 * An encoding of an operation names an actor or three, that of a state may name thousands: a few are looked up in an array, more in a map.
 */

const SCANNED_MAX = 8;

export class NameTable {
  // Invariant: #numbers is null or holds the index of every name.
  readonly #names: string[] = [];
  #numbers: Map<string, number> | null = null;

  get size(): number {
    return this.#names.length;
  }

  /** The name of a number below `size`. */
  at(number: number): string {
    return this.#names[number]!;
  }

  /** -1 when the name is not here. */
  numberOf(name: string): number {
    return this.#numbers === null ? this.#names.indexOf(name) : (this.#numbers.get(name) ?? -1);
  }

  /** Adds a name that is not here. */
  add(name: string): void {
    const { size } = this;
    this.#names.push(name);
    if (this.#numbers !== null) this.#numbers.set(name, size);
    else if (size >= SCANNED_MAX) this.#numbers = new Map(this.#names.map((known, i) => [known, i]));
  }
}
