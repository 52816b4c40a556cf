// Layout of the IPC buffer and of the message info word, the labels and the message registers: libsel4, sel4/shared_types.h,
// sel4/shared_types.bf and sel4_arch/constants.h. The ways in which rust-sel4's bug could come back are tests here and in
// test/model/shared-page.test.ts.
import { describe, expect, test } from "vitest";
import sel4, { sel4Mcs } from "../../handlers/sel4.ts";
import type { Access, HandlerContext, Host, SharedMemory } from "../../src/handler.ts";
import { accessOf, CONTEXT, done, refusalOf } from "./contract.ts";

const PC = CONTEXT.fault.pc;
const address = { gpa: 0x0a00_0010n, gva: 0x4000_0010n };
const aarch64: HandlerContext = { ...CONTEXT, architecture: "aarch64" };
const riscv64: HandlerContext = { ...CONTEXT, architecture: "riscv64" };

function word(memory: SharedMemory, index: number): bigint {
  let value = 0n;
  for (let at = 0; at < 8; at++) value |= BigInt(memory[8 * index + at]!) << BigInt(8 * at);
  return value;
}

function put(memory: SharedMemory, index: number, value: bigint): void {
  for (let at = 0; at < 8; at++) memory[8 * index + at] = Number((value >> BigInt(8 * at)) & 0xffn);
}

/** A fault handler that notes the words of the buffer (word 0 is the message info) and puts others there. */
function handlerThat(replies: Readonly<Record<number, bigint>>): Host<SharedMemory, void> & { readonly seen: bigint[][] } {
  const seen: bigint[][] = [];
  return {
    seen,
    call: (memory) => {
      seen.push(Array.from({ length: 128 }, (_, index) => word(memory, index)));
      for (const [index, value] of Object.entries(replies)) put(memory, Number(index), value);
    },
  };
}

function buffer(words: readonly bigint[]): bigint[] {
  return [...words, ...Array.from({ length: 128 - words.length }, () => 0n)];
}

describe("the message", () => {
  test("of a read on AArch64: label 5, IP, Addr, no prefetch fault, an FSR of 32 bits with ISV = 1, the size", () => {
    const host = handlerThat({ 0: 1n, 1: 0x1234n });
    const { value, record } = done(sel4.handle(accessOf({ ...address, size: 2 }), host, aarch64));
    const fsr = (0x24n << 26n) | (1n << 25n) | (1n << 24n) | (1n << 22n) | 0x07n;
    expect(host.seen).toEqual([buffer([(5n << 12n) | 5n, PC, 0x0a00_0010n, 0n, fsr, 2n])]);
    expect(value).toBe(0x1234n);
    expect(record).toEqual({
      tag: "0x5005",
      label: "0x5",
      mrs: ["0x1000", "0xa000010", "0x0", `0x${fsr.toString(16)}`, "0x2"],
      reply: { tag: "0x1", mrs: ["0x1234"] },
    });
  });

  test("of a write on AArch64: WnR, SF by the size, and the value", () => {
    const host = handlerThat({ 0: 0n });
    const target = { ...accessOf({}).target, register: 9, sixtyFour: true };
    const { record } = done(
      sel4.handle(accessOf({ ...address, write: true, size: 8, value: 0xfedc_ba98_7654_3210n, target }), host, aarch64),
    );
    const fsr = (0x24n << 26n) | (1n << 25n) | (1n << 24n) | (3n << 22n) | (1n << 15n) | (1n << 6n) | 0x07n;
    expect(host.seen).toEqual([buffer([(5n << 12n) | 6n, PC, 0x0a00_0010n, 0n, fsr, 8n, 0xfedc_ba98_7654_3210n])]);
    expect(record["reply"]).toEqual({ tag: "0x0", mrs: [] });
  });

  test("keeps of the fault's own syndrome what says nothing of the transfer", () => {
    const host = handlerThat({ 0: 1n });
    const fault = { ...CONTEXT.fault, syndrome: 0xff_9600_0000n | (0x3ffn << 14n) | (3n << 11n) | 0x45n };
    done(sel4.handle(accessOf({ ...address, size: 1 }), host, { ...aarch64, fault }));
    expect(host.seen[0]![4]).toBe((0x25n << 26n) | (1n << 25n) | (1n << 24n) | (3n << 11n) | 0x05n);
  });

  test.each([
    [false, 13n],
    [true, 15n],
  ])("on RISC-V, write %s: FSR is five bits of the cause, %s", (write, fsr) => {
    const host = handlerThat({ 0: write ? 0n : 1n });
    done(sel4.handle(accessOf({ ...address, write, size: 4, value: 7n }), host, riscv64));
    expect(host.seen[0]!.slice(1, 6)).toEqual([PC, 0x0a00_0010n, 0n, fsr, 4n]);
    expect(host.seen[0]![4]! >> 5n).toBe(0n);
  });

  test("under MCS has label 6 and is the same otherwise", () => {
    const host = handlerThat({ 0: 1n });
    const mcs = done(sel4Mcs.handle(accessOf(address), host, aarch64));
    const plain = done(sel4.handle(accessOf(address), host, aarch64));
    expect(host.seen[0]![0]).toBe((6n << 12n) | 5n);
    expect(host.seen[0]!.slice(1)).toEqual(host.seen[1]!.slice(1));
    expect([mcs.record["label"], plain.record["label"]]).toEqual(["0x6", "0x5"]);
  });
});

describe("the reply", () => {
  test.each([
    ["a label: the thread must not go on", false, { 0: (1n << 12n) | 1n }, "has label 0x1"],
    ["no word for a read", false, { 0: 0n }, "has 0 words instead of 1"],
    ["two words for a read", false, { 0: 2n }, "has 2 words instead of 1"],
    ["a word for a write", true, { 0: 1n }, "has 1 words instead of 0"],
    ["a capability", false, { 0: (1n << 7n) | 1n }, "hands over capabilities"],
    ["an unwrapped capability", false, { 0: (1n << 9n) | 1n }, "hands over capabilities"],
    ["the message itself, unanswered", false, {}, "has label 0x5"],
  ] as const)("is refused with %s", (_, write, words, detail) => {
    const refusal = refusalOf(sel4.handle(accessOf({ ...address, write }), handlerThat(words), aarch64));
    expect(refusal.reason).toBe("hypercall-failed");
    expect(refusal.detail).toContain(detail);
  });

  test("counts with its low bytes only", () => {
    expect(done(sel4.handle(accessOf({ ...address, size: 1 }), handlerThat({ 0: 1n, 1: 0xffff_ffff_ffff_ff80n }), riscv64)).value).toBe(
      0x80n,
    );
  });
});

// rust-sel4: a reply read through a plain reference may be served from what was written before the call.
describe("rust-sel4's bug does not come back", () => {
  test("the value is the reply's message register 0, never the IP that was written there", () => {
    const { value } = done(sel4.handle(accessOf({ ...address, size: 8 }), handlerThat({ 0: 1n, 1: 0x5555n }), aarch64));
    expect(value).toBe(0x5555n);
    expect(value).not.toBe(PC);
  });

  test("the buffer is filled before the call and not touched between the call and the reading", () => {
    const events: string[] = [];
    const memory = new Proxy(new Uint8Array(1024), {
      get: (target, key) => {
        if (typeof key === "string" && /^\d+$/.test(key)) events.push("read");
        return Reflect.get(target, key, target);
      },
      set: (target, key, value: number) => {
        events.push("write");
        return Reflect.set(target, key, value, target);
      },
    });
    const host: Host<SharedMemory, void> = {
      share: () => memory,
      call: () => {
        events.push("call");
      },
    };
    refusalOf(sel4.handle(accessOf(address), host, aarch64));
    const call = events.indexOf("call");
    expect(new Set(events.slice(0, call))).toEqual(new Set(["write"]));
    expect(new Set(events.slice(call + 1))).toEqual(new Set(["read"]));
  });

  test("a buffer that changes at every look is looked at once: the checked message info is the one in the record", () => {
    let looks = 0;
    const host: Host<SharedMemory, void> = {
      share: (length) =>
        new Proxy(new Uint8Array(length), {
          // The first look at each byte of the message info shows a good reply; a second one would show a label.
          get: (target, key) =>
            typeof key !== "string" || !/^\d+$/.test(key) ? Reflect.get(target, key, target) : looks++ === 0 ? 1 : looks <= 8 ? 0 : 0xee,
        }),
      call: () => {},
    };
    const { value, record } = done(sel4.handle(accessOf({ ...address, size: 4 }), host, aarch64));
    expect(value).toBe(0xeeee_eeeen);
    expect(record["reply"]).toEqual({ tag: "0x1", mrs: ["0xeeeeeeee"] });
    expect(looks).toBe(12);
  });

  test("a fault handler that answers late changes nothing any more", () => {
    let kept: SharedMemory | undefined;
    const host: Host<SharedMemory, void> = {
      call: (memory) => {
        kept = memory;
        put(memory, 0, 1n);
        put(memory, 1, 0x11n);
      },
    };
    const handled = done(sel4.handle(accessOf(address), host, aarch64));
    put(kept!, 1, 0x22n);
    expect(handled.value).toBe(0x11n);
  });

  test("each message has a buffer of its own: nothing of an earlier one is left in it", () => {
    const host = handlerThat({ 0: 0n });
    done(
      sel4.handle(accessOf({ ...address, write: true, size: 8, value: 0xaaaa_aaaa_aaaa_aaaan } satisfies Partial<Access>), host, aarch64),
    );
    done(sel4.handle(accessOf({ ...address, write: true, size: 1, value: 1n }), host, aarch64));
    expect(host.seen[1]![6]).toBe(1n);
    expect(host.seen[1]!.slice(7)).toEqual(buffer([]).slice(7));
  });
});

test("the other side replies with a label to what it does not know", () => {
  const host = sel4.host({ read: () => 0n, write: () => {}, exit: () => [] });
  for (const words of [
    [(6n << 12n) | 5n, 1n, 2n, 0n, 3n, 4n],
    [(5n << 12n) | 5n, 1n, 2n, 1n, 3n, 4n],
    [(5n << 12n) | 5n, 1n, 2n, 0n, 3n, 3n],
  ]) {
    const memory = new Uint8Array(1024);
    words.forEach((each, index) => put(memory, index, each));
    host.call(memory);
    expect(word(memory, 0)).toBe(1n << 12n);
  }
});
