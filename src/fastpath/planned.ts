import type { InstructionSet } from "../model/architecture.ts";
import { type FaultColumns, slotRegisters } from "../model/fault-columns.ts";
import type { Isa } from "../model/instruction.ts";
import { Refusal } from "../model/refusal.ts";
import { type FastPath, type FastPathSettings, type FastRun, kernelFacts, runResult } from "./fast-path.ts";
import { flagChecks } from "./flag-checks.ts";
import { Kernel } from "./kernel.ts";
import { CLASS_SIZE, classOf, operatorMasks, type Plan, PLAN_SIZE, type PlanKey, planOf, transformedPlanOf, writePlan } from "./plan.ts";

/** Bytes of HEADS: one u16 for each hash of 15 bits. */
const HEADS_SIZE = 2 << 15;
// What plans are found by, see assembly/plans.ts.
const LENGTH_SHIFT = 32n;
const T32_KEY = 1n << 40n;
const TRANSFORMED = 1n;
/** Plans that are moved to their other place to make room for one; four times as many places as plans need only a few. */
const MOVE_LIMIT = 64;

/**
 * The fast path for x86-64, riscv64 and arm: the reference's own decoder makes a plan of each instruction when its bytes are met first, and every
 * fault with these bytes is then carried out by the kernel. Plans exist for moves between a general register, or an immediate, and memory, with any
 * address; for x86-64's ADD, ADC, SUB, SBB, AND, OR, XOR, INC, DEC, CMP and TEST without LOCK; and for writeback and pairs of A32 and T32 outside
 * IT blocks, if no condition decides and data is little-endian. All else is declined.
 *
 * Up to 8,191 instructions are remembered; the one after them makes it forget all and start anew.
 */
export class PlannedFastPath implements FastPath {
  readonly kernel: Kernel;
  readonly slots: readonly string[];
  readonly #isa: Isa;
  readonly #run: (from: number, to: number) => number;
  readonly #unpack: (count: number) => void;
  readonly #prepareSingle: () => void;
  readonly #headsOf: (low: bigint, high: bigint) => number;
  readonly #guard: () => void;
  #plans = 0;
  /** The classes of plans by their words, and where each is. */
  readonly #classes = new Map<string, number>();
  /** Slots that any of the plans needs. */
  #needed = 0n;

  /** `module`: the bytes of kernel.wasm. */
  constructor(module: Uint8Array, isa: Isa, settings: FastPathSettings) {
    this.#isa = isa;
    this.slots = slotRegisters(isa.registers).map((register) => isa.registers.name(register));
    const kernel = new Kernel(module, () => this.#learn());
    this.kernel = kernel;
    if (kernel.place.PLAN_SIZE !== PLAN_SIZE || kernel.place.CLASS_SIZE !== CLASS_SIZE) throw new Error("kernel.wasm is of another version");
    kernel.bytes.set(flagChecks(settings.userMode), kernel.place.FLAG_CHECKS);
    kernel.setFacts(kernelFacts(settings));
    const flags = isa.registers.find("rflags");
    if (flags !== undefined) kernel.setFlagsSlot(flags.register);
    const status = isa.registers.find("cpsr");
    if (isa.architecture === "arm") kernel.setValueSize(4);
    if (status !== undefined && 8 * status.register !== kernel.place.CPSR) throw new Error("the kernel has CPSR in another slot");
    this.#run = kernel.routine(isa.architecture === "arm" ? "runArm" : "runPlanned");
    this.#unpack = kernel.routine("unpackPlanned");
    this.single = kernel.routine(isa.architecture === "arm" ? "singleArm" : "singlePlanned");
    this.#prepareSingle = kernel.routine("prepareSinglePlanned");
    this.#guard = kernel.routine("guardPlanned");
    this.#headsOf = kernel.routine("headsOf");
    const masks = new BigUint64Array(kernel.bytes.buffer, kernel.place.BYTE_MASKS, 32);
    for (let held = 0; held < 16; held++) masks.set([BigInt.asUintN(8 * Math.min(held, 8), -1n), BigInt.asUintN(8 * Math.max(held - 8, 0), -1n)], 2 * held);
    const operators = operatorMasks();
    new BigUint64Array(kernel.bytes.buffer, kernel.place.OPERATORS, operators.length).set(operators);
    this.#forget();
  }

  load(columns: FaultColumns): void {
    const { width } = columns.instruction;
    if (this.#isa.architecture === "arm" && width !== 0 && width < 4) throw new RangeError(`column instruction has elements of ${width} bytes, and one of arm has 4 or more`);
    this.kernel.load(columns);
    this.#unpack(columns.count);
  }

  run(from: number, to: number): FastRun {
    return runResult(this.#run(from, to), from, to);
  }

  /**
   * For handlers in the making: says that the integer registers are all there, and gives the views to fill. Then, for each fault: write the
   * registers ({@link Kernel.registers}) and the fault, and call {@link single}.
   */
  prepareSingle(): PlannedFault {
    const { slots, kernel } = this;
    kernel.prepareSingle((1n << BigInt(slots.length)) - 1n);
    this.#prepareSingle();
    const { bytes, place } = kernel;
    const { buffer } = bytes;
    return {
      instruction: new Uint8Array(buffer, place.KEY, 16),
      flags: new Uint32Array(buffer, place.FLAGS_OF, 1),
      gpa: new BigUint64Array(buffer, place.GPAS, 1),
      gvaOffset: new BigUint64Array(buffer, place.OFFSETS, 1),
      pc: new BigUint64Array(buffer, place.SINGLE, 1),
      responses: new BigUint64Array(buffer, place.SINGLE + 8, 2),
    };
  }

  /**
   * Emulates the single fault with the registers as they are. Gives the information word of the record at index 0, or 0: declined. Nothing is allocated,
   * but for the plan of an instruction that is met first.
   */
  readonly single: () => number;

  /** Makes the plan of the instruction whose bytes are in the kernel's memory. */
  #learn(): void {
    const { bytes, place } = this.kernel;
    const view = new DataView(bytes.buffer);
    const key = { low: view.getBigUint64(place.WANTED, true), high: view.getBigUint64(place.WANTED + 8, true) };
    if (this.#plans === place.PLAN_LIMIT) this.#forget();
    const plan = this.#planOf(key);
    // A chunk that has all registers which plans need requires no check of that; now there is one plan more.
    this.#needed |= plan?.needed ?? 0n;
    this.kernel.setNeeded(this.#needed);
    this.#guard();
    if (!this.#write(view, key, plan)) {
      this.#forget();
      this.#write(view, key, plan);
    }
  }

  #planOf({ low, high }: PlanKey): Plan | undefined {
    const isa = this.#isa;
    if (high === TRANSFORMED) {
      const transformed = isa.decodeTransformed?.(low, 0n);
      return transformed === undefined || transformed instanceof Refusal ? undefined : transformedPlanOf(transformed, isa.registers);
    }
    const instruction = isa.decode(bytesOf(low, high), this.#instructionSet(low));
    return instruction instanceof Refusal ? undefined : planOf(instruction, isa.registers);
  }

  #instructionSet(low: bigint): InstructionSet {
    const { architecture } = this.#isa;
    if (architecture === "arm") return (low & T32_KEY) === 0n ? "a32" : "t32";
    return architecture === "x86-64" ? "x86-64" : "rv64";
  }

  /** The address of a plan's class, which is written if it is new; undefined: there are too many. */
  #classAt(view: DataView, plan: Plan): number | undefined {
    const words = classOf(plan);
    const key = words.join();
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const { CLASSES, CLASS_LIMIT } = this.kernel.place;
    if (this.#classes.size === CLASS_LIMIT) return undefined;
    const at = CLASSES + CLASS_SIZE * this.#classes.size;
    words.forEach((word, index) => view.setBigUint64(at + 8 * index, word, true));
    this.#classes.set(key, at);
    return at;
  }

  /** Writes a plan, which may be none, under a number. */
  #put(view: DataView, number: number, key: PlanKey, plan: Plan | undefined): void {
    const { PLANS, CLASSES, NEEDED, REGISTERS } = this.kernel.place;
    const classAt = plan === undefined ? undefined : this.#classAt(view, plan);
    const known = classAt === undefined ? undefined : plan;
    writePlan(view, { at: PLANS + PLAN_SIZE * number, classAt: classAt ?? CLASSES, registers: REGISTERS }, key, known);
    view.setBigUint64(NEEDED + 8 * number, known?.needed ?? 0n, true);
  }

  /** Writes a plan, and its number to one of its two places (R. Pagh and F. Rodler, "Cuckoo hashing", 2001). Gives whether that succeeded. */
  #write(view: DataView, key: PlanKey, plan: Plan | undefined): boolean {
    const { place } = this.kernel;
    let number = this.#plans++;
    this.#put(view, number, key, plan);
    let taken = 0;
    for (let moves = 0; moves < MOVE_LIMIT; moves++) {
      const at = place.PLANS + PLAN_SIZE * number;
      const heads = this.#headsOf(view.getBigUint64(at, true), view.getBigUint64(at + 8, true));
      const places = [place.HEADS + (heads & 0xffff), place.HEADS + (heads >>> 16)];
      // The one who was moved out goes to its other place.
      const next = places.find((each) => view.getUint16(each, true) === 0) ?? places.find((each) => each !== taken) ?? places[0]!;
      const other = view.getUint16(next, true);
      view.setUint16(next, number, true);
      if (other === 0) return true;
      number = other;
      taken = next;
    }
    return false;
  }

  #forget(): void {
    const { bytes, place } = this.kernel;
    bytes.fill(0, place.HEADS, place.HEADS + HEADS_SIZE);
    // The plan of no instruction: its bytes can't be captured.
    this.#put(new DataView(bytes.buffer), 0, { low: 0n, high: 0xffff_ffff_ffff_ffffn }, undefined);
    this.#plans = 1;
  }
}

/** The fault of a single call, in the kernel's memory: arrays of one element, and of two responses. */
export interface PlannedFault {
  /** Bytes of the instruction, zeros after them, and their number (15 at most) in the last byte. */
  readonly instruction: Uint8Array;
  /** Bits of `FLAG` of src/model/fault-columns.ts below `slow`, the number of responses among them. */
  readonly flags: Uint32Array;
  readonly gpa: BigUint64Array;
  /** Guest virtual address minus `gpa`. */
  readonly gvaOffset: BigUint64Array;
  readonly pc: BigUint64Array;
  readonly responses: BigUint64Array;
}

/** The captured bytes of a key. */
function bytesOf(low: bigint, high: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, low, true);
  if (high === 0n) return bytes.subarray(0, Number((low >> LENGTH_SHIFT) & 15n));
  view.setBigUint64(8, high, true);
  return bytes.subarray(0, bytes[15]!);
}
