import { DEFAULT_POLICY, type Policy } from "../emulate/policy.ts";
import { type Device, defineHandler, type Host, type Refusal } from "../handler.ts";
import type { Access } from "../model/access.ts";
import { truncate } from "../model/bits.ts";
import type { Fault, GuestFacts } from "../model/fault.ts";
import type { Isa } from "../model/instruction.ts";
import type { Outcome } from "../model/outcome.ts";
import { checkFaultShared, checkShared } from "../model/shared-bit.ts";
import { type Difference, findDifferences } from "../replay/differences.ts";
import { type Replayed, replayFault, type ReplaySetup } from "../replay/replay.ts";
import { effectsOf } from "../replay/verify.ts";
import type { EmulatedAnswer } from "../trace/outcome-lines.ts";
import { isFailure, type Reply } from "./interview.ts";
import type { PeerFailure } from "./peer.ts";

/** Device accesses as they are, without any hypervisor's interface: what an answer is compared with knows no records. */
const PLAIN_DEVICE = defineHandler<Access, bigint>({
  name: "device",
  description: "the device itself",
  architectures: ["x86-64", "aarch64", "arm", "riscv64"],
  check: ({ fault, guest }) => checkFaultShared(fault, guest),
  handle(access, host, { guest }) {
    const value = checkShared(access.gpa, guest) ?? host.call(access);
    return typeof value === "bigint" ? { value: truncate(value, 8 * access.size), record: {} } : value;
  },
  host: (device: Device): Host<Access, bigint> => ({
    call({ write, gpa, size, value }: Access): bigint | Refusal {
      if (!write) return device.read(gpa, size);
      device.write(gpa, size, value);
      return 0n;
    },
  }),
});

/** How an answer stands to ours. */
export type Judgement =
  | { readonly verdict: "exact" }
  /** The program refuses what we emulate: less than could be, and not wrong. */
  | { readonly verdict: "refused"; readonly reason: string; readonly message: string | undefined }
  /** The program emulates what we have no opinion about. */
  | { readonly verdict: "unjudged" }
  /** It does something else. No difference: it emulates what must be refused. */
  | { readonly verdict: "wrong"; readonly answer: EmulatedAnswer; readonly differences: readonly Difference[] }
  | { readonly verdict: "no answer"; readonly failure: PeerFailure };

/** What is right, and how far an answer is from it. */
export class Reference {
  readonly isa: Isa;
  readonly #setup: ReplaySetup;

  constructor(isa: Isa, guest: GuestFacts, policy: Partial<Policy> = {}) {
    this.isa = isa;
    this.#setup = { isa, guest, handler: PLAIN_DEVICE, policy: { ...DEFAULT_POLICY, ...policy } };
  }

  /** What the machine would do. */
  replay(fault: Fault): Replayed {
    return replayFault(fault, this.#setup);
  }

  judge(fault: Fault, { outcome, instruction }: Replayed, reply: Reply): Judgement {
    if (isFailure(reply)) return { verdict: "no answer", failure: reply };
    if (outcome.kind === "refused") return judgeAcceptance(outcome, reply);
    if (reply.status === "refused") return { verdict: "refused", reason: reply.reason ?? "no reason given", message: reply.message };
    const { set } = fault.registers;
    const theirs = { calls: reply.calls, pc: reply.after.pc, registers: reply.after.registers, memory: reply.after.memory };
    const differences = findDifferences(fault, instruction!, effectsOf(outcome, set), theirs);
    // What leaves the guest counts in all its bits: the rest of a wide register is none of the host's business.
    if (differences.every(({ kind }) => kind !== "accesses") && reply.calls.some(({ write, size, value }) => write && value !== truncate(value, 8 * size))) {
      differences.unshift({ kind: "accesses", expected: outcome.calls, actual: reply.calls });
    }
    return differences.length === 0 ? { verdict: "exact" } : { verdict: "wrong", answer: reply, differences };
  }
}

/** What we refuse, which the program may have emulated. The reason that it gives for a refusal is for people. */
function judgeAcceptance(outcome: Extract<Outcome, { kind: "refused" }>, reply: Exclude<Reply, PeerFailure>): Judgement {
  if (reply.status === "refused") return { verdict: "exact" };
  return outcome.refusal.reason === "unsupported-instruction" ? { verdict: "unjudged" } : { verdict: "wrong", answer: reply, differences: [] };
}

/** Name under which a fault is counted: its instruction's form, or what the bytes are instead. */
export function formName({ outcome, instruction }: Replayed): string {
  if (instruction !== undefined) return instruction.form;
  return outcome.kind === "refused" ? `(${outcome.refusal.reason})` : outcome.form;
}
