import { describe, expect, test } from "vitest";
import { architectureOf } from "../../src/capture/registers.ts";
import { readTargetDescription, type TargetDescription } from "../../src/capture/target-description.ts";

const read = (documents: Record<string, string>) => readTargetDescription(async (name) => documents[name]);

describe("a target description", () => {
  test("with includes, numbers that are given, and numbers that follow", async () => {
    const description = await read({
      "target.xml": `<target><architecture> arm </architecture><xi:include href='core.xml'/><feature name="b"><reg name="d0" bitsize="64" type="a"/></feature></target>`,
      "core.xml": '<feature name="a"><reg name="pc" bitsize="32"/><reg regnum="25" name="cpsr" bitsize="32"/></feature><!-- <reg name="x" bitsize="1"/> -->',
    });
    expect(description).toEqual({
      architecture: "arm",
      features: ["a", "b"],
      registers: [
        { name: "pc", number: 0, width: 32 },
        { name: "cpsr", number: 25, width: 32 },
        { name: "d0", number: 26, width: 64 },
      ],
    });
  });
  test("that is not there", async () => expect(await read({})).toBeUndefined());
  test.each([
    ["includes itself", { "target.xml": '<xi:include href="target.xml"/>' }, /more than 64 documents/],
    ["includes what is missing", { "target.xml": '<xi:include href="a.xml"/>' }, /includes "a.xml", which it does not have/],
    ["has a register without a width", { "target.xml": '<reg name="a"/>' }, /can't be: <reg name="a"\/>/],
    ["has a register of a mad width", { "target.xml": '<reg name="a" bitsize="1e9"/>' }, /can't be/],
    ["has a number twice", { "target.xml": '<reg name="a" bitsize="8"/><reg name="b" bitsize="8" regnum="0"/>' }, /two registers of number 0/],
  ])("that %s is refused", async (_, documents, problem) => expect(read(documents as Record<string, string>)).rejects.toThrow(problem));
});

function of(architecture: string | undefined, features: string[], ...registers: [string, number][]): string | undefined {
  return architectureOf({ architecture, features, registers: registers.map(([name, width], number) => ({ name, number, width })) } satisfies TargetDescription);
}

describe("the architecture", () => {
  test.each([
    ["i386:x86-64", [], "rip", 64, "x86-64"],
    ["aarch64", [], "pc", 64, "aarch64"],
    [undefined, ["org.gnu.gdb.aarch64.core"], "pc", 64, "aarch64"],
    ["arm", [], "cpsr", 32, "arm"],
    [undefined, ["org.gnu.gdb.arm.core"], "cpsr", 32, "arm"],
    ["riscv:rv64", [], "pc", 64, "riscv64"],
    ["i386", [], "eip", 32, undefined],
    ["riscv:rv32", [], "pc", 32, undefined],
    ["mips", [], "pc", 32, undefined],
    // M profile.
    ["arm", ["org.gnu.gdb.arm.m-profile"], "xpsr", 32, undefined],
    [undefined, [], "pc", 64, undefined],
  ])("%s %j with %s is %5$s", (name, features, register, width, expected) => expect(of(name, features as string[], [register, width as number])).toBe(expected));
});
