import { defaultHandler } from "../../handlers/list.ts";
import type { Handler } from "../../src/handler.ts";
import { LogError, LogSummary, readLog } from "../../src/import/read-log.ts";
import { loadIsa } from "../../src/isa/list.ts";
import { ARCHITECTURES, type Architecture } from "../../src/model/architecture.ts";
import type { Isa } from "../../src/model/instruction.ts";
import { explainFault, validSyndrome } from "../../src/replay/explain.ts";
import { recordOf } from "../../src/replay/imported.ts";
import { replayFault } from "../../src/replay/replay.ts";
import { explanationText } from "../../src/report/explanation.ts";
import { jsonLines } from "../../src/trace/json-lines.ts";
import { readTrace } from "../../src/trace/read.ts";
import type { TraceRecord } from "../../src/trace/record.ts";

/** All that fuzzed logs go through, loaded once. */
export class LogGauntlet {
  readonly #isas: ReadonlyMap<Architecture, { isa: Isa; handler: Handler }>;
  faults = 0;

  private constructor(isas: ReadonlyMap<Architecture, { isa: Isa; handler: Handler }>) {
    this.#isas = isas;
  }

  static async open(): Promise<LogGauntlet> {
    const isas = new Map<Architecture, { isa: Isa; handler: Handler }>();
    for (const architecture of ARCHITECTURES) isas.set(architecture, { isa: await loadIsa(architecture), handler: defaultHandler(architecture) });
    return new LogGauntlet(isas);
  }

  /** Imports a text, replays and perhaps explains its faults, and reads back what import would have written. Throws where anything breaks. */
  async run(text: string, explain: boolean): Promise<void> {
    const records: TraceRecord[] = [];
    let architecture: Architecture | undefined;
    try {
      const bytes = Buffer.from(text, "latin1");
      for await (const finding of readLog((async function* () { yield bytes; })(), new LogSummary())) {
        architecture ??= finding.architecture;
        const { isa, handler } = this.#isas.get(finding.architecture)!;
        const { record } = recordOf(finding, isa, { image: undefined, deduce: explain });
        this.faults++;
        replayFault(record.fault, { isa, guest: { windows: [] }, handler, policy: { atomics: "split", userMode: "allow" } });
        if (finding.architecture === architecture) records.push(record);
        if (!explain) continue;
        const explanation = explainFault(record, isa, { windows: [] }, handler);
        const context = { registers: isa.registers, assembly: undefined, where: "here", format: undefined, syndrome: validSyndrome(record.fault.syndrome) };
        explanationText(explanation, context, { style: (_, each) => each, width: 80 });
      }
    } catch (error) {
      if (!(error instanceof LogError) || /[\n\r]/.test(error.message)) throw error;
    }
    if (architecture !== undefined) await this.#readBack(architecture, records);
  }

  /** What is written is a trace with the same faults. */
  async #readBack(architecture: Architecture, records: readonly TraceRecord[]): Promise<void> {
    const { registers } = this.#isas.get(architecture)!.isa;
    const encoder = jsonLines.encoder(registers);
    const header = encoder.header({ architecture, source: "fuzz", guest: { windows: [] }, unknown: undefined });
    const written = Buffer.concat([header, ...records.map((record) => encoder.record(record))]);
    const trace = await readTrace((async function* () { yield written; })(), async () => registers);
    const again = jsonLines.encoder(registers);
    const copies: Uint8Array[] = [header];
    for await (const record of trace.records) copies.push(again.record(record));
    if (!Buffer.concat(copies).equals(written)) throw new Error("what import writes does not read back the same");
  }
}
