/**
 * The digest of a run: 64 bits over every event, in two 32-bit lanes with our own mix. No floats enter it.
 *
 * It is not cryptographic: it tells two runs apart that differ by accident, which is all that a seed's promise needs.
 */
import { avalanche } from "./hash.ts";

export class Digest {
  #a = 0x243f6a88;
  #b = 0x85a308d3;
  #length = 0;

  /** Mixes one 32-bit integer. */
  word(value: number): void {
    const w = value | 0;
    const a = Math.imul(this.#a ^ w, 0x9e3779b1);
    this.#a = (a << 13) | (a >>> 19);
    const b = Math.imul((this.#b + w) | 0, 0x85ebca77) ^ this.#a;
    this.#b = (b << 17) | (b >>> 15);
    this.#length = (this.#length + 1) | 0;
  }

  /** Mixes a whole number of up to 53 bits. */
  wide(value: number): void {
    this.word(value);
    this.word(value / 4294967296);
  }

  text(value: string): void {
    this.word(value.length);
    for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
  }

  /** 16 hexadecimal digits of all that was mixed so far. */
  hex(): string {
    const a = avalanche(this.#a ^ this.#length);
    const b = avalanche(this.#b ^ a);
    return a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0");
  }
}
