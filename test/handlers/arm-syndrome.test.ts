// Bits of ESR_EL2: Arm Architecture Reference Manual (DDI 0487) D24.2.40. What a host of a realm sees: TF-RMM,
// lib/arch/include/arch.h, ESR_EMULATED_ABORT_MASK, and runtime/core/exit.c, handle_data_abort().
import { describe, expect, test } from "vitest";
import armSyndrome, { type DataAbort } from "../../handlers/arm-syndrome.ts";
import { type Access, truncate } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, RecordingDevice, refusalOf } from "./contract.ts";

const target = accessOf({}).target;

function handle(change: Partial<Access>, syndrome?: bigint, answer = 0n) {
  const calls: DataAbort[] = [];
  const fault = { ...CONTEXT.fault, ...(syndrome === undefined ? {} : { syndrome }) };
  const host = {
    call: (call: DataAbort) => {
      calls.push(call);
      return { gpr0: answer };
    },
  };
  const handled = done(armSyndrome.handle(accessOf(change), host, { ...CONTEXT, fault }));
  return { ...handled, esr: BigInt(handled.record["esr_el2"] as string), call: calls[0]! };
}

/** A field of a syndrome, from its high to its low bit. */
function field(esr: bigint, high: number, low = high): number {
  return Number(truncate(esr >> BigInt(low), high - low + 1));
}

describe("ESR_EL2", () => {
  test.each([
    [1, 0],
    [2, 1],
    [4, 2],
    [8, 3],
  ] as const)("SAS of %i bytes is %i", (size, sas) => expect(field(handle({ size }).esr, 23, 22)).toBe(sas));

  test("of ldrsb x7 is what hardware reports: ISV, SAS 0, SSE, SRT 7, SF", () => {
    const { esr } = handle({ size: 1, target: { register: 7, signExtend: true, sixtyFour: true, ordered: false } }, 0x9200_0047n);
    // EC 0x24, IL, ISV, SSE, SRT 7, SF; the fault status stays, WnR is cleared: a read.
    expect(esr).toBe((0x24n << 26n) | (1n << 25n) | (1n << 24n) | (1n << 21n) | (7n << 16n) | (1n << 15n) | 0x07n);
  });

  test("of stlr wzr is what hardware reports: ISV, SAS 2, SRT 31, AR, WnR", () => {
    const { esr } = handle({ write: true, target: { register: 31, signExtend: false, sixtyFour: false, ordered: true } }, 0x9600_0004n);
    expect(esr).toBe((0x25n << 26n) | (1n << 25n) | (1n << 24n) | (2n << 22n) | (31n << 16n) | (1n << 14n) | (1n << 6n) | 0x04n);
  });

  test("keeps what says nothing of the transfer as the fault had it", () => {
    const kept = (0x25n << 26n) | (3n << 11n) | 0x0fn;
    const noise = 0x3ffn << 14n;
    const { esr } = handle({ write: true }, kept | noise);
    expect(esr & ~((0x3ffn << 14n) | (1n << 24n) | (1n << 6n))).toBe(kept);
    expect(field(esr, 25)).toBe(0);
  });

  test("without a captured syndrome is a translation fault from a lower exception level, IL by the instruction's length", () => {
    for (const [length, il] of [
      [4, 1],
      [2, 0],
    ] as const) {
      const { esr } = handle({ instructionLength: length });
      expect([field(esr, 31, 26), field(esr, 25), field(esr, 24), field(esr, 5, 0)]).toEqual([0x24, il, 1, 0x07]);
    }
  });

  test("of a value without a general register has SRT 0: the data is in gprs[0]", () => {
    expect(field(handle({ target: { ...target, register: undefined } }, 0x9201_0047n | (0x1fn << 16n)).esr, 20, 16)).toBe(0);
  });

  test.each([
    [4, true, 0],
    [8, false, 1],
  ] as const)(
    "of a value without a general register has SF by the access's %i bytes, whatever the register's width",
    (size, sixtyFour, sf) => {
      expect(field(handle({ size, target: { ...target, register: undefined, sixtyFour } }).esr, 15)).toBe(sf);
    },
  );

  test("WnR follows the access, not the fault: a read-modify-write is a read, then a write", () => {
    expect(field(handle({ write: false }, 0x9200_0047n).esr, 6)).toBe(0);
    expect(field(handle({ write: true }, 0x9200_0007n).esr, 6)).toBe(1);
  });
});

describe("what the host sees", () => {
  test("never SRT, SSE, AR or IL", () => {
    const { call } = handle(
      { size: 2, write: true, value: 0x1234n, target: { register: 31, signExtend: true, sixtyFour: true, ordered: true } },
      0x9600_0045n | (3n << 11n),
    );
    const srt = (call.esr >> 16n) & 0x1fn;
    expect([srt, (call.esr >> 21n) & 1n, (call.esr >> 14n) & 1n, (call.esr >> 25n) & 1n]).toEqual([0n, 0n, 0n, 0n]);
    // EC 0x25, ISV, SAS 1, SF, SET 3, WnR, FSC 5.
    expect(call.esr).toBe((0x25n << 26n) | (1n << 24n) | (1n << 22n) | (1n << 15n) | (3n << 11n) | (1n << 6n) | 0x05n);
    expect(call.gpr0).toBe(0x1234n);
  });

  test("of the virtual address the page offset only", () => {
    expect(handle({ gpa: 0x9abcn, gva: 0xffff_8000_1234_5abcn }).call.far).toBe(0xabcn);
  });

  test("the page of the physical address in HPFAR_EL2.FIPA", () => {
    const { call, record } = handle({ gpa: 0xf_edcb_a987_6543n, gva: 0xffff_8000_1234_5543n });
    expect(call.hpfar).toBe((0xf_edcb_a987_6543n >> 12n) << 4n);
    expect((call.hpfar << 8n) | call.far).toBe(0xf_edcb_a987_6543n);
    expect(record).toMatchObject({ hpfar_el2: `0x${call.hpfar.toString(16)}`, far_el2: "0xffff800012345543" });
  });
});

test("a read takes its bytes of gprs[0], and the record shows them", () => {
  const { value, record } = handle({ size: 2 }, undefined, 0xffff_ffff_dead_beefn);
  expect(value).toBe(0xbeefn);
  expect(record["value"]).toBe("0xbeef");
});

// HPFAR_EL2.FIPA and FAR's page offset together make the address: they agree in bits 11:0 because a page is mapped as a whole.
test("refuses an access whose two addresses differ within the page: HPFAR and FAR could not tell where it was", () => {
  const result = armSyndrome.handle(accessOf({ gpa: 0x1008n, gva: 0x2010n }), armSyndrome.host(new RecordingDevice()), CONTEXT);
  expect(refusalOf(result).reason).toBe("address-mismatch");
});
