import { describe, expect, test } from "vitest";
import example from "../../handlers/example.ts";
import { defaultHandler, HANDLERS } from "../../handlers/list.ts";
import { ARCHITECTURES } from "../../src/handler.ts";
import { describeHandlerContract } from "./contract.ts";

// HLT raises no #VC: GHCB specification, table 2 (an automatic exit).
for (const handler of HANDLERS) describeHandlerContract(handler, handler.name === "sev-es" ? { refusedExits: ["halt"] } : {});
describeHandlerContract(example);

describe("the list of handlers", () => {
  test("names each once", () => {
    const names = HANDLERS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  // Contract, section 3, "replay".
  test.each([
    ["x86-64", "tdx"],
    ["aarch64", "arm-syndrome"],
    ["arm", "arm-syndrome"],
    ["riscv64", "riscv-htinst"],
  ] as const)("serves %s with %s unless told otherwise", (architecture, name) => {
    expect(defaultHandler(architecture).name).toBe(name);
  });

  test("leaves no architecture out", () => {
    for (const architecture of ARCHITECTURES) expect(defaultHandler(architecture).architectures).toContain(architecture);
  });
});
