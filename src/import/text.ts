import type { LogLine } from "./importer.ts";

/** Longest line that is looked at, in characters; of a longer one the rest is passed over. Nothing that an importer knows is near. */
export const LINE_LIMIT = 2048;

/** A line as it stands in the log, cut to {@link LINE_LIMIT}. */
export interface RawLine {
  readonly number: number;
  readonly text: string;
}

/**
 * Splits a log into lines, whatever is in it: bytes are taken as characters one to one, since all that importers look for is ASCII. It holds
 * a line at most.
 */
export async function* splitLog(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly RawLine[]> {
  let number = 0;
  let held = "";
  for await (const chunk of chunks) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    const lines: RawLine[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      const part = text.slice(start, Math.min(end, start + LINE_LIMIT));
      lines.push({ number: ++number, text: held === "" ? part : held + part.slice(0, LINE_LIMIT - held.length) });
      held = "";
      start = end + 1;
    }
    if (held.length < LINE_LIMIT) held += text.slice(start, start + LINE_LIMIT - held.length);
    yield lines;
  }
  if (held !== "") yield [{ number: number + 1, text: held }];
}

/** What surrounds the text of a line: mail quoting, priorities, syslog's, printk's and Xen's prefixes. */
const QUOTING = /^(?:[ \t]{0,4}>[ \t]?)+/;
const SURROUNDINGS: readonly RegExp[] = [
  /^<\d{1,3}>(?:\d{1,3} )?/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,100} \S{1,60}?: /,
  /^\d{4}-\d\d-\d\d[T ][\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)? (?:\S{1,100} \S{1,60}?: )?/,
  /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\] ?/,
  /^\[\s*\d{1,10}\.\d{1,9}\] ?/,
  /^\[\s*[TC]\d{1,10}\] ?/,
  /^\(XEN\) (?:\[\s*\d+\.\d+\] )?/,
];
/** The prefix of a trace event stays: it names the thread. */
const EVENT_PREFIX = /\s\[\d{3}\]\s/;
// oxlint-disable-next-line no-control-regex -- terminals' colours are control characters
const ESCAPES = /\u001b\[[\d;]*[A-Za-z]/g;

/** A line without what surrounds it. */
export interface StrippedLine extends LogLine {
  /** It had a prefix that every line of its log has: a line without one is the rest of the line before. */
  readonly prefixed: boolean;
  /** Columns of the line without its quoting. */
  readonly columns: number;
}

/** A line without terminals' colours. */
export function withoutColours(line: string): string {
  return line.includes("\u001b") ? line.replaceAll(ESCAPES, "") : line;
}

/** Takes quoting, timestamps and white space at its end from a line. */
export function strip({ number, text: line }: RawLine): StrippedLine {
  const unquoted = line.replace(QUOTING, "").trimEnd();
  let text = unquoted;
  for (const each of SURROUNDINGS) text = text.replace(each, "");
  return { number, text, prefixed: text.length < unquoted.length || EVENT_PREFIX.test(text), columns: unquoted.length };
}

/** Longest line that is put together of wrapped ones. */
const JOINED_LIMIT = 2048;
/** Mail programs break lines between these columns, each as late as it can. */
const NARROWEST = 60;
const WIDEST = 100;

/** Puts lines together that a mail program has wrapped, where the first can't have ended so. It holds one line. */
export class Unwrapper {
  #held: StrippedLine | undefined;

  /** Takes a line; hands back the line before, if it is whole now. */
  push(line: StrippedLine): LogLine | undefined {
    const held = this.#held;
    if (held !== undefined && held.text.length + line.text.length < JOINED_LIMIT && (isRest(held, line) || continues(held.text, line.text))) {
      this.#held = { number: held.number, text: `${held.text} ${line.text.trimStart()}`, prefixed: held.prefixed, columns: line.columns };
      return undefined;
    }
    this.#held = line;
    return held;
  }

  /** The last line. */
  flush(): LogLine | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }
}

/** Whether a line without a prefix goes on from one with, whose end a mail program must have broken. */
function isRest(first: StrippedLine, second: StrippedLine): boolean {
  if (!first.prefixed || second.prefixed || second.text === "" || first.columns > WIDEST || OTHER_START.test(second.text)) return false;
  const [word = ""] = second.text.trimStart().split(/\s/, 1);
  return first.columns + 1 + word.length > NARROWEST;
}

/** Every byte ends in white space or with the line: a list can be read in one way only, and no search tries others. */
const CODE = /\bCode[:=]\s*(?:[<(]?[0-9a-f?]{2,8}[>)]?(?:\s+|$))*$/i;
const HEXADECIMAL_LIST = /^\s*(?:[<(]?(?:[0-9a-f?]{2}|[0-9a-f]{4}|[0-9a-f]{8})[>)]?\s+)*[<(]?(?:[0-9a-f?]{2}|[0-9a-f]{4}|[0-9a-f]{8})[>)]?$/i;
const REGISTER_PAIR = /\b[A-Za-z]\w{0,6}\s*[:=-]\s*(?:0x)?[0-9a-f]{8,16}\b/i;
const LONELY_KEY = /(?:^|\s)[A-Za-z]\w{0,7}\s*[:=-]?$/;
const VALUE = /^\s*(?:[:=-]\s*)?(?:0x)?[0-9a-f]{8,16}\b/i;
const ADDRESS_WANTED = /\b(?:address:?|at)$/;
/** An event and what its text ends with. */
const EVENTS: readonly (readonly [start: RegExp, whole: RegExp])[] = [
  [/\bkvm_emulate_insn:/, /\((?:real|vm16|prot16|prot32|prot64)\)/],
  [/\bvcpu_match_mmio:/, /\b(?:Read|Write)\s+G[PV]A\b/],
  [/\bkvm_mmio:/, /\bval\s+\S/],
  [/\bkvm_page_fault:/, /\berror_code\s+\S/],
  [/\bkvm_(?:guest_fault|mmio_nisv):/, /\bpc\s+\S/],
  [/\bv=[0-9a-f]{2} e=[0-9a-f]{4}\b/, /\bCR2=/],
  [/\briscv_cpu_do_interrupt:/, /\bdesc=/],
  [/\[\d{3}\][^[]{0,60}\d\.\d{1,9}:$/, /(?!)/],
];
/** Lines that are no rest of an event. */
const EVENT_START = /\[\d{3}\]|\b(?:kvm_\w+|vcpu_\w+|riscv_cpu_\w+):|\bR[A-D]X=|\bv=[0-9a-f]{2} e=/;
/** Lines of other programs, which have no prefix among a kernel's lines that have. */
const OTHER_START = /^\s*(?:error: |KVM[ :]|qemu|(?:PC|X\d\d|R[A-Z0-9]{2}|R\d )=)/;

function continues(first: string, second: string): boolean {
  if (second === "") return false;
  if (CODE.test(first)) return HEXADECIMAL_LIST.test(second);
  if (ADDRESS_WANTED.test(first)) return /^\s*(?:0x)?[0-9a-f]{8,16}\b/i.test(second);
  if (LONELY_KEY.test(first) && VALUE.test(second)) return REGISTER_PAIR.test(first);
  const event = EVENTS.find(([start]) => start.test(first));
  if (event === undefined || event[1].test(first)) return false;
  return !EVENT_START.test(second) || (event === EVENTS.at(-1) && /^\s*(?:kvm_\w+|vcpu_\w+):/.test(second));
}
