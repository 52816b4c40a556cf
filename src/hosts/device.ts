import { type Device, type Exit, type Refusal, truncate } from "../handler.ts";
import type { DeviceModel } from "./devices/model.ts";
import { Pl011 } from "./devices/pl011.ts";
import { RegisterBlock } from "./devices/register-block.ts";
import { VirtioMmio } from "./devices/virtio-mmio.ts";
import type { HostModel } from "./host.ts";
import { RecordedDevice } from "./recorded-device.ts";

/** The one list of models that `--host device:NAME` knows. */
export const DEVICE_MODELS = {
  registers: () => new RegisterBlock(),
  pl011: () => new Pl011(),
  "virtio-mmio": () => new VirtioMmio(),
} as const satisfies Readonly<Record<string, () => DeviceModel>>;

export type DeviceModelName = keyof typeof DEVICE_MODELS;

/** A model and the guest physical address of its first register. */
export interface PlacedDevice {
  readonly gpa: bigint;
  readonly model: DeviceModel;
}

const PAGE = 0x1000n;
/** Bits of a physical address that a TDX guest uses to mark it shared: the device is the same with and without. */
const SHARED_BITS = (1n << 47n) | (1n << 51n);

/**
 * An honest host in front of device models. `devices` are models at addresses of their own; or a function, which makes one for each page
 * that is accessed. Outside of all models a read gives all ones, as an empty bus does, and a write vanishes. Exits that are no device access
 * are answered with what the trace recorded.
 */
export function deviceHost(devices: readonly PlacedDevice[] | (() => DeviceModel), name = "device"): HostModel {
  const places = typeof devices === "function" ? undefined : devices;
  const pages = new Map<bigint, PlacedDevice>();
  const find = (gpa: bigint): PlacedDevice | undefined => {
    if (places !== undefined) return places.find(({ gpa: start, model }) => gpa >= start && gpa < start + BigInt(model.size));
    const start = gpa - (gpa % PAGE);
    let placed = pages.get(start);
    if (placed === undefined) pages.set(start, (placed = { gpa: start, model: (devices as () => DeviceModel)() }));
    return placed;
  };
  return {
    name,
    stateful: true,
    connect: (honest, { reads }) => honest(new ModelledDevice(find, new RecordedDevice(reads))),
  };
}

class ModelledDevice implements Device {
  readonly #find: (gpa: bigint) => PlacedDevice | undefined;
  readonly #recorded: RecordedDevice;

  constructor(find: (gpa: bigint) => PlacedDevice | undefined, recorded: RecordedDevice) {
    this.#find = find;
    this.#recorded = recorded;
  }

  read(gpa: bigint, size: 1 | 2 | 4 | 8): bigint {
    const found = this.#locate(gpa, size);
    return found === undefined ? (1n << BigInt(8 * size)) - 1n : found.model.read(found.offset, size);
  }

  write(gpa: bigint, size: 1 | 2 | 4 | 8, value: bigint): void {
    const found = this.#locate(gpa, size);
    found?.model.write(found.offset, size, truncate(value, 8 * size));
  }

  exit(exit: Exit): readonly bigint[] | Refusal {
    return this.#recorded.exit(exit);
  }

  /** The model that holds all bytes of an access. */
  #locate(gpa: bigint, size: number): { readonly model: DeviceModel; readonly offset: number } | undefined {
    const address = gpa & ~SHARED_BITS;
    const placed = this.#find(address);
    if (placed === undefined) return undefined;
    const offset = Number(address - placed.gpa);
    return offset + size <= placed.model.size ? { model: placed.model, offset } : undefined;
  }
}
