import type { Analyst } from "../capture/analyst.ts";
import { Connection } from "../capture/connection.ts";
import { architectureOf } from "../capture/registers.ts";
import { openSocket } from "../capture/socket.ts";
import { Stub } from "../capture/stub.ts";
import { loadIsa } from "../isa/list.ts";
import { ARCHITECTURES } from "../model/architecture.ts";
import type { GuestFacts } from "../model/fault.ts";
import { analystOf } from "./analyst.ts";

/** A stub, and what knows the instructions of its machine. */
export interface OpenMachine {
  readonly stub: Stub;
  readonly analyst: Analyst;
  close(): void;
}

/** Connects to the GDB stub at a TCP port. Throws a CaptureError where that is none, or its machine none of ours. */
export async function openMachine(host: string, port: number, guest: GuestFacts): Promise<OpenMachine> {
  const connection = new Connection(await openSocket(host, port), `${host}:${port}`);
  try {
    const stub = await Stub.open(connection);
    const architecture = architectureOf(stub.description);
    if (architecture === undefined) {
      const told = stub.description.architecture ?? (stub.description.features.join(", ") || "nothing of its architecture");
      throw connection.error(`the stub's machine is ${told}, and a capture knows ${ARCHITECTURES.join(", ")} (Arm without M profile)`);
    }
    return { stub, analyst: analystOf(await loadIsa(architecture), guest), close: () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}
