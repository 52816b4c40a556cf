// Records of whole instructions, from bytes to handler: one for each access, as real hardware would have reported a plain load or store.
import { describe, expect, test } from "vitest";
import { HANDLERS } from "../../handlers/list.ts";
import { DEFAULT_POLICY } from "../../src/emulate/policy.ts";
import type { Architecture } from "../../src/handler.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { DEVICE_GVA, faultOf, type FaultText } from "../support/fault.ts";

async function recordsOf(architecture: Architecture, name: string, change: Partial<FaultText> & { readonly bytes: string }) {
  const isa = await loadIsa(architecture);
  const handler = HANDLERS.find((each) => each.name === name)!;
  const { outcome } = replayFault(faultOf(isa, { gva: DEVICE_GVA, registers: {}, ...change }), {
    isa,
    guest: { windows: [] },
    handler,
    policy: DEFAULT_POLICY,
  });
  if (outcome.kind === "refused") throw new Error(outcome.message);
  return outcome.records;
}

const SYNDROME = 0x9200_0007n;

describe("arm-syndrome: an ISV = 1 syndrome for each access of what hardware reports with ISV = 0", () => {
  // [instruction, words, registers, reads, syndromes]
  test.each<[string, string, Record<string, bigint>, bigint[], string[]]>([
    ["ldr w1, [x0], #4", "014440b8", { x0: DEVICE_GVA }, [7n], ["0x93810007"]],
    ["ldrsh x1, [x0, #0]!", "010c8078", { x0: DEVICE_GVA }, [7n], ["0x93618007"]],
    ["ldp x1, x2, [x0]", "010840a9", { x0: DEVICE_GVA }, [7n, 8n], ["0x93c18007", "0x93c28007"]],
    ["stp w1, wzr, [x0]", "017c0029", { x0: DEVICE_GVA, x1: 5n }, [], ["0x93810047", "0x939f0047"]],
    ["ldp q0, q1, [x0]", "000440ad", { x0: DEVICE_GVA }, [1n, 2n, 3n, 4n], ["0x93c08007", "0x93c08007", "0x93c08007", "0x93c08007"]],
    ["ldr s0, [x0]", "000040bd", { x0: DEVICE_GVA }, [1n], ["0x93800007"]],
    ["ldar w1, [x0]", "01fcdf88", { x0: DEVICE_GVA }, [1n], ["0x93814007"]],
  ])("%s", async (_, bytes, registers, reads, syndromes) => {
    const records = await recordsOf("aarch64", "arm-syndrome", { bytes, registers, reads, syndrome: SYNDROME });
    expect(records.map((record) => record["esr_el2"])).toEqual(syndromes);
  });
});

describe("riscv-htinst: a transformed integer instruction for each access, whatever the original was", () => {
  test.each<[string, string, Record<string, bigint>, bigint[], string[]]>([
    ["lw x5, 0(x10)", "83220500", { x10: DEVICE_GVA }, [7n], ["0x2503"]],
    ["c.lw x9, 0(x10)", "0441", { x10: DEVICE_GVA }, [7n], ["0x2501"]],
    ["c.sd x9, 0(x10)", "04e1", { x10: DEVICE_GVA, x9: 5n }, [], ["0xa03021"]],
    ["flw f1, 0(x10)", "87200500", { x10: DEVICE_GVA }, [7n], ["0x6503"]],
    ["fsd f1, 0(x10)", "27301500", { x10: DEVICE_GVA, f1: 9n }, [], ["0xa03023"]],
    ["lbu zero, 0(x10)", "03400500", { x10: DEVICE_GVA }, [7n], ["0x4503"]],
  ])("%s", async (_, bytes, registers, reads, instructions) => {
    const records = await recordsOf("riscv64", "riscv-htinst", { bytes, registers, reads });
    expect(records.map((record) => record["htinst"])).toEqual(instructions);
  });
});

describe("hyperv: an operand wider than 8 bytes repeats the hypercall", () => {
  test("movups [rdi], xmm0 makes two of 8 bytes, at ascending addresses", async () => {
    const registers = { rdi: DEVICE_GVA, xmm0: 0x1111_2222_3333_4444_5555_6666_7777_8888n };
    const records = await recordsOf("x86-64", "hyperv", { bytes: "0f1107", registers });
    expect(records).toMatchObject([
      { hypercall: "HVCALL_MMIO_WRITE", gpa: "0xa000000", size: 8, value: "0x5555666677778888" },
      { hypercall: "HVCALL_MMIO_WRITE", gpa: "0xa000008", size: 8, value: "0x1111222233334444" },
    ]);
  });
});
