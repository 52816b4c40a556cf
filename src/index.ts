/**
 * The library: what the commands are made of. `trapline/handler` holds what a handler module needs.
 *
 * Opening and replaying a trace:
 *
 *     const trace = await openTrace("trace.jsonl");
 *     const setup = await setUpReplay(trace.header, { handler: "tdx" });
 *     for await (const record of trace.records) {
 *       const { outcome } = replayFault(record.fault, setup);
 *     }
 */
export { DEFAULT_POLICY, type Policy } from "./emulate/policy.ts";
export { loadIsa } from "./isa/list.ts";
export type { Call } from "./model/access.ts";
export { ARCHITECTURES, type Architecture, type InstructionSet } from "./model/architecture.ts";
export type { Fault, GuestFacts, MemoryRange, Window } from "./model/fault.ts";
export type { Direction, Instruction, Isa } from "./model/instruction.ts";
export type { Operation } from "./model/operation.ts";
export type { After, Emulated, Outcome, Refused, RegisterChange } from "./model/outcome.ts";
export { REFUSAL_REASONS, Refusal, type RefusalReason } from "./model/refusal.ts";
export { type Register, type RegisterDescription, RegisterFile, RegisterSet } from "./model/registers.ts";
export { UserError } from "./model/user-error.ts";
export { HandlerLoadError, loadHandler } from "./replay/handlers.ts";
export { openTrace, type ReplayChoices, setUpReplay } from "./replay/open.ts";
export { HandlerError, type Replayed, replayFault, type ReplaySetup } from "./replay/replay.ts";
export { compare, type Comparison } from "./replay/verify.ts";
export { outcomeLine } from "./report/outcome-line.ts";
export { hardwareSyndrome, type HardwareSyndrome } from "./report/syndrome.ts";
export { Tally } from "./report/tally.ts";
export { type Trace, TraceError, type TraceHeader, type TraceRecord, type TruthAfter } from "./trace/record.ts";
