// Offsets of struct kvm_run: Linux, include/uapi/linux/kvm.h.
import { expect, test } from "vitest";
import kvmRun from "../../handlers/kvm-run.ts";
import type { SharedMemory } from "../../src/handler.ts";
import { accessOf, CONTEXT, done } from "./contract.ts";

function bytesOf(memory: SharedMemory, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => memory[from + at]!);
}

test("a write fills exit_reason, phys_addr, data, len and is_write, and nothing else", () => {
  let page: number[] = [];
  const host = {
    call: (run: SharedMemory) => {
      page = bytesOf(run, 0, 4096);
    },
  };
  const { record } = done(
    kvmRun.handle(accessOf({ write: true, gpa: 0x0102_0304_0506_0708n, size: 4, value: 0x4433_2211n }), host, CONTEXT),
  );
  const expected = Array.from({ length: 4096 }, () => 0);
  expected[8] = 6;
  expected.splice(32, 8, 8, 7, 6, 5, 4, 3, 2, 1);
  expected.splice(40, 4, 0x11, 0x22, 0x33, 0x44);
  expected[48] = 4;
  expected[52] = 1;
  expect(page).toEqual(expected);
  expect(record).toEqual({
    exit_reason: 6,
    phys_addr: "0x102030405060708",
    data: "0x44332211",
    len: 4,
    is_write: 1,
    bytes: `${"00".repeat(8)}06${"00".repeat(23)}08070605040302011122334400000000040000000100${"00".repeat(2)}`,
  });
});

test("a read takes len bytes of data from the page, after the call", () => {
  const host = {
    call: (run: SharedMemory) => {
      expect(bytesOf(run, 48, 53)).toEqual([2, 0, 0, 0, 0]);
      for (let at = 0; at < 8; at++) run[40 + at] = 0xa0 + at;
    },
  };
  const { value, record } = done(kvmRun.handle(accessOf({ size: 2 }), host, CONTEXT));
  expect(value).toBe(0xa1a0n);
  expect(record).toMatchObject({ data: "0xa1a0", len: 2, is_write: 0 });
});

test("a monitor that changes len, phys_addr or is_write changes nothing for the guest", () => {
  const host = {
    call: (run: SharedMemory) => {
      run[32] = 0xff;
      run[40] = 0x77;
      run[48] = 8;
      run[52] = 1;
    },
  };
  expect(done(kvmRun.handle(accessOf({ size: 1 }), host, CONTEXT)).value).toBe(0x77n);
});
