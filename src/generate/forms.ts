import { OPERANDS, operandsOf } from "../isa/verdict.ts";
import type { Architecture } from "../model/architecture.ts";
import type { Form } from "./form.ts";
import { formsOfRows } from "./words.ts";

/** The one list of the instruction tables that faults are generated from. Each is loaded when it is first asked for. */
const FORMS: Readonly<Record<Architecture, () => Promise<readonly Form[]>>> = {
  aarch64: async () => {
    const { A64_TABLE, classifyA64 } = await import("../isa/aarch64/decode.ts");
    return formsOfRows(A64_TABLE, "a64", 32, (_, word) => operandsOf(classifyA64(word)) !== OPERANDS.allowed);
  },
  arm: async () => {
    const { A32, T32, T32_NARROW } = await import("../isa/arm/decode.ts");
    return [
      ...formsOfRows(A32.table, "a32", 32, (_, word) => A32.isUnpredictable(word)),
      ...formsOfRows(T32.table, "t32", 32, (_, word) => T32.isUnpredictable(word)),
      ...formsOfRows(T32_NARROW.table, "t32", 16, (_, word) => T32_NARROW.isUnpredictable(word)),
    ];
  },
  riscv64: async () => {
    const [{ TABLE }, { COMPRESSED_TABLE }] = await Promise.all([import("../isa/riscv64/table.ts"), import("../isa/riscv64/compressed-table.ts")]);
    return [...formsOfRows(TABLE, "rv64", 32), ...formsOfRows(COMPRESSED_TABLE, "rv64", 16)];
  },
  "x86-64": async () => {
    const [{ OpcodeTable }, { X86_64_ROWS }, { formOfVariant }] = await Promise.all([
      import("../isa/x86-64/opcode-table.ts"),
      import("../isa/x86-64/tables/list.ts"),
      import("./x86-64.ts"),
    ]);
    return new OpcodeTable(X86_64_ROWS).compileAll().map(formOfVariant);
  },
};

/** Every form of an architecture's tables, emulated or only named, in the order of the tables. */
export function loadForms(architecture: Architecture): Promise<readonly Form[]> {
  return FORMS[architecture]();
}
