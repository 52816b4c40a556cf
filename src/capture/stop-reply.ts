/** Why the guest stopped ("Debugging with GDB", appendix E.3, "Stop Reply Packets"). */
export type Stop =
  | {
      readonly kind: "stopped";
      /** Signal number as GDB counts them: 5 is a trap, 2 an interrupt. */
      readonly signal: number;
      /** Thread (processor) that stopped, where the stub tells. */
      readonly thread?: string;
      readonly watchpoint?: WatchpointHit;
    }
  /** The program ended: with this status, or by this signal. */
  | { readonly kind: "exited"; readonly how: string };

/** A watchpoint that was hit. */
export interface WatchpointHit {
  /** "watch" is a write, "rwatch" a read, "awatch" either. */
  readonly type: "watch" | "rwatch" | "awatch";
  /** What the stub reports: the address of the access, or (QEMU) that of the watchpoint. */
  readonly address: bigint;
}

/** Signals that mean that a debugger's own request stopped the guest, not something that the guest would have seen. */
export const SIGNAL_INTERRUPT = 2;
export const SIGNAL_TRAP = 5;

/** How a thread is written, with its process or without ("Debugging with GDB", appendix E.1, "thread-id"). */
export const THREAD = /^(?:p-?[0-9a-f]+\.)?-?[0-9a-f]+$/i;

/** Reads a stop reply; undefined: the packet is none. */
export function parseStop(data: string): Stop | undefined {
  const [, kind, digits, rest] = /^([TSWX])([0-9a-f]{2})([^]*)$/i.exec(data) ?? [];
  if (kind === undefined || digits === undefined || rest === undefined) return undefined;
  const number = Number.parseInt(digits, 16);
  switch (kind) {
    case "W":
      return { kind: "exited", how: `ended with status ${number}` };
    case "X":
      return { kind: "exited", how: `was killed by signal ${number}` };
    case "S":
      return { kind: "stopped", signal: number };
    case "T":
      return parseDetails(number, rest);
    default:
      return undefined;
  }
}

function parseDetails(signal: number, text: string): Stop {
  let thread: string | undefined;
  let watchpoint: WatchpointHit | undefined;
  for (const pair of text.split(";")) {
    const colon = pair.indexOf(":");
    const key = pair.slice(0, Math.max(colon, 0));
    const value = pair.slice(colon + 1);
    if (key === "thread" && THREAD.test(value)) thread = value;
    if ((key === "watch" || key === "rwatch" || key === "awatch") && /^[0-9a-f]{1,16}$/i.test(value)) {
      watchpoint = { type: key, address: BigInt(`0x${value}`) };
    }
  }
  return { kind: "stopped", signal, ...(thread === undefined ? {} : { thread }), ...(watchpoint === undefined ? {} : { watchpoint }) };
}
