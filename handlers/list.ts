import type { Architecture, Handler } from "../src/handler.ts";
import armSyndrome from "./arm-syndrome.ts";
import hyperv from "./hyperv.ts";
import kvmRun from "./kvm-run.ts";
import riscvHtinst from "./riscv-htinst.ts";
import sel4, { sel4Mcs } from "./sel4.ts";
import sevEs from "./sev-es/guest.ts";
import tdx from "./tdx.ts";

/** The built-in handlers. The first that serves an architecture is that architecture's default. */
export const HANDLERS: readonly Handler[] = [tdx, armSyndrome, riscvHtinst, sevEs, hyperv, sel4, sel4Mcs, kvmRun];

/** The handler that a command uses where none is named (contract, section 3). */
export function defaultHandler(architecture: Architecture): Handler {
  const handler = HANDLERS.find(({ architectures }) => architectures.includes(architecture));
  if (handler === undefined) throw new Error(`no built-in handler serves ${architecture}`);
  return handler;
}
