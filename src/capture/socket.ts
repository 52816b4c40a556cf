import { connect } from "node:net";
import type { Transport } from "./connection.ts";
import { CaptureError } from "./error.ts";

/** Milliseconds to wait for a connection. */
const CONNECT_TIMEOUT = 5000;

/** Connects to a stub over TCP. Throws a {@link CaptureError} that says what to do. */
export async function openSocket(host: string, port: number): Promise<Transport> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    const give = (problem: string): void => {
      socket.destroy();
      reject(new CaptureError(`${host}:${port}: ${problem}`));
    };
    socket.setTimeout(CONNECT_TIMEOUT, () => give(`no connection within ${CONNECT_TIMEOUT / 1000} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => give(explain(error)));
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.removeAllListeners("error");
      resolve();
    });
  });
  return {
    write: (bytes) => void socket.write(bytes),
    listen: (data, end) => {
      socket.on("data", data);
      socket.on("error", (error) => end(explain(error)));
      socket.on("close", () => end(undefined));
    },
    close: () => void socket.destroy(),
  };
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused: nothing listens there; start QEMU with -S -gdb tcp::PORT, or gdbserver :PORT PROGRAM";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "no such host";
    case "ECONNRESET":
    case "EPIPE":
      return "the other side reset the connection";
    default:
      return message;
  }
}
