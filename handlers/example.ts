// A handler to copy. It is complete and works: trapline replay TRACE --handler handlers/example.ts
//
// It speaks a small hypercall interface that does not exist. The guest puts four values into registers and traps:
//
//   function  1 reads a device register, 2 writes one
//   address   guest physical address of the device register
//   size      bytes: 1, 2, 4 or 8
//   value     what to write; 0 for a read
//
// and finds two in them afterwards:
//
//   status    0 done, 1 no device at this address, 2 not this size; anything else breaks the agreement
//   value     what was read
//
// In a file outside this package the import comes from "trapline/handler" instead.
import { type Access, defineHandler, type Device, type Handled, hexadecimal, type Host, Refusal, truncate } from "../src/handler.ts";

// What leaves the guest. Everything in it is seen by a host that nobody trusts: put nothing in that the call does not need.
interface Request {
  readonly function: bigint;
  readonly address: bigint;
  readonly size: bigint;
  readonly value: bigint;
}

// What comes back. A hostile host puts there whatever it likes: believe nothing in it before it is checked.
interface Reply {
  readonly status: bigint;
  readonly value: bigint;
}

const READ = 1n;
const WRITE = 2n;

const DONE = 0n;
// The words that a person finds in the refusal, by status.
const ERRORS: ReadonlyMap<bigint, string> = new Map([
  [1n, "no device at this address"],
  [2n, "the device has no register of this size here"],
]);

// defineHandler changes nothing: it checks the object against the contract, and gives `host` below its types.
export default defineHandler<Request, Reply>({
  // The name for --handler and in error messages.
  name: "example",
  // One line for --help.
  description: "the handler to copy: a hypercall of four registers",
  // The architectures whose faults it can serve. This interface is the same on all of them.
  architectures: ["x86-64", "aarch64", "arm", "riscv64"],

  // Called once for each device access of an instruction, in order. `access` is all that is known of it here: address, size,
  // direction, and the value of a write. Of the guest's registers a handler sees nothing else.
  handle(access: Access, host: Host<Request, Reply>): Handled | Refusal {
    const { write, gpa, size } = access;
    // Cut the value to the bytes that the instruction stores: the rest of its register is the guest's secret.
    const written = write ? truncate(access.value, 8 * size) : 0n;
    const request: Request = { function: write ? WRITE : READ, address: gpa, size: BigInt(size), value: written };
    // The hypercall. It may answer with a refusal, which ends the instruction: hand it on as it is.
    const reply = host.call(request);
    if (reply instanceof Refusal) return reply;
    // Check everything that came back. A refusal has a reason of the contract's list, what was found, and what a person can do.
    if (reply.status !== DONE) {
      const meaning = ERRORS.get(reply.status) ?? "a status that the interface does not have";
      return new Refusal(
        "hypercall-failed",
        `the host answered status ${hexadecimal(reply.status)} (${meaning}) for ${hexadecimal(gpa)}`,
        "check that the host emulates a device there",
      );
    }
    // Take only the bytes that were asked for. Extension to the register is not done here: the emulator knows the instruction.
    const value = write ? 0n : truncate(reply.value, 8 * size);
    // The record goes into the replay output. It must be plain JSON, so integers are strings "0x…", and it must depend on nothing but
    // the access and the answer, so that two replays of a trace are the same byte for byte.
    return {
      value,
      record: {
        function: hexadecimal(request.function),
        address: hexadecimal(request.address),
        size: hexadecimal(request.size),
        value: hexadecimal(write ? written : value),
      },
    };
  },

  // The honest other side of the same interface: replay and the tests call it. `device` gives the values that the trace recorded.
  host(device: Device): Host<Request, Reply> {
    return {
      call(request: Request): Reply | Refusal {
        const size = Number(request.size);
        // A host checks its guest as well.
        if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return { status: 2n, value: 0n };
        if (request.function === WRITE) {
          device.write(request.address, size, request.value);
          return { status: DONE, value: 0n };
        }
        const value = device.read(request.address, size);
        // The trace has no value left: say so, and the fault is refused with `missing-read`.
        if (value instanceof Refusal) return value;
        return { status: DONE, value };
      },
    };
  },
});
