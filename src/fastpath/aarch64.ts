import { A64_TABLE } from "../isa/aarch64/decode.ts";
import { AARCH64_REGISTERS } from "../isa/aarch64/registers.ts";
import { type FaultColumns, slotRegisters } from "../model/fault-columns.ts";
import { deriveA64Tables, equalRegisters } from "./a64-descriptors.ts";
import { type FastPath, type FastPathSettings, type FastRun, kernelFacts, runResult } from "./fast-path.ts";
import { flagChecks } from "./flag-checks.ts";
import { Kernel } from "./kernel.ts";

const ONES = 0xffff_ffff_ffff_ffffn;

/**
 * Values of option:S of a register offset (word bits 15:12), DDI 0487 shared pseudocode DecodeRegExtend: UXTW, LSL, SXTW, SXTX. Of the
 * others no word gets past its row's condition.
 */
const EXTENSIONS = Array.from({ length: 16 }, (_, value) => {
  const option = value >> 1;
  const narrow = (option & 1) === 0;
  return { mask: narrow ? 0xffff_ffffn : ONES, sign: option === 6 ? 1n << 31n : 0n, shift: (value & 1) === 1 ? ONES : 0n };
});

/**
 * The fast path for A64: loads and stores of general registers, single and in pairs, in all address modes, acquire and release,
 * unprivileged and literal among them. It declines SIMD and floating point, atomics, exclusives, memory tags, pairs and
 * writeback of FEAT_LRCPC3; pairs that leave their page; and faults whose syndrome or exit reason says that no device was accessed.
 */
export class AArch64FastPath implements FastPath {
  readonly kernel: Kernel;
  readonly slots: readonly string[];
  /** Forms of the instruction table that it emulates at least some words of. */
  readonly forms: readonly string[];
  readonly #run: (from: number, to: number) => number;
  readonly #unpack: (count: number) => void;
  readonly #prepareSingle: () => void;

  /** `module`: the bytes of kernel.wasm. */
  constructor(module: Uint8Array, settings: FastPathSettings) {
    this.kernel = new Kernel(module);
    this.slots = slotRegisters(AARCH64_REGISTERS).map((register) => AARCH64_REGISTERS.name(register));
    const { slots, descriptors, forms } = deriveA64Tables(A64_TABLE);
    this.forms = forms;
    const { bytes, place } = this.kernel;
    if (descriptors.length > place.DESCRIPTORS_SIZE) throw new Error("the A64 descriptors do not fit their place");
    bytes.set(descriptors, place.DESCRIPTORS);
    bytes.set(new Uint8Array(slots.buffer), place.SLOTS);
    bytes.set(equalRegisters(), place.EQUALS);
    bytes.set(flagChecks(settings.userMode), place.FLAG_CHECKS);
    const extensions = new BigUint64Array(bytes.buffer, place.EXTENSIONS, 4 * EXTENSIONS.length);
    EXTENSIONS.forEach(({ mask, sign, shift }, index) => extensions.set([mask, sign, shift], 4 * index));
    this.kernel.setFacts(kernelFacts(settings));
    this.#run = this.kernel.routine("runA64");
    this.#unpack = this.kernel.routine("unpackA64");
    this.single = this.kernel.routine("singleA64");
    this.kernel.routine<() => void>("setUpA64")();
    this.#prepareSingle = this.kernel.routine("prepareSingleA64");
  }

  load(columns: FaultColumns): void {
    const { width } = columns.instruction;
    if (width !== 0 && width < 4) throw new RangeError(`column instruction has elements of ${width} bytes, and an A64 instruction has 4`);
    this.kernel.load(columns);
    this.#unpack(columns.count);
  }

  run(from: number, to: number): FastRun {
    return runResult(this.#run(from, to), from, to);
  }

  /**
   * For handlers in the making: says that the registers of all 33 slots are there, and gives the views to fill. Then, for each fault:
   * write the registers ({@link Kernel.registers}) and the fault, and call {@link single}; nothing is allocated.
   */
  prepareSingle(): SingleFault {
    this.kernel.prepareSingle((1n << BigInt(this.slots.length)) - 1n);
    this.#prepareSingle();
    const { bytes, place } = this.kernel;
    const { buffer } = bytes;
    return {
      word: new Uint32Array(buffer, place.WORDS, 1),
      flags: new Uint32Array(buffer, place.FLAGS_OF, 1),
      gpa: new BigUint64Array(buffer, place.GPAS, 1),
      gvaOffset: new BigUint64Array(buffer, place.OFFSETS, 1),
      pc: new BigUint64Array(buffer, place.SINGLE, 1),
      responses: new BigUint64Array(buffer, place.SINGLE + 8, 2),
    };
  }

  /**
   * Emulates the single fault with the registers as they are. Gives the information word of the record at index 0, or 0: declined. The
   * registers stay as they were: a handler that has the device's answer only after the call puts it into the responses and calls again.
   */
  readonly single: () => number;
}

/** The fault of a single call, in the kernel's memory: arrays of one element, and of two responses. */
export interface SingleFault {
  readonly word: Uint32Array;
  /** Bits of `FLAG` of src/model/fault-columns.ts below `slow`, the number of responses among them. */
  readonly flags: Uint32Array;
  readonly gpa: BigUint64Array;
  /** Guest virtual address minus `gpa`: a multiple of 4,096, or the fault is declined. */
  readonly gvaOffset: BigUint64Array;
  readonly pc: BigUint64Array;
  readonly responses: BigUint64Array;
}
