import { createReadStream } from "node:fs";
import type { InferOutput } from "valibot";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import type { Fault } from "../model/fault.ts";
import { callJson, memoryJson, registerJson } from "../model/json.ts";
import { RegisterFile } from "../model/registers.ts";
import { type Line, splitLines } from "./lines.ts";
import {
  BLOCK_FAULTS,
  type RegistersOf,
  type Trace,
  type TraceBlocks,
  type TraceCodec,
  type TraceEncoder,
  TraceError,
  type TraceHeader,
  type TraceRecord,
  type UnknownKeys,
} from "./record.ts";
import { HEADER_EXAMPLE, headerOfJson, jsonOfHeader } from "./header-json.ts";
import { FAULT_KEYS, faultSchema } from "./schema.ts";
import { unknownKeys, withUnknownKeys } from "./unknown.ts";
import { validate } from "./validate.ts";

const OPENING_BRACE = 0x7b;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The interchange form: a header line, then one fault a line (contract, section 1). */
export const jsonLines: TraceCodec = {
  name: "JSON lines",
  start: "{",
  recognises(start) {
    const text = BYTE_ORDER_MARK.every((byte, index) => start[index] === byte) ? start.subarray(3) : start;
    return text.find((byte) => !WHITE_SPACE.has(byte)) === OPENING_BRACE;
  },
  read,
  encoder: () => new JsonLinesEncoder(),
  openBlocks,
};

async function read(bytes: AsyncIterable<Uint8Array>, registersOf: RegistersOf): Promise<Trace> {
  const lines = splitLines(bytes);
  const { header, registers } = await readHeader(lines, registersOf);
  return { header, registers, records: parseFaults(lines, faultSchema(registers)) };
}

/** Reads all lines once, without parsing them, to know where each block begins. */
async function openBlocks(path: string, registersOf: RegistersOf): Promise<TraceBlocks> {
  const lines = splitLines(createReadStream(path, { highWaterMark: READ_SIZE }));
  const { header, registers } = await readHeader(lines, registersOf);
  const schema = faultSchema(registers);
  const places: Line[] = [];
  let faults = 0;
  for await (const line of lines) if (faults++ % BLOCK_FAULTS === 0) places.push({ ...line, text: "" });
  return {
    header,
    registers,
    count: places.length,
    async *records(block) {
      const { start, number } = places[block]!;
      const next = places[block + 1]?.start;
      const bytes = createReadStream(path, { start, ...(next === undefined ? {} : { end: next - 1 }), highWaterMark: READ_SIZE });
      let index = block * BLOCK_FAULTS;
      for await (const record of parseFaults(splitLines(bytes, number - 1), schema, index)) yield { ...record, index: index++ };
    },
    close: () => Promise.resolve(),
  };
}

const READ_SIZE = 256 * 1024;

async function readHeader(lines: AsyncGenerator<Line>, registersOf: RegistersOf): Promise<Pick<Trace, "header" | "registers">> {
  const first = await lines.next();
  if (first.done === true) throw new TraceError(`is empty; expected a header line ${HEADER_EXAMPLE}`);
  const where = `line ${first.value.number}`;
  const header = headerOfJson(parseJson(first.value, where), where);
  return { header, registers: await registersOf(header.architecture) };
}

/** `first`: the index of the first fault. */
async function* parseFaults(lines: AsyncIterable<Line>, schema: ReturnType<typeof faultSchema>, first = 0): AsyncGenerator<TraceRecord> {
  let index = first;
  for await (const line of lines) {
    const where = `line ${line.number}: fault ${index}`;
    const json = parseJson(line, where);
    yield recordOf(validate(schema, json, where), unknownKeys(json, FAULT_KEYS));
    index++;
  }
}

function parseJson({ text, unfinished }: Line, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (unfinished) throw new TraceError(`${where}: the file ends in the middle of this line; all before it was read`, "start");
    throw new TraceError(`${where}: is not JSON: ${(error as Error).message}`);
  }
}

function recordOf(json: InferOutput<ReturnType<typeof faultSchema>>, unknown: UnknownKeys): TraceRecord {
  const { gpa, gva, write, mode, esr, htinst, exitReason, exitQualification, sel4 } = json.fault;
  const fault: Fault = {
    pc: json.pc,
    bytes: json.insn ?? new Uint8Array(0),
    registers: json.regs,
    ...(gpa === undefined ? {} : { gpa }),
    ...(gva === undefined ? {} : { gva }),
    ...(write === undefined ? {} : { write }),
    mode,
    ...(esr === undefined ? {} : { syndrome: esr }),
    ...(htinst === undefined ? {} : { transformedInstruction: htinst }),
    ...(exitReason === undefined ? {} : { exitReason }),
    ...(exitQualification === undefined ? {} : { exitQualification }),
    ...(sel4 === undefined ? {} : { vmFault: { label: sel4.label, words: sel4.mrs, virtualProcessor: sel4.vcpu } }),
    memory: json.memory ?? [],
    reads: json.reads ?? [],
  };
  const { calls, after } = json;
  return {
    fault,
    ...(calls === undefined ? {} : { calls }),
    ...(after === undefined
      ? {}
      : {
          after: {
            ...(after.pc === undefined ? {} : { pc: after.pc }),
            registers: after.regs ?? new RegisterFile(json.regs.set),
            memory: after.memory ?? [],
          },
        }),
    unknown,
  };
}

class JsonLinesEncoder implements TraceEncoder {
  header(header: TraceHeader): Uint8Array {
    return encodeLine(jsonOfHeader(header));
  }

  record({ fault, calls, after, unknown }: TraceRecord): Uint8Array {
    const record = {
      pc: hexadecimal(fault.pc),
      ...(fault.bytes.length === 0 ? {} : { insn: bytesToHexadecimal(fault.bytes) }),
      regs: registersJson(fault.registers),
      fault: faultJson(fault),
      ...(fault.memory.length === 0 ? {} : { memory: fault.memory.map(memoryJson) }),
      reads: fault.reads.map(hexadecimal),
      ...(calls === undefined ? {} : { calls: calls.map(callJson) }),
      ...(after === undefined
        ? {}
        : {
            after: {
              ...(after.pc === undefined ? {} : { pc: hexadecimal(after.pc) }),
              regs: registersJson(after.registers),
              ...(after.memory.length === 0 ? {} : { memory: after.memory.map(memoryJson) }),
            },
          }),
    };
    return encodeLine(withUnknownKeys(record, unknown));
  }

  end(): Uint8Array {
    return new Uint8Array(0);
  }
}

function faultJson({ gpa, gva, write, mode, syndrome, transformedInstruction, exitReason, exitQualification, vmFault }: Fault): Record<string, unknown> {
  return {
    ...(gpa === undefined ? {} : { gpa: hexadecimal(gpa) }),
    ...(gva === undefined ? {} : { gva: hexadecimal(gva) }),
    ...(write === undefined ? {} : { write }),
    ...(mode === "kernel" ? {} : { mode }),
    ...(syndrome === undefined ? {} : { esr: hexadecimal(syndrome) }),
    ...(transformedInstruction === undefined ? {} : { htinst: hexadecimal(transformedInstruction) }),
    ...(exitReason === undefined ? {} : { exitReason: hexadecimal(exitReason) }),
    ...(exitQualification === undefined ? {} : { exitQualification: hexadecimal(exitQualification) }),
    ...(vmFault === undefined
      ? {}
      : { sel4: { label: hexadecimal(vmFault.label), mrs: vmFault.words.map(hexadecimal), ...(vmFault.virtualProcessor ? { vcpu: true } : {}) } }),
  };
}

/** Values by the narrowest name that holds what was captured. */
function registersJson(file: RegisterFile): Record<string, string> {
  const values: Record<string, string> = {};
  for (const register of file.captured()) {
    const width = file.capturedWidth(register);
    values[file.set.name(register, width)] = registerJson(file.get(register)!, width);
  }
  return values;
}

function encodeLine(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`, "utf8");
}
