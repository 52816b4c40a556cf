import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/import/finding.ts";
import type { Importer } from "../../src/import/importer.ts";
import { IMPORTERS } from "../../src/import/list.ts";
import { LogError, LogSummary, readLog } from "../../src/import/read-log.ts";
import { bytesToHexadecimal, hexadecimal } from "../../src/model/bits.ts";
import { pieces } from "../support/traces.ts";
import { type ExpectedFault, type Sample, sampleText } from "./samples.ts";

/** All faults of a text; none where it is in no known format. */
export async function findings(text: string | Uint8Array, importers: readonly Importer[] = IMPORTERS, pieceSize?: number): Promise<{ faults: Finding[]; summary: LogSummary }> {
  const summary = new LogSummary();
  const faults: Finding[] = [];
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  try {
    for await (const finding of readLog(pieces(bytes, pieceSize), summary, importers)) faults.push(finding);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
  }
  return { faults, summary };
}

/** A fault in the shape of {@link ExpectedFault}, registers by `names` only. */
function shape(finding: Finding, names: readonly string[]): ExpectedFault {
  const { line, pc, symbol, bytes, registers, gva, gpa, write, mode, syndrome, exitReason, reads, calls, pcAfter } = finding;
  const known = {
    line,
    pc,
    symbol: symbol === undefined ? undefined : `${symbol.name}+${hexadecimal(symbol.offset)}/${hexadecimal(symbol.size ?? 0n)}`,
    bytes: bytes === undefined ? undefined : bytesToHexadecimal(bytes),
    registers: names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, registers.get(name)])),
    gva, gpa, write, mode, syndrome, exitReason,
    reads: reads.length === 0 ? undefined : reads,
    calls, pcAfter,
  };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as unknown as ExpectedFault;
}

function shapes(faults: readonly Finding[], { importer, faults: expected }: Sample): ExpectedFault[] {
  return faults.filter(({ format }) => format === importer).map((finding, at) => shape(finding, Object.keys(expected[at]?.registers ?? {})));
}

const without = (faults: readonly ExpectedFault[], ...keys: readonly string[]): unknown[] => faults.map((fault) => Object.fromEntries(Object.entries(fault).filter(([key]) => !keys.includes(key))));
const withoutLines = (faults: readonly ExpectedFault[]): unknown[] => without(faults, "line");
const mapLines = (text: string, change: (line: string) => string): string => text.split("\n").map(change).join("\n");
/** Breaks lines at spaces as a mail program does. */
export const wrapped = (text: string, width: number): string =>
  mapLines(text, (line) => {
    const lines: string[] = [];
    let rest = line;
    while (rest.length > width) {
      const at = rest.lastIndexOf(" ", width);
      if (at <= 0 || rest.slice(0, at).trim() === "") break;
      lines.push(rest.slice(0, at));
      rest = rest.slice(at + 1);
    }
    return [...lines, rest].join("\n");
  });

/** What every importer must do with every sample of its format. */
export function importerContract(sample: Sample): void {
  const { file, importer: name, architecture, faults: expected, passedOver = 0 } = sample;
  const text = sampleText(file);
  const importer = IMPORTERS.find((each) => each.name === name)!;

  describe(`${name} imports ${file}`, () => {
    test("finds the format and its faults", async () => {
      const { faults, summary } = await findings(text);
      expect(shapes(faults, sample)).toEqual(expected);
      expect(faults.filter(({ format }) => format === name).every((each) => each.architecture === architecture)).toBe(true);
      expect(summary.omissions.filter(({ fault }) => fault)).toEqual([]);
      expect(summary.omissions.reduce((sum, { count }) => sum + count, 0)).toBe(passedOver);
    });

    test("finds the same when it is told the format", async () => expect(shapes((await findings(text, [importer])).faults, sample)).toEqual(expected));

    test("is given every line that it needs by its marks", async () => {
      // Xen's code stands on the line after its heading.
      const noise = mapLines(text, (line) => (/code around/.test(line) ? line : `${line}\n${"nothing of interest here\n".repeat(8)}`));
      expect(withoutLines(shapes((await findings(noise)).faults, sample))).toEqual(withoutLines(expected));
    });

    test.each([
      ["quoted in a mail", (line: string) => `> ${line}`],
      ["quoted twice", (line: string) => `> > ${line}`],
      ["with carriage returns", (line: string) => `${line}\r`],
      ["with a kernel's time stamps", (line: string) => `[   12.345678] ${line}`],
      ["with time stamps and callers", (line: string) => `[   12.345678][    T1] ${line}`],
      ["from syslog", (line: string) => `Nov 20 10:53:26 host.example kernel: ${line}`],
      ["from journalctl", (line: string) => `2026-11-20T10:53:26+0000 host kernel: ${line}`],
      ["in colours", (line: string) => `\u001b[31m${line}\u001b[0m`],
      ["with white space at the end", (line: string) => `${line}   `],
    ])("%s", async (_, surround) => expect(shapes((await findings(mapLines(text, surround))).faults, sample)).toEqual(expected));

    test("in pieces of any size", async () => {
      for (const size of [1, 7, 64]) expect(shapes((await findings(text, IMPORTERS, size)).faults, sample)).toEqual(expected);
    });

    test.each([72, 76, 78])("wrapped by a mail program at %i columns", async (width) => {
      expect(withoutLines(shapes((await findings(wrapped(text, width))).faults, sample))).toEqual(withoutLines(expected));
    });

    test("cut off after any line: what is told is true", async () => {
      const lines = text.split("\n");
      const wrong: unknown[] = [];
      for (let count = 0; count <= lines.length; count++) {
        const { faults } = await findings(lines.slice(0, count).join("\n"));
        const own = faults.filter(({ format }) => format === name);
        wrong.push(...own.filter((finding) => !isTrue(finding, expected)).map((finding) => ({ count, ...shape(finding, []) })));
      }
      expect(wrong).toEqual([]);
    });

    test("every line twice: the same faults, some perhaps told twice", async () => {
      const { faults } = await findings(mapLines(text, (line) => `${line}\n${line}`));
      const got = withoutLines(faults.filter(({ format }) => format === name).map((finding) => shape(finding, [])));
      const wanted = without(expected, "line", "registers");
      for (const each of got) expect(wanted).toContainEqual(each);
      for (const each of wanted) expect(got).toContainEqual(each);
    });

    test("twice in a row: both are found", async () => {
      const { faults } = await findings(`${text}\n${text.replaceAll(/(\d{3,}\.\d)(\d+)/g, "$19$2")}`);
      expect(faults.filter(({ format }) => format === name).length).toBeGreaterThanOrEqual(expected.length);
    });
  });
}

/** Whether of a log that was cut off every fact of a fault is one of the whole fault; accesses may be fewer. */
function isTrue(finding: Finding, expected: readonly ExpectedFault[]): boolean {
  return expected.some(({ registers = {}, ...fault }) => {
    const facts = Object.entries(shape(finding, [])).every(([key, value]) => key === "calls" || key === "reads" || fault[key as keyof typeof fault] === value);
    return facts && Object.entries(registers).every(([name, value]) => finding.registers.get(name) === undefined || finding.registers.get(name) === value);
  });
}
