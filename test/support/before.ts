import fc from "fast-check";
import type { Fault } from "../../src/model/fault.ts";

/** Facts of a fault that the reference looks at before the instruction. */
export type Before = Partial<Pick<Fault, "syndrome" | "exitReason" | "exitQualification" | "transformedInstruction" | "vmFault">>;

/** A data abort at a translation fault, and what differs from it in one bit or two, in its status, or altogether. */
const syndrome = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0x9600_0047n, 0x9200_0006n, 0x93c0_8007n) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(40), fc.nat(40)).map(([first, second]) => 0x9600_0047n ^ (1n << BigInt(first)) ^ (1n << BigInt(second))) },
  { weight: 2, arbitrary: fc.nat(63).map((status) => 0x9200_0000n | BigInt(status)) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }) },
);
const exitReason = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(48n, 0x400n) }, { weight: 1, arbitrary: fc.constantFrom(10n, 12n, 30n, 31n, 32n, 0x72n, 0x7cn, 0n, (1n << 32n) + 48n) });
const transformedInstruction = fc.constantFrom(0n, 3n, 0x2000n, 0x2020n, 0x3000n, 0x3020n, 0x2001n, 0x2003n, 0xa003n, 0x1_0000_2003n, (1n << 32n) + 0x2000n);
const vmFault = fc.record({ label: fc.constantFrom(5n, 6n, 3n), words: fc.array(fc.nat(100).map(BigInt), { minLength: 3, maxLength: 5 }), virtualProcessor: fc.boolean() });

/** Mostly nothing; otherwise what may or may not be an access to device memory. */
export const before: fc.Arbitrary<Before> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ syndrome, exitReason, transformedInstruction }, { requiredKeys: [] }) },
  { weight: 2, arbitrary: fc.constant({ syndrome: 0x9600_0047n, exitReason: 48n, exitQualification: 0x181n }) },
  { weight: 1, arbitrary: fc.record({ vmFault, exitQualification: fc.constantFrom(0n, 1n << 40n) }) },
);
