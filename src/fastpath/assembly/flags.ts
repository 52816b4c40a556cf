// x86-64 arithmetic on what was read: ADD, ADC, SUB, SBB, AND, OR, XOR, INC and DEC, with a destination in memory, in a register, or (CMP, TEST)
// with none. The flags are those of src/emulate/x86-arithmetic.ts.
import { BASES, OPERATORS, REGISTERS, RFLAGS_AT, SECONDS } from "./memory";

// Places in a plan and in its class, see src/fastpath/plan.ts.
@inline const SOURCE_AT: usize = 40;
@inline const TARGET_AT: usize = 48;
@inline const OPERATOR: usize = 56;
@inline const MEMORY_FIRST: usize = 57;
@inline const LAST: usize = 60;
@inline const CUT: usize = 0;
@inline const TARGET_KEEP: usize = 40;

// Places in what is known of an operator: masks of 64 bits, and numbers that are 0 or 1.
@inline const SUM: usize = OPERATORS;
@inline const BOTH: usize = OPERATORS + 8;
@inline const DIFFERENT: usize = OPERATORS + 16;
@inline const INVERT: usize = OPERATORS + 24;
@inline const CARRY_IN: usize = OPERATORS + 32;
@inline const USES_CARRY: usize = OPERATORS + 40;
@inline const KEEPS_CARRY: usize = OPERATORS + 48;

// RFLAGS, SDM volume 1, section 3.4.3.1.
/** OF SF ZF AF PF CF. */
@inline const STATUS: u64 = 0x8d5;
@inline const RESUME: u64 = 1 << 16;

/**
 * Computes a plan's result for the fault at eight times its index: the result goes to the second values, the new RFLAGS to the bases. Bits of the
 * target that the instruction keeps are added. A subtraction is the addition of what is inverted, with a carry more, so that no branch depends on the
 * operator.
 */
@inline
export function compute(at: u32, plan: u32, common: u32, response: u32): void {
  const operator = <u32>load<u8>(plan, OPERATOR) << 6;
  const cut = load<u64>(common, CUT);
  const memory = load<u64>(response) & cut;
  const operand = load<u64>(load<u32>(plan, SOURCE_AT)) & cut;
  const memoryFirst = load<u8>(plan, MEMORY_FIRST);
  const first = select<u64>(memory, operand, memoryFirst);
  const second = select<u64>(operand, memory, memoryFirst);
  const before = load<u64>(load<u32>(RFLAGS_AT), REGISTERS);
  const sums = load<u64>(operator, SUM);
  const invert = load<u64>(operator, INVERT);
  const added = (second ^ invert) & cut;
  const sum = (first + added + (load<u64>(operator, CARRY_IN) ^ (before & load<u64>(operator, USES_CARRY)))) & cut;
  const both = first & second;
  const different = first ^ second;
  const result = (sum & sums) | (both & load<u64>(operator, BOTH)) | (different & load<u64>(operator, DIFFERENT));
  const top: u64 = (<u64>load<u8>(plan, LAST) << 3) + 7;
  // Carries out of each bit; of a subtraction that is what is not borrowed.
  const carries = (((first & added) | ((first | added) & ~sum)) ^ invert) & sums;
  const overflows = (first ^ sum) & (added ^ sum) & sums;
  const keeps = load<u64>(operator, KEEPS_CARRY);
  const carry = ((carries >> top) & ~keeps & 1) | (before & keeps);
  const parity = <u64>((popcnt<u32>(<u32>result & 0xff) & 1) ^ 1);
  const adjust = (different ^ sum) & sums & 0x10;
  const status = carry | (parity << 2) | adjust | (<u64>(result === 0) << 6) | (((result >> top) & 1) << 7) | (((overflows >> top) & 1) << 11);
  store<u64>(at, (before & ~(STATUS | RESUME)) | status, BASES);
  store<u64>(at, result | (load<u64>(<u32>load<u16>(plan, TARGET_AT), REGISTERS) & load<u64>(common, TARGET_KEEP)), SECONDS);
}
