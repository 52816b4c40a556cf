import type { DeviceModel } from "./model.ts";

/** Offsets, Arm PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, table 3-1. */
const REGISTER = {
  data: 0x000,
  status: 0x004,
  flags: 0x018,
  control: 0x030,
  interruptLevel: 0x034,
  interruptMask: 0x038,
  rawInterrupts: 0x03c,
  maskedInterrupts: 0x040,
  interruptClear: 0x044,
} as const;

/** Registers that hold what is written, and how many bits: ILPR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, DMACR. */
const PLAIN: ReadonlyMap<number, number> = new Map([[0x20, 8], [0x24, 16], [0x28, 6], [0x2c, 8], [0x30, 16], [0x34, 6], [0x38, 11], [0x48, 3]]);

/** UARTPeriphID0–3 and UARTPCellID0–3 from 0xfe0: part 0x011, designer 0x41, revision 3. */
const IDENTITY = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];
const IDENTITY_START = 0xfe0;

/** UARTFR: transmit FIFO empty, receive FIFO full, receive FIFO empty. */
const TRANSMIT_EMPTY = 1n << 7n;
const RECEIVE_FULL = 1n << 6n;
const RECEIVE_EMPTY = 1n << 4n;
/** UARTCR: enable, loop back, transmit enable, receive enable. */
const ENABLE = 1n;
const LOOP_BACK = 1n << 7n;
const TRANSMIT_ENABLE = 1n << 8n;
const RECEIVE_ENABLE = 1n << 9n;
/** Interrupts: receive, transmit, receive overrun. */
const RECEIVE_INTERRUPT = 1n << 4n;
const TRANSMIT_INTERRUPT = 1n << 5n;
const OVERRUN_INTERRUPT = 1n << 10n;
/** UARTRSR: overrun. */
const OVERRUN = 1n << 3n;
const FIFO_DEPTH = 16;

/** A UART like the PL011: characters are sent at once, and those that it is given (or that loop back) wait in a FIFO of 16. */
export class Pl011 implements DeviceModel {
  readonly name = "pl011";
  readonly size = 0x1000;
  /** All characters that were sent. */
  readonly sent: number[] = [];
  readonly #received: number[] = [];
  readonly #plain = new Map<number, bigint>([[REGISTER.control, TRANSMIT_ENABLE | RECEIVE_ENABLE], [REGISTER.interruptLevel, 0x12n]]);
  #interrupts = 0n;
  #status = 0n;

  /** Characters that arrive on the line. What does not fit into the FIFO is lost, and that is noted (overrun). */
  receive(...characters: readonly number[]): void {
    for (const character of characters) {
      if (this.#received.length === FIFO_DEPTH) {
        this.#status |= OVERRUN;
        this.#interrupts |= OVERRUN_INTERRUPT;
      } else {
        this.#received.push(character & 0xff);
        this.#interrupts |= RECEIVE_INTERRUPT;
      }
    }
  }

  read(offset: number): bigint {
    switch (offset) {
      case REGISTER.data:
        return this.#take();
      case REGISTER.status:
        return this.#status;
      case REGISTER.flags: {
        const { length } = this.#received;
        return TRANSMIT_EMPTY | (length === 0 ? RECEIVE_EMPTY : 0n) | (length === FIFO_DEPTH ? RECEIVE_FULL : 0n);
      }
      case REGISTER.rawInterrupts:
        return this.#interrupts;
      case REGISTER.maskedInterrupts:
        return this.#interrupts & (this.#plain.get(REGISTER.interruptMask) ?? 0n);
      default:
        if (offset >= IDENTITY_START && offset % 4 === 0) return BigInt(IDENTITY[(offset - IDENTITY_START) / 4] ?? 0);
        return this.#plain.get(offset) ?? 0n;
    }
  }

  write(offset: number, _size: number, value: bigint): void {
    if (offset === REGISTER.data) this.#send(Number(value & 0xffn));
    // Writing to UARTECR, the same address, clears the errors.
    else if (offset === REGISTER.status) this.#status = 0n;
    else if (offset === REGISTER.interruptClear) this.#interrupts &= ~value;
    else if (PLAIN.has(offset)) this.#plain.set(offset, BigInt.asUintN(PLAIN.get(offset)!, value));
  }

  #take(): bigint {
    const character = this.#received.shift();
    if (this.#received.length === 0) this.#interrupts &= ~RECEIVE_INTERRUPT;
    return BigInt(character ?? 0);
  }

  /** Without UARTEN and TXE nothing leaves the UART. */
  #send(character: number): void {
    const control = this.#plain.get(REGISTER.control)!;
    if ((control & ENABLE) === 0n || (control & TRANSMIT_ENABLE) === 0n) return;
    this.sent.push(character);
    this.#interrupts |= TRANSMIT_INTERRUPT;
    if ((control & LOOP_BACK) !== 0n) this.receive(character);
  }
}
