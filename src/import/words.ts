import type { SymbolPlace } from "./finding.ts";

/** Value of hex digits, with or without 0x; undefined where they are none, or more than 64 bits. */
export function hexadecimalValue(text: string | undefined): bigint | undefined {
  const digits = text === undefined ? undefined : /^(?:0x)?0*([0-9a-f]{1,16})$/i.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

/** A place `name+0x9/0x10`, as the kernel's %pS writes it. */
export function symbolPlace(text: string | undefined): SymbolPlace | undefined {
  const [, name, offset, size] = /^([A-Za-z_.$][\w.$]*)\+0x([0-9a-f]{1,8})(?:\/0x([0-9a-f]{1,8}))?/i.exec(text ?? "") ?? [];
  if (name === undefined) return undefined;
  return { name, offset: BigInt(`0x${offset}`), ...(size === undefined ? {} : { size: BigInt(`0x${size}`) }) };
}

/** All values of a line that a pattern with the groups name and hex digits finds, later ones last. */
export function* namedValues(text: string, pattern: RegExp): Iterable<readonly [name: string, value: bigint]> {
  for (const [, name, digits] of text.matchAll(pattern)) {
    const value = hexadecimalValue(digits);
    if (value !== undefined) yield [name!, value];
  }
}

/** Number after a key, `key 0x1f`, `key=0x1f` or `key: 0x1f`: quotes of logs lose commas and other punctuation. */
export function keyValue(text: string, key: string): bigint | undefined {
  return hexadecimalValue(keyPattern(key).exec(text)?.[1]);
}

const patterns = new Map<string, RegExp>();

function keyPattern(key: string): RegExp {
  let pattern = patterns.get(key);
  if (pattern === undefined) patterns.set(key, (pattern = new RegExp(`\\b${key}\\s*[:=]?\\s*(0x[0-9a-f]+|[0-9a-f]+)\\b`, "i")));
  return pattern;
}

/** Bytes of a list `44 8b 60 60`, up to the first that is unknown (`??`), at most `limit`. */
export function byteList(text: string, limit = 15): Uint8Array {
  const bytes: number[] = [];
  for (const word of text.trim().split(/[\s,]+/)) {
    if (!/^[0-9a-f]{2}$/i.test(word) || bytes.length === limit) break;
    bytes.push(Number.parseInt(word, 16));
  }
  return Uint8Array.from(bytes);
}

/** Bytes from the marked one on of a dump `… 89 e8 <f3> 48 ab …`; undefined where none is marked. */
export function markedBytes(text: string): Uint8Array | undefined {
  const marked = /<([0-9a-f]{2})>((?:\s+[0-9a-f?]{2}\b)*)/i.exec(text);
  return marked === null ? undefined : byteList(`${marked[1]} ${marked[2]}`);
}

/** Whether an x86-64 code segment selector is user mode's: its privilege level, SDM volume 3, section 3.4.2. */
export function isUserSelector(digits: string): boolean {
  return (Number.parseInt(digits, 16) & 3) === 3;
}

/** The trace's name of a general register of x86-64 as dumps write it (`RAX`, `R08`, `r9`), or undefined. */
export function x86Register(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/^r0(\d)$/, "r$1");
  return /^(?:r[abcd]x|r[sd]i|r[sb]p|r8|r9|r1[0-5])$/.test(lower) ? lower : undefined;
}
