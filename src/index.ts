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
export { type Expected, type FaultWish, generateFault, type GeneratedFault, shrinkFault } from "./generate/fault.ts";
export type { Form } from "./generate/form.ts";
export { loadForms } from "./generate/forms.ts";
export { deviceHost, type PlacedDevice } from "./hosts/device.ts";
export type { DeviceModel } from "./hosts/devices/model.ts";
export { Pl011 } from "./hosts/devices/pl011.ts";
export { RegisterBlock } from "./hosts/devices/register-block.ts";
export { VirtioMmio, type VirtioMmioOptions } from "./hosts/devices/virtio-mmio.ts";
export { type HostModel, RECORDED } from "./hosts/host.ts";
export { type Attack, ATTACKS, hostileHost } from "./hosts/hostile.ts";
export { HostError, hostOf } from "./hosts/list.ts";
export { randomHost } from "./hosts/random.ts";
export { loadIsa } from "./isa/list.ts";
export type { Call } from "./model/access.ts";
export { ARCHITECTURES, type Architecture, type InstructionSet } from "./model/architecture.ts";
export type { Fault, GuestFacts, MemoryRange, Window } from "./model/fault.ts";
export { type Feature, FEATURES, featuresOf } from "./model/features.ts";
export { Random } from "./model/random.ts";
export type { Direction, Instruction, Isa } from "./model/instruction.ts";
export type { Operation } from "./model/operation.ts";
export type { After, Emulated, Outcome, Refused, RegisterChange } from "./model/outcome.ts";
export { REFUSAL_REASONS, Refusal, type RefusalReason } from "./model/refusal.ts";
export { type Register, type RegisterDescription, RegisterFile, RegisterSet } from "./model/registers.ts";
export { UserError } from "./model/user-error.ts";
export { Coverage, type Missing } from "./replay/coverage.ts";
export { FORM_SETS, type FormSet, FormSetError, formSetOf } from "./replay/form-sets.ts";
export { ElfError, ElfImage, type ElfSymbol } from "./elf/elf.ts";
export { LogError } from "./import/read-log.ts";
export { type Explanation, explainFault, type KnownCall } from "./replay/explain.ts";
export { HandlerLoadError, loadHandler } from "./replay/handlers.ts";
export { type ImportChoices, type ImportedTrace, importLog, type ImportReport } from "./replay/import.ts";
export { openTrace, type ReplayChoices, setUpReplay } from "./replay/open.ts";
export { HandlerError, type Replayed, replayFault, type ReplaySetup } from "./replay/replay.ts";
export { compare, type Comparison } from "./replay/verify.ts";
export { outcomeLine } from "./report/outcome-line.ts";
export { hardwareSyndrome, type HardwareSyndrome } from "./report/syndrome.ts";
export { Tally } from "./report/tally.ts";
export { type Trace, TraceError, type TraceHeader, type TraceRecord, type TruthAfter } from "./trace/record.ts";
