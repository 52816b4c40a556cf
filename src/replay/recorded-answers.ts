import { type Access, ARCHITECTURES, defineHandler, type Device, Refusal } from "../handler.ts";

/**
 * In place of a handler: answers each access with what the device returned, as the trace has it. What is left is the emulation itself, which is what
 * the fast path does; a handler may take something else out of its host's answer.
 */
export const RECORDED_ANSWERS = defineHandler<Access, bigint>({
  name: "recorded-answers",
  description: "no hypercall: the answers of the trace",
  architectures: ARCHITECTURES,

  handle(access, host) {
    const value = host.call(access);
    return value instanceof Refusal ? value : { value, record: {} };
  },

  host(device: Device) {
    return {
      call(access) {
        if (!access.write) return device.read(access.gpa, access.size);
        device.write(access.gpa, access.size, access.value);
        return 0n;
      },
    };
  },
});
