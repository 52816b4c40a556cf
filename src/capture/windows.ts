import { hexadecimal } from "../model/bits.ts";
import type { Window } from "../model/fault.ts";
import { CaptureError } from "./error.ts";
import { type Answer, type Point, POINT, type Stub } from "./stub.ts";

/** Watchpoints of a part of a window, and what of it they leave out. */
export interface Coverage {
  readonly window: Window;
  readonly points: readonly Point[];
  /** Bytes from the window's start that are watched. */
  readonly covered: bigint;
}

/** Hardware watches at most 8 bytes at a time (x86-64 DR7, SDM volume 3, 18.2.4; Arm DBGWCR.BAS, DDI 0487 D2.10.5), if not the whole. */
const PIECE = 8n;

/**
 * Sets watchpoints on a window: one that reads and one that writes stop at, for the whole of it; where the stub refuses that, pieces of
 * 8 bytes from its start, as many as there are. Throws a CaptureError where nothing can be watched.
 */
export async function watch(stub: Stub, window: Window): Promise<Coverage> {
  const { gva, size } = window;
  const whole = { address: gva, length: Number(size) };
  let answer: Answer = "refused";
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) {
    const [read, write, either] = [POINT.readWatchpoint, POINT.writeWatchpoint, POINT.accessWatchpoint].map((kind): Point => ({ kind, ...whole })) as [Point, Point, Point];
    if ((await stub.insert(read)) === "ok") {
      if ((await stub.insert(write)) === "ok") return { window, points: [read, write], covered: size };
      await stub.remove(read);
    }
    answer = await stub.insert(either);
    if (answer === "ok") return { window, points: [either], covered: size };
  }
  const points: Point[] = [];
  // A window may start anywhere; a piece is aligned.
  for (let address = gva; address < gva + size; ) {
    const end = address + PIECE - (address % PIECE);
    const length = Number((end < gva + size ? end : gva + size) - address);
    const point: Point = { kind: POINT.accessWatchpoint, address, length };
    answer = await stub.insert(point);
    if (answer !== "ok") break;
    points.push(point);
    address += BigInt(length);
  }
  const last = points.at(-1);
  if (last === undefined) throw refuseWindow(stub, window, answer);
  return { window, points, covered: last.address + BigInt(last.length) - gva };
}

function refuseWindow(stub: Stub, { gva, size }: Window, answer: Answer): Error {
  return stub.error(
    answer === "unsupported"
      ? "the stub has no watchpoints for reads and writes (Z4); --step finds the accesses without them, by stepping through every instruction"
      : `the stub refuses a watchpoint on window ${hexadecimal(gva)} (${size} bytes): all of its watchpoints are taken, or the address is none of the guest's; give fewer windows, or --step`,
  );
}

/** What can't be watched, in words; undefined where all of the window is. */
export function describeGap({ window: { gva, size }, covered }: Coverage): string | undefined {
  if (covered === size) return undefined;
  return `window ${hexadecimal(gva)}: the stub's watchpoints cover ${covered} of ${size} bytes, ${hexadecimal(gva)} to ${hexadecimal(gva + covered - 1n)}; accesses behind that are not seen (--step sees them all)`;
}

/** Refuses windows that overlap: an address would have two physical ones. */
export function checkWindows(windows: readonly Window[]): void {
  windows.forEach((first, index) => {
    const second = windows.slice(index + 1).find(({ gva, size }) => gva < first.gva + first.size && first.gva < gva + size);
    if (second !== undefined) throw new CaptureError(`the windows at ${hexadecimal(first.gva)} and ${hexadecimal(second.gva)} overlap`);
  });
}
