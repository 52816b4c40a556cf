// Where our decoder and iced-x86 differ on purpose. Each difference names the manual's section that decides it.
import { type Verdict, icedVerdict, ourVerdict } from "./iced.ts";
import { LEGACY_PREFIXES } from "./generator.ts";

type OurVerdict = ReturnType<typeof ourVerdict>;

interface KnownDifference {
  readonly name: string;
  /** What decides, and how. */
  readonly decidedBy: string;
  applies(bytes: Uint8Array, iced: Verdict, ours: OurVerdict): boolean;
}

/** Position of the first byte that is neither a legacy prefix nor REX. */
function prefixEnd(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => !(LEGACY_PREFIXES as readonly number[]).includes(byte) && (byte & 0xf0) !== 0x40);
}

function usesApx(bytes: Uint8Array, ours: OurVerdict): boolean {
  const at = prefixEnd(bytes);
  if (bytes[at] === 0xd5) return true;
  if (bytes[at] !== 0x62) return false;
  const [first, second] = [bytes[at + 1]!, bytes[at + 2]!];
  const highRegister = (first & 0x10) === 0 && / (r32|r64)\b/.test(ours.instruction?.form ?? "");
  return (
    (first & 7) === 4 || (first & 8) !== 0 || (second & 4) === 0 || highRegister || (ours.instruction?.form.includes("[EVEX.L0.") ?? false)
  );
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "APX",
    decidedBy: "Intel APX architecture specification, section 3.1 (REX2, EVEX): iced-x86 1.21 is older and calls these invalid",
    applies: (bytes, iced, ours) => iced.kind !== "instruction" && usesApx(bytes, ours),
  },
  {
    name: "UD0, UD1, UD2",
    decidedBy: "SDM volume 2B, UD: they raise #UD, so that nothing is executed; iced-x86 names them as instructions",
    applies: (_, iced, ours) => /^ud[012]$/.test(iced.mnemonic) && ours.kind === "undefined",
  },
  {
    name: "CLFLUSH, CLFLUSHOPT, CLWB, UMONITOR",
    decidedBy: "SDM volume 2A, CLFLUSH; volume 2B, UMONITOR: they take an address and transfer no data; iced-x86 calls that a read",
    applies: (_, iced, ours) => /^(cl(flush|flushopt|wb)|umonitor)$/.test(iced.mnemonic) && ours.access === "none",
  },
  {
    name: "CLZERO",
    decidedBy: "APM volume 3, CLZERO: it writes a cache line at rAX",
    applies: (_, iced, ours) => iced.mnemonic === "clzero" && ours.access === "write",
  },
  {
    name: "BNDLDX, BNDSTX",
    decidedBy: "SDM volume 2A, BNDLDX and BNDSTX: they load and store a bound table entry; iced-x86 counts no access",
    applies: (_, iced, ours) => /^bnd(ldx|stx)$/.test(iced.mnemonic) && ours.access === (iced.mnemonic === "bndldx" ? "read" : "write"),
  },
  {
    name: "VIA PadLock",
    decidedBy: "SDM volume 2D, table A-3: opcodes 0F A6 and 0F A7 are reserved on Intel and AMD processors",
    applies: (bytes, iced, ours) =>
      ours.kind === "undefined" && /^(x(store|crypt|sha|tbs)|montmul|ccs_|undoc)/.test(iced.mnemonic) && bytes.includes(0x0f),
  },
];

/** A difference that no entry of the list explains, in words; undefined if the two agree or the list explains it. */
export function unexplainedDifference(bytes: Uint8Array): string | undefined {
  const iced = icedVerdict(bytes);
  const ours = ourVerdict(bytes);
  const difference = describeDifference(iced, ours);
  if (difference === undefined || KNOWN_DIFFERENCES.some((each) => each.applies(bytes, iced, ours))) return undefined;
  return `${Buffer.from(bytes).toString("hex")}: ${difference}`;
}

function describeDifference(iced: Verdict, ours: OurVerdict): string | undefined {
  if (iced.kind !== ours.kind)
    return `iced-x86 says ${iced.kind} ${iced.mnemonic}, we say ${ours.kind} ${ours.instruction?.form ?? ours.mnemonic}`;
  if (iced.kind !== "instruction") return undefined;
  const form = ours.instruction!.form;
  if (iced.length !== ours.length) return `length ${iced.length} or ${ours.length}: ${form}`;
  if (iced.access !== ours.access) return `${iced.access} or ${ours.access}: ${form}`;
  if (iced.address !== undefined && ours.address !== undefined && iced.address !== ours.address)
    return `address ${iced.address} or ${ours.address}: ${form}`;
  if (ours.read === undefined || iced.read === undefined) return undefined;
  // Of an instruction that reads and writes and is only named, the sum is known, and not which part is which.
  const [theirSum, ourSum] = [iced, ours].map(({ read, written }) => read! + written!);
  const same = ours.halved ? theirSum === ourSum : iced.read === ours.read && iced.written === ours.written;
  return same ? undefined : `reads ${iced.read} and writes ${iced.written}, or ${ours.read} and ${ours.written} bytes: ${form}`;
}
