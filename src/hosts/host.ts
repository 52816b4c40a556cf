import type { Device, Host } from "../handler.ts";
import type { Fault } from "../model/fault.ts";
import { RecordedDevice } from "./recorded-device.ts";

/**
 * What answers a handler's hypercalls while faults are replayed: a device behind the handler's own honest host, or a host that is not
 * honest. One object serves a whole trace; `connect` is called once for each fault, in order.
 */
export interface HostModel {
  /** As `--host` names it, its seed included: what a person needs to get the same answers again. */
  readonly name: string;
  /** Its answers depend on the faults before: the trace must be replayed from its start, in one piece. */
  readonly stateful?: true;
  /** The host for one fault. `honest` makes the handler's own host in front of a device. */
  connect(honest: (device: Device) => Host<unknown, unknown>, fault: Fault): Host<unknown, unknown>;
}

/** The values that the trace recorded, in order; a fault that has no more of them is refused with `missing-read`. */
export const RECORDED: HostModel = {
  name: "recorded",
  connect: (honest, { reads }) => honest(new RecordedDevice(reads)),
};
