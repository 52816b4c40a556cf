/**
 * The test kit for vitest: importing it adds the matchers `toDecodeAs`, `toEmit`, `toRefuse` and `toMatchTruth` to `expect`, and gives
 * fixtures for traces, hosts, and random faults of any form, which shrink to the smallest that fails. vitest and fast-check are yours to
 * install.
 *
 *     import { expect, test } from "vitest";
 *     import { check, faults, replayGenerated } from "trapline/vitest";
 *     import handler from "./my-handler.ts";
 *
 *     test("every fault that is emulated is emulated through my handler", async () => {
 *       await check(faults("aarch64"), (fault) => {
 *         expect(replayGenerated(fault, handler)).toMatchTruth(fault);
 *       });
 *     });
 */
import { addMatchers } from "./kit/matchers.ts";

export type { FaultWish, GeneratedFault } from "./generate/fault.ts";
export type { KitMatchers } from "./kit/matchers.ts";
export type { DeviceModel } from "./hosts/devices/model.ts";
export { Pl011 } from "./hosts/devices/pl011.ts";
export { RegisterBlock } from "./hosts/devices/register-block.ts";
export { VirtioMmio } from "./hosts/devices/virtio-mmio.ts";
export { deviceHost, type PlacedDevice } from "./hosts/device.ts";
export { type HostModel, RECORDED } from "./hosts/host.ts";
export { type Attack, ATTACKS, hostileHost } from "./hosts/hostile.ts";
export { hostOf } from "./hosts/list.ts";
export { randomHost } from "./hosts/random.ts";
export { check, type FaultOptions, faults } from "./kit/arbitrary.ts";
export type { CallText, DecodeExpectation } from "./kit/expectations.ts";
export { read, replayGenerated, type RunOptions, test, traceFaults, write } from "./kit/fixtures.ts";

addMatchers();
