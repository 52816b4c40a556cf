// x86-64 arithmetic on what was read: ADD, ADC, SUB, SBB, AND, OR, XOR, INC and DEC, with a destination in memory, in a register, or (CMP, TEST)
// with none. The flags are those of src/emulate/x86-arithmetic.ts.
import { BASES, REGISTERS, RFLAGS_AT, SECONDS } from "./memory";

// Places in a plan, see src/fastpath/plan.ts.
@inline const OPERATOR: usize = 32;
@inline const MEMORY_FIRST: usize = 33;
@inline const TARGET_AT: usize = 36;
@inline const TARGET_KEEP: usize = 40;
@inline const CUT: usize = 48;
@inline const SOURCE_AT: usize = 108;
@inline const LAST: usize = 126;

// Operators, in the order of src/fastpath/plan.ts.
@inline const ADD: u32 = 0;
@inline const ADC: u32 = 1;
@inline const SUB: u32 = 2;
@inline const SBB: u32 = 3;
@inline const AND: u32 = 4;
@inline const OR: u32 = 5;
@inline const XOR: u32 = 6;
@inline const INC: u32 = 7;
@inline const DEC: u32 = 8;

// RFLAGS, SDM volume 1, section 3.4.3.1.
@inline const CARRY: u64 = 1;
/** OF SF ZF AF PF CF. */
@inline const STATUS: u64 = 0x8d5;
@inline const RESUME: u64 = 1 << 16;

/**
 * Computes a plan's result for the fault at eight times its index: the result goes to the second values, the new RFLAGS to the bases. Bits of the
 * target that the instruction keeps are added.
 */
export function compute(at: u32, plan: u32, response: u32): void {
  const cut = load<u64>(plan, CUT);
  const memory = load<u64>(response) & cut;
  const operand = load<u64>(load<u32>(plan, SOURCE_AT)) & cut;
  const first = load<u8>(plan, MEMORY_FIRST) ? memory : operand;
  const second = load<u8>(plan, MEMORY_FIRST) ? operand : memory;
  const before = load<u64>(load<u32>(RFLAGS_AT), REGISTERS);
  const operator = <u32>load<u8>(plan, OPERATOR);
  const top: u64 = (<u64>load<u8>(plan, LAST) << 3) + 7;
  let result: u64 = 0;
  // Carries out of each bit, and the bits whose sign is wrong.
  let carries: u64 = 0;
  let overflows: u64 = 0;
  let adjust: u64 = 0;
  switch (operator) {
    case ADD: case ADC: case INC: {
      result = (first + second + (operator === ADC ? before & CARRY : 0)) & cut;
      carries = (first & second) | ((first | second) & ~result);
      overflows = (first ^ result) & (second ^ result);
      adjust = first ^ second ^ result;
      break;
    }
    case SUB: case SBB: case DEC: {
      result = (first - second - (operator === SBB ? before & CARRY : 0)) & cut;
      carries = (~first & second) | ((~first | second) & result);
      overflows = (first ^ second) & (first ^ result);
      adjust = first ^ second ^ result;
      break;
    }
    case AND: result = first & second; break;
    case OR: result = first | second; break;
    default: result = first ^ second;
  }
  let carry = (carries >> top) & 1;
  if (operator === INC || operator === DEC) carry = before & CARRY;
  const parity = <u64>((popcnt<u32>(<u32>result & 0xff) & 1) ^ 1);
  const status = carry | (parity << 2) | (adjust & 0x10) | (<u64>(result === 0) << 6) | (((result >> top) & 1) << 7) | (((overflows >> top) & 1) << 11);
  store<u64>(at, (before & ~(STATUS | RESUME)) | status, BASES);
  store<u64>(at, result | (load<u64>(load<u32>(plan, TARGET_AT), REGISTERS) & load<u64>(plan, TARGET_KEEP)), SECONDS);
}
