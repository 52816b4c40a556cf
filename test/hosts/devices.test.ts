import { describe, expect, test } from "vitest";
import example from "../../handlers/example.ts";
import type { Device, Host } from "../../src/handler.ts";
import { deviceHost } from "../../src/hosts/device.ts";
import type { DeviceModel } from "../../src/hosts/devices/model.ts";
import { Pl011 } from "../../src/hosts/devices/pl011.ts";
import { RegisterBlock } from "../../src/hosts/devices/register-block.ts";
import { VirtioMmio } from "../../src/hosts/devices/virtio-mmio.ts";
import type { HostModel } from "../../src/hosts/host.ts";
import { hostOf } from "../../src/hosts/list.ts";
import type { Fault } from "../../src/model/fault.ts";
import { RISCV64 } from "../../src/isa/riscv64/index.ts";
import { RegisterFile } from "../../src/model/registers.ts";
import { trapline } from "../support/terminal.ts";
import { BUNDLED } from "../support/traces.ts";

const FAULT: Fault = { pc: 0n, bytes: new Uint8Array(4), registers: new RegisterFile(RISCV64.registers), mode: "kernel", memory: [], reads: [7n] };

/** The device that a host model puts behind an honest host. */
function deviceOf(model: HostModel, fault: Fault = FAULT): Device {
  let device: Device | undefined;
  model.connect((behind) => {
    device = behind;
    return example.host(behind) as Host<unknown, unknown>;
  }, fault);
  return device!;
}

const randomRead = (seed: number, pc: bigint): unknown => deviceOf(hostOf(`random:${seed}`), { ...FAULT, pc }).read(0n, 8);

const trace = `${BUNDLED}/aarch64/pairs.jsonl`;
const outputOf = async (host: string): Promise<string> => (await trapline(["replay", trace, "--host", host])).output;

describe("a block of registers", () => {
  test("holds bytes, little-endian, in any size", () => {
    const block = new RegisterBlock(16);
    block.write(4, 4, 0x1122_3344n);
    block.write(6, 1, 0xaan);
    expect(block.read(4, 4)).toBe(0x11aa_3344n);
    expect(block.read(0, 8)).toBe(0x11aa_3344_0000_0000n);
  });
});

describe("a PL011", () => {
  test("has the flags of DDI 0183 after reset, and its identity", () => {
    const uart = new Pl011();
    expect(uart.read(0x18)).toBe(0x90n);
    expect(uart.read(0x30)).toBe(0x300n);
    expect([0xfe0, 0xfe4, 0xff0, 0xffc].map((offset) => uart.read(offset))).toEqual([0x11n, 0x10n, 0x0dn, 0xb1n]);
  });

  test("sends only when it is enabled, and loops back when told", () => {
    const uart = new Pl011();
    uart.write(0, 4, 0x41n);
    expect(uart.sent).toEqual([]);
    uart.write(0x30, 4, 0x381n);
    uart.write(0, 4, 0x142n);
    expect(uart.sent).toEqual([0x42]);
    expect(uart.read(0x18) & 0x10n).toBe(0n);
    expect(uart.read(0x3c)).toBe(0x30n);
    uart.write(0x38, 4, 0x10n);
    expect(uart.read(0x40)).toBe(0x10n);
    expect(uart.read(0)).toBe(0x42n);
    expect(uart.read(0x18) & 0x10n).toBe(0x10n);
  });

  test("loses what does not fit into the FIFO, and says so", () => {
    const uart = new Pl011();
    uart.receive(...Array.from({ length: 17 }, (_, at) => at));
    expect(uart.read(0x18) & 0x40n).toBe(0x40n);
    expect(uart.read(0x3c) & 0x400n).toBe(0x400n);
    expect(uart.read(4)).toBe(8n);
    uart.write(4, 4, 0n);
    uart.write(0x44, 4, 0x400n);
    expect([uart.read(4), uart.read(0x3c) & 0x400n]).toEqual([0n, 0n]);
    expect(Array.from({ length: 16 }, () => uart.read(0))).toEqual(Array.from({ length: 16 }, (_, at) => BigInt(at)));
  });
});

describe("a virtio-mmio device", () => {
  test("says what it is, and only in words", () => {
    const device = new VirtioMmio({ device: 2, configuration: Uint8Array.of(1, 2, 3, 4) });
    expect([0, 4, 8].map((offset) => device.read(offset, 4))).toEqual([0x7472_6976n, 2n, 2n]);
    expect(device.read(0, 8)).toBe(0n);
    expect(device.read(0x101, 2)).toBe(0x302n);
  });

  test("agrees to features that it offers and no others (section 2.1)", () => {
    const device = new VirtioMmio({ features: 1n });
    const accept = (word: bigint, bits: bigint): void => {
      device.write(0x24, 4, word);
      device.write(0x20, 4, bits);
    };
    device.write(0x70, 4, 3n);
    accept(0n, 3n);
    accept(1n, 1n);
    device.write(0x70, 4, 0xbn);
    expect(device.read(0x70, 4)).toBe(3n);
    accept(0n, 1n);
    device.write(0x70, 4, 0xbn);
    expect(device.read(0x70, 4)).toBe(0xbn);
    device.write(0x70, 4, 0n);
    expect(device.read(0x70, 4)).toBe(0n);
  });

  test("takes notifications of queues that are ready", () => {
    const device = new VirtioMmio();
    device.write(0x50, 4, 0n);
    device.write(0x44, 4, 1n);
    device.write(0x50, 4, 0n);
    device.write(0x50, 4, 9n);
    expect([device.notified, device.read(0x60, 4)]).toEqual([[0], 1n]);
    device.write(0x64, 4, 1n);
    expect(device.read(0x60, 4)).toBe(0n);
  });
});

describe("the device host", () => {
  test("keeps its state from fault to fault, a model for each page", () => {
    const host = hostOf("device");
    deviceOf(host).write(0xa00_0010n, 4, 5n);
    expect(deviceOf(host).read(0xa00_0010n, 4)).toBe(5n);
    expect(deviceOf(host).read(0xa00_1010n, 4)).toBe(0n);
    // The TDX shared bit does not make another device of it.
    expect(deviceOf(host).read((1n << 51n) | 0xa00_0010n, 4)).toBe(5n);
  });

  test("takes a model of one's own, and has all ones outside of it", () => {
    let state = 0n;
    const lamp: DeviceModel = { name: "lamp", size: 4, read: () => state, write: (_offset, _size, value) => void (state = value & 1n) };
    const device = deviceOf(deviceHost([{ gpa: 0x1000n, model: lamp }]));
    device.write(0x1000n, 4, 0xffn);
    expect([device.read(0x1000n, 4), device.read(0x1004n, 2), device.read(0x1002n, 4)]).toEqual([1n, 0xffffn, 0xffff_ffffn]);
  });

  test("leaves exits to what was recorded", () => {
    expect(deviceOf(hostOf("device")).exit({ kind: "msr-read", index: 1n })).toEqual([7n]);
  });
});

describe("the random host", () => {
  test("answers the same fault in the same way, and another fault or seed in another", () => {
    expect(randomRead(1, 0n)).toBe(randomRead(1, 0n));
    expect(new Set([randomRead(1, 0n), randomRead(2, 0n), randomRead(1, 4n)]).size).toBe(3);
  });
});

describe("--host", () => {
  test("says which host it was, seed included", async () => {
    const { status, talk } = await trapline(["replay", trace, "--host", "random"]);
    expect({ status, talk }).toEqual({ status: 0, talk: "host random:1\n32 faults: 32 emulated, 0 refused\n" });
  });

  test("gives the same bytes for the same seed, and others for another", async () => {
    expect(await outputOf("hostile:3")).toBe(await outputOf("hostile:3"));
    expect(await outputOf("random:3")).not.toBe(await outputOf("random:4"));
  });

  test.each([
    ["moon", "host moon: there is none of this name; there are recorded, random[:SEED]"],
    ["random:x", "host random:x: expected a seed"],
    ["device:toaster", "host device:toaster: there is no device model toaster; there are registers, pl011, virtio-mmio"],
    ["recorded:1", "takes nothing behind a colon"],
  ])("%s is told to be wrong", async (host, message) => {
    const { status, talk } = await trapline(["replay", trace, "--host", host]);
    expect(status).toBe(2);
    expect(talk).toContain(message);
  });

  test("a host with state takes no parts of a trace, and the fast path is compared with recorded answers only", async () => {
    expect(await trapline(["replay", trace, "--host", "device", "--shard", "1/2"])).toMatchObject({ status: 2 });
    expect(await trapline(["replay", trace, "--host", "random", "--check-fast"])).toMatchObject({ status: 2 });
  });

  test("works for summary too", async () => {
    expect((await trapline(["summary", trace, "--host", "device"])).output).toContain("pairs");
  });
});
