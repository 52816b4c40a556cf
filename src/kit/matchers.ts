import { expect } from "vitest";
import { DEFAULT_POLICY } from "../emulate/policy.ts";
import { emulate } from "../emulate/emulate.ts";
import type { GeneratedFault } from "../generate/fault.ts";
import type { InstructionSet } from "../model/architecture.ts";
import { bytesToHexadecimal } from "../model/bits.ts";
import type { Outcome } from "../model/outcome.ts";
import { Refusal, type RefusalReason } from "../model/refusal.ts";
import { compare } from "../replay/verify.ts";
import type { Replayed } from "../replay/replay.ts";
import type { TraceRecord } from "../trace/record.ts";
import type { CallText, DecodeExpectation } from "./expectations.ts";
import { ISAS } from "./isas.ts";
import { afterLines, callText, faultText, sideBySide } from "./text.ts";

/** What vitest asks of a matcher. */
interface Verdict {
  readonly pass: boolean;
  message(): string;
}

/** The matchers of the kit. */
export interface KitMatchers {
  /** Instruction bytes (hex in memory order, or an array) are decoded as this; only what is named is looked at. */
  toDecodeAs(expected: DecodeExpectation): void;
  /** A replayed fault was emulated with exactly these device accesses, in this order. */
  toEmit(expected: readonly CallText[]): void;
  /** A replayed fault was refused for this reason, and the message says this. */
  toRefuse(reason: RefusalReason, message?: RegExp | string): void;
  /** A replayed fault came to what the record of its trace, or the generated fault, says: accesses, registers, RAM, program counter. */
  toMatchTruth(truth: TraceRecord | GeneratedFault): void;
}

declare module "vitest" {
  interface Matchers<T> extends KitMatchers {}
}

/** Adds the matchers to vitest's `expect`; importing the kit does it. */
export function addMatchers(): void {
  expect.extend(MATCHERS);
}

const MATCHERS = {
  toDecodeAs: (received: unknown, expected: DecodeExpectation) => decodeVerdict(received, expected),
  toEmit: (received: unknown, expected: readonly CallText[]) => emitVerdict(outcomeOf("toEmit", received), expected),
  toRefuse: (received: unknown, reason: RefusalReason, message?: RegExp | string) => refuseVerdict(outcomeOf("toRefuse", received), reason, message),
  toMatchTruth: (received: unknown, truth: TraceRecord | GeneratedFault) => truthVerdict(received, truth),
};

/** A replayed fault, or its outcome alone. */
function outcomeOf(matcher: string, received: unknown): Outcome {
  const candidate = typeof received === "object" && received !== null && "outcome" in received ? received.outcome : received;
  if (typeof candidate === "object" && candidate !== null && "kind" in candidate && (candidate.kind === "emulated" || candidate.kind === "refused")) return candidate as Outcome;
  throw new TypeError(`${matcher}: expected what replayFault() or replayGenerated() returns, got ${received === null ? "null" : typeof received}`);
}

const SETS = { "x86-64": "x86-64", aarch64: "a64", arm: "a32", riscv64: "rv64" } as const satisfies Record<string, InstructionSet>;

function decodeVerdict(received: unknown, { architecture, thumb, reason, ...facts }: DecodeExpectation): Verdict {
  const bytes = bytesOf(received);
  const decoded = ISAS[architecture].decode(bytes, thumb ? "t32" : SETS[architecture]);
  const refusal = decoded instanceof Refusal ? decoded : decoded.operation instanceof Refusal ? decoded.operation : undefined;
  const found: Record<string, unknown> = decoded instanceof Refusal ? {} : { ...decoded };
  const wanted: [string, unknown][] = Object.entries(facts);
  const rows = wanted.map(([name, value]) => ({ name, wanted: show(value), got: decoded instanceof Refusal ? `none: ${decoded.detail}` : show(found[name]) }));
  if (reason !== undefined) rows.push({ name: "reason", wanted: reason, got: refusal?.reason ?? "emulated" });
  const pass = rows.every((row) => row.wanted === row.got);
  return {
    pass,
    message: () =>
      `${bytesToHexadecimal(bytes)} is ${pass ? "" : "not "}decoded as expected\n\n${sideBySide(
        ["expected", "decoded"],
        rows.map((row) => `${row.name}: ${row.wanted}`),
        rows.map((row) => `${row.name}: ${row.got}`),
      )}`,
  };
}

function show(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function bytesOf(received: unknown): Uint8Array {
  if (received instanceof Uint8Array) return received;
  const digits = typeof received === "string" ? received.replaceAll(/\s/g, "") : "";
  if (!/^([0-9a-f]{2})+$/i.test(digits)) throw new TypeError("toDecodeAs: expected instruction bytes in memory order, as hex or a Uint8Array");
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

function emitVerdict(outcome: Outcome, expected: readonly CallText[]): Verdict {
  if (outcome.kind === "refused") return { pass: false, message: () => `the fault was refused, ${outcome.refusal.reason}: ${outcome.message}` };
  const [wanted, got] = [expected.map(callText), outcome.calls.map(callText)];
  const pass = wanted.join("\n") === got.join("\n");
  return { pass, message: () => `${outcome.form} makes ${pass ? "these" : "other"} device accesses\n\n${sideBySide(["expected", "emitted"], wanted, got)}` };
}

function refuseVerdict(outcome: Outcome, reason: RefusalReason, message?: RegExp | string): Verdict {
  if (outcome.kind === "emulated") {
    const calls = outcome.calls.map(callText).join("\n");
    return { pass: false, message: () => `${outcome.form} was emulated, and not refused for ${reason}\n\n${calls}` };
  }
  const says = message === undefined || (typeof message === "string" ? outcome.message.includes(message) : message.test(outcome.message));
  const pass = outcome.refusal.reason === reason && says;
  const wanted = `${reason}${message === undefined ? "" : `, with ${String(message)}`}`;
  return { pass, message: () => `the fault was refused for ${outcome.refusal.reason}, expected ${pass ? "another reason than " : ""}${wanted}\n\n${outcome.message}` };
}

function truthVerdict(received: unknown, truth: TraceRecord | GeneratedFault): Verdict {
  const outcome = outcomeOf("toMatchTruth", received);
  if ("chosen" in truth) return generatedVerdict(outcome, truth);
  if (typeof received !== "object" || received === null || !("instruction" in received)) throw new TypeError("toMatchTruth: expected what replayFault() returns");
  if (outcome.kind === "refused") return { pass: false, message: () => `the fault was refused, ${outcome.refusal.reason}: ${outcome.message}` };
  const { verdict, differences } = compare(truth, received as Replayed);
  if (verdict === "unknown") throw new TypeError("toMatchTruth: the record has no truth (neither calls nor after)");
  const calls = truth.calls === undefined ? [] : ["", sideBySide(["the machine", "replayed"], truth.calls.map(callText), outcome.calls.map(callText))];
  return {
    pass: verdict === "exact",
    message: () => [`${outcome.form} is ${verdict === "exact" ? "exactly" : "not"} what the machine did`, "", ...differences, ...calls].join("\n"),
  };
}

/** The truth of a generated fault is the reference's: the same fault, without any handler, with the device values that it holds. */
function generatedVerdict(outcome: Outcome, generated: GeneratedFault): Verdict {
  const { expected } = generated;
  if (expected !== "emulated") return refuseVerdict(outcome, expected);
  const about = `\n\nthe fault:\n${faultText(generated)}`;
  if (outcome.kind === "refused") return { pass: false, message: () => `the fault was refused, ${outcome.refusal.reason}: ${outcome.message}${about}` };
  const truth = referenceOf(generated);
  const [calls, ours] = [truth.calls.map(callText), outcome.calls.map(callText)];
  const { registers } = generated.isa;
  const [wanted, got] = [afterLines(truth, registers), afterLines(outcome, registers)];
  const names = [...new Set([...wanted.keys(), ...got.keys()])];
  const lines = (side: ReadonlyMap<string, string>): string[] => names.map((name) => `${name} ${side.get(name) ?? "unchanged"}`);
  const pass = calls.join("\n") === ours.join("\n") && lines(wanted).join("\n") === lines(got).join("\n");
  return {
    pass,
    message: () =>
      `${outcome.form} comes ${pass ? "" : "not "}to what it should\n\n${sideBySide(["accesses expected", "emitted"], calls, ours)}\n\n${sideBySide(["afterwards expected", "got"], lines(wanted), lines(got))}${about}`,
  };
}

function referenceOf({ fault, form, instruction, guest, wish }: GeneratedFault): Pick<Extract<Outcome, { kind: "emulated" }>, "calls" | "after"> {
  let next = 0;
  const missing = new Refusal("missing-read", "the generated fault has no more values", "generate another");
  const policy = { ...DEFAULT_POLICY, ...wish.policy };
  const emulation = emulate(instruction!, form.instructionSet, fault, guest, policy, ({ write }) => (write ? 0n : (fault.reads[next++] ?? missing)));
  if (emulation instanceof Refusal) throw new Error(`a generated fault is not emulated: ${emulation.detail}`);
  return emulation;
}
