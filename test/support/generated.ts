import kvmRun from "../../handlers/kvm-run.ts";
import type { Architecture, Handler } from "../../src/handler.ts";

/** A handler that has no facts of its own to check, for faults that no hypervisor's conventions shaped. */
export function handlerFor(architecture: Architecture): Handler {
  if (!kvmRun.architectures.includes(architecture)) throw new Error(`kvm-run does not serve ${architecture}`);
  return kvmRun as Handler;
}
