/**
 * Packets of the GDB remote serial protocol ("Debugging with GDB", appendix E.1): `$data#checksum`, the checksum being the sum of the
 * data's bytes modulo 256 as two hex digits. Data is text of one byte a character.
 */

/** What arrives from the other side. */
export type Received =
  | { readonly kind: "packet"; readonly data: string }
  | { readonly kind: "notification"; readonly data: string }
  /** `+` */
  | { readonly kind: "acknowledged" }
  /** `-`: our packet arrived damaged. */
  | { readonly kind: "resend" }
  /** A packet that can't be understood. `problem` says why. */
  | { readonly kind: "damaged"; readonly problem: string }
  /** Bytes between packets that belong to none. */
  | { readonly kind: "garbage"; readonly data: string };

/** Longest packet that is taken, in bytes before and after decoding: more is no answer to anything that we ask. */
export const PACKET_LIMIT = 1 << 20;

/** A repeat count is sent as this plus the number of repetitions; it must be printable, which 32 (three repetitions) is first. */
const RUN_BASE = 29;
const RUN_FIRST = 32;
const RUN_LAST = 126;

/** The bytes of a packet. */
export function encodePacket(data: string): Uint8Array {
  const escaped = data.replaceAll(/[$#}*]/g, (character) => `}${String.fromCharCode(character.charCodeAt(0) ^ 0x20)}`);
  return Buffer.from(`$${escaped}#${checksum(escaped)}`, "latin1");
}

function checksum(data: string): string {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += data.charCodeAt(index);
  return (sum & 0xff).toString(16).padStart(2, "0");
}

/** Cuts a stream of bytes into packets, however it is split. */
export class PacketParser {
  #state: "between" | "data" | "checksum" = "between";
  #notification = false;
  /** Data of the packet that is arriving; undefined: it is longer than the limit, and only its end is looked for. */
  #data: string[] | undefined = [];
  #length = 0;
  #checksum = "";

  push(bytes: Uint8Array): Received[] {
    const received: Received[] = [];
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    for (let index = 0; index < text.length; ) index = this.#take(text, index, received);
    return received;
  }

  /** Takes what stands at `start`; the index behind it. */
  #take(text: string, start: number, received: Received[]): number {
    switch (this.#state) {
      case "between":
        return this.#takeBetween(text, start, received);
      case "data": {
        const end = text.indexOf("#", start);
        // A packet's data has no "$" (it would be escaped): the rest of this one was lost, and another begins.
        const lost = text.indexOf("$", start);
        if (lost >= 0 && (end < 0 || lost < end)) {
          received.push({ kind: "damaged", problem: "a packet began in the middle of another" });
          this.#begin(false);
          return lost + 1;
        }
        this.#keep(text.slice(start, end < 0 ? text.length : end));
        if (end < 0) return text.length;
        this.#state = "checksum";
        this.#checksum = "";
        return end + 1;
      }
      case "checksum":
        this.#checksum += text[start]!;
        if (this.#checksum.length === 2) {
          this.#state = "between";
          received.push(this.#finish());
        }
        return start + 1;
      default:
        return this.#state satisfies never;
    }
  }

  #takeBetween(text: string, start: number, received: Received[]): number {
    switch (text[start]) {
      case "$":
        this.#begin(false);
        return start + 1;
      case "%":
        this.#begin(true);
        return start + 1;
      case "+":
        received.push({ kind: "acknowledged" });
        return start + 1;
      case "-":
        received.push({ kind: "resend" });
        return start + 1;
      default: {
        let end = start + 1;
        while (end < text.length && !"$%+-".includes(text[end]!)) end++;
        received.push({ kind: "garbage", data: text.slice(start, end) });
        return end;
      }
    }
  }

  #begin(notification: boolean): void {
    this.#state = "data";
    this.#notification = notification;
    this.#data = [];
    this.#length = 0;
  }

  #keep(piece: string): void {
    this.#length += piece.length;
    if (this.#length > PACKET_LIMIT) this.#data = undefined;
    this.#data?.push(piece);
  }

  #finish(): Received {
    const raw = this.#data?.join("");
    this.#data = [];
    if (raw === undefined) return { kind: "damaged", problem: `a packet is longer than ${PACKET_LIMIT} bytes` };
    const sum = checksum(raw);
    if (this.#checksum.toLowerCase() !== sum) {
      return { kind: "damaged", problem: `a packet's checksum is ${JSON.stringify(this.#checksum)}, and its data adds up to "${sum}"` };
    }
    const data = decodeData(raw);
    if (data === undefined) return { kind: "damaged", problem: "a packet's run-length encoding or an escape is broken" };
    return { kind: this.#notification ? "notification" : "packet", data };
  }
}

/** Expands runs (`0*"` is 0000), then escapes (`}` and the byte XOR 0x20). Undefined: it is not well formed. */
function decodeData(raw: string): string | undefined {
  const expanded = raw.includes("*") ? expandRuns(raw) : raw;
  if (expanded === undefined || !expanded.includes("}")) return expanded;
  if (expanded.replaceAll(/\}[^]/g, "").includes("}")) return undefined;
  return expanded.replaceAll(/\}([^])/g, (_, character: string) => String.fromCharCode(character.charCodeAt(0) ^ 0x20));
}

function expandRuns(raw: string): string | undefined {
  const pieces: string[] = [];
  let length = 0;
  for (let start = 0; start < raw.length; ) {
    const star = raw.indexOf("*", start);
    const end = star < 0 ? raw.length : star;
    pieces.push(raw.slice(start, end));
    length += end - start;
    if (star < 0) break;
    const count = raw.charCodeAt(star + 1);
    // A run repeats the character before it; a run of a run would have none of its own.
    if (star === start || !(count >= RUN_FIRST && count <= RUN_LAST)) return undefined;
    pieces.push(raw[star - 1]!.repeat(count - RUN_BASE));
    length += count - RUN_BASE;
    if (length > PACKET_LIMIT) return undefined;
    start = star + 2;
  }
  return pieces.join("");
}
