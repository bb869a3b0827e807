/** Packets kept for neighbours that missed them: the newest, within bounds of age, count and bytes. */
import { idOf, type Packet, type PacketName } from "./message.ts";

export type KeptOptions = { readonly keepUs: number; readonly keepCountMax: number; readonly keepBytesMax: number };

export class KeptPackets {
  readonly #options: KeptOptions;
  // Insertion order is the order of age.
  readonly #packets: Map<string, { readonly packet: Packet; readonly atUs: number }> = new Map();
  #bytes = 0;

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  add(packet: Packet, nowUs: number): void {
    this.#packets.set(idOf(packet), { packet, atUs: nowUs });
    this.#bytes += packet.payload.length;
    this.trim(nowUs);
  }

  get(name: PacketName): Packet | undefined {
    return this.#packets.get(idOf(name))?.packet;
  }

  names(): Packet[] {
    return [...this.#packets.values()].map(({ packet }) => packet);
  }

  trim(nowUs: number): void {
    const { keepUs, keepCountMax, keepBytesMax } = this.#options;
    for (const [id, { packet, atUs }] of this.#packets) {
      if (nowUs - atUs <= keepUs && this.#packets.size <= keepCountMax && this.#bytes <= keepBytesMax) return;
      this.#packets.delete(id);
      this.#bytes -= packet.payload.length;
    }
  }
}
