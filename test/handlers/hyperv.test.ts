// Layout of the pages: Linux, include/hyperv/hvgdk_mini.h and hvhdk.h (hv_mmio_read_input, hv_mmio_read_output, hv_mmio_write_input).
import { describe, expect, test } from "vitest";
import hyperv, { type Hypercall } from "../../handlers/hyperv.ts";
import type { SharedMemory } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, refusalOf } from "./contract.ts";

function bytesOf(memory: SharedMemory, length = 4096): number[] {
  return Array.from({ length }, (_, at) => memory[at]!);
}

function hostThatAnswers(result: bigint, output: readonly number[] = []) {
  const seen: { control: bigint; input: number[]; output: number[] }[] = [];
  return {
    seen,
    call: (call: Hypercall) => {
      seen.push({ control: call.control, input: bytesOf(call.input), output: bytesOf(call.output) });
      output.forEach((byte, at) => (call.output[at] = byte));
      return { result };
    },
  };
}

const zeros = bytesOf(new Uint8Array(4096));
const address = { gpa: 0x8_0102_0304_0506n, gva: 0x506n };
const gpa = [6, 5, 4, 3, 2, 1, 8, 0];

test("a read is call 0x0106 with gpa, size and reserved in the input page, and its data in the output page", () => {
  const host = hostThatAnswers(0n, [0x11, 0x22, 0x33, 0x44, 0x55]);
  const { value, record } = done(hyperv.handle(accessOf({ ...address, size: 4 }), host, CONTEXT));
  expect(host.seen).toEqual([{ control: 0x0106n, input: [...gpa, 4, 0, 0, 0, 0, 0, 0, 0, ...zeros.slice(16)], output: zeros }]);
  expect(value).toBe(0x4433_2211n);
  expect(record).toEqual({
    hypercall: "HVCALL_MMIO_READ",
    control: "0x106",
    gpa: "0x8010203040506",
    size: 4,
    value: "0x44332211",
    input: "06050403020108000400000000000000",
    status: "0x0",
  });
});

test("a write is call 0x0107 with the data after the same 16 bytes", () => {
  const host = hostThatAnswers(0n);
  const { record } = done(hyperv.handle(accessOf({ ...address, write: true, size: 2, value: 0xbeefn }), host, CONTEXT));
  expect(host.seen).toEqual([{ control: 0x0107n, input: [...gpa, 2, 0, 0, 0, 0, 0, 0, 0, 0xef, 0xbe, ...zeros.slice(18)], output: zeros }]);
  expect(record["input"]).toBe(`06050403020108000200000000000000efbe${"00".repeat(62)}`);
});

describe("the status is bits 15:0 of the result", () => {
  test.each([
    [0x0002n, "HV_STATUS_INVALID_HYPERCALL_CODE"],
    [0x0005n, "HV_STATUS_INVALID_PARAMETER"],
    [0x0006n, "HV_STATUS_ACCESS_DENIED"],
    [0x0100n, "not a status that this call gives"],
    [0xffffn, "not a status that this call gives"],
  ])("%s is an error by name", (result, name) => {
    const refusal = refusalOf(hyperv.handle(accessOf({}), hostThatAnswers(result), CONTEXT));
    expect(refusal.reason).toBe("hypercall-failed");
    expect(refusal.detail).toContain(name);
  });

  test("the rest of it says nothing of a call that is no rep call", () => {
    expect(done(hyperv.handle(accessOf({}), hostThatAnswers(0xffff_0000_0000_0000n), CONTEXT)).value).toBe(0n);
  });
});

test("the honest host rejects another call, and another size", () => {
  const host = hyperv.host({ read: () => 0n, write: () => {}, exit: () => [] });
  const input = new Uint8Array(4096);
  const output = new Uint8Array(4096);
  expect(host.call({ control: 0x0108n, input, output })).toEqual({ result: 2n });
  expect(host.call({ control: 0x0106n, input, output })).toEqual({ result: 5n });
});
