import { describe, expect, test } from "vitest";
import { parseStop } from "../../src/capture/stop-reply.ts";

describe("stop replies", () => {
  test.each([
    ["S05", { kind: "stopped", signal: 5 }],
    ["T05thread:01;watch:9000000;", { kind: "stopped", signal: 5, thread: "01", watchpoint: { type: "watch", address: 0x9000000n } }],
    ["T05thread:p1.2;rwatch:ffffffffffffffff;", { kind: "stopped", signal: 5, thread: "p1.2", watchpoint: { type: "rwatch", address: 0xffffffffffffffffn } }],
    ["T05awatch:10;06:0*;core:1;", { kind: "stopped", signal: 5, watchpoint: { type: "awatch", address: 0x10n } }],
    ["T0bthread:1;", { kind: "stopped", signal: 11, thread: "1" }],
    ["T05swbreak:;hwbreak:;", { kind: "stopped", signal: 5 }],
    // What makes no sense is left out, and never taken for something else.
    ["T05watch:;thread:xyz;watch", { kind: "stopped", signal: 5 }],
    ["W00", { kind: "exited", how: "ended with status 0" }],
    ["W2a;process:1", { kind: "exited", how: "ended with status 42" }],
    ["X09", { kind: "exited", how: "was killed by signal 9" }],
  ])("%s", (data, stop) => expect(parseStop(data)).toEqual(stop));
  test.each(["", "OK", "E01", "T", "T5", "Szz", "N", "w1"])("%j is none", (data) => expect(parseStop(data)).toBeUndefined());
});
