// Programs that do not answer as they should: each is reported, started again, and never waited for.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case } from "../../src/conform/suites.ts";
import { PeerStartError } from "../../src/conform/peer.ts";
import { ask, cases, scratchFolder } from "./support.ts";

const folder = scratchFolder();
afterAll(() => folder.remove());

let questions: Case[] = [];
beforeAll(async () => {
  questions = await cases("aarch64", "forms", 60, { forms: /^(LDR|STR) Wt, (unsigned offset|post-index)/ });
});

/** A peer in JavaScript that refuses everything, but for stores with post-index does `odd` (with `line`, `index` and `refuse()` at hand). */
function peer(name: string, odd: string, always = ""): string[] {
  const path = join(folder.path, `${name}.cjs`);
  writeFileSync(
    path,
    `const { writeSync } = require("fs");
     let index = -1;
     const write = (text) => {
       for (let rest = Buffer.from(text); rest.length > 0; ) try { rest = rest.subarray(writeSync(1, rest)); } catch (error) { if (error.code !== "EAGAIN") throw error; }
     };
     const refuse = () => write(JSON.stringify({ index, status: "refused", reason: "unsupported-instruction" }) + "\\n");
     require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
       if (index < 0) { index = 0; return; }
       const fault = JSON.parse(line);
       ${always}
       if (fault.insn.startsWith("b8", 6) && fault.fault.write) { ${odd} } else refuse();
       index++;
     });`,
  );
  return [process.execPath, path];
}

const failures = async (command: readonly string[], patience = 2000) => {
  const result = await ask("aarch64", command, questions, patience);
  return result.findings.filter(({ verdict }) => verdict === "no answer").map(({ id, smallest, forms }) => ({ id, detail: smallest.detail, forms: forms.map(([form]) => form) }));
};

describe("a program that", () => {
  test("answers everything has no such finding", async () => {
    const result = await ask("aarch64", peer("good", "refuse();"), questions);
    expect(result).toMatchObject({ faults: 60, remarks: [] });
    expect(result.findings.map(({ verdict, id, faults }) => ({ verdict, id, faults }))).toEqual([{ verdict: "refused", id: "unsupported-instruction", faults: 60 }]);
  });

  test.each([
    ["ends", "process.stderr.write('assertion failed: size\\n'); process.exit(3);", "ended", "ended with status 3; the last it said was: assertion failed: size"],
    ["is killed", "process.kill(process.pid, 'SIGSEGV'); for (;;);", "ended", "was ended by SIGSEGV (signal 11)"],
    ["hangs", "for (;;);", "silent", "gave no answer in time"],
    ["writes no JSON", "write('oops\\n');", "nonsense", "wrote a line that is not JSON"],
    ["writes something else", "write('[]\\n');", "nonsense", "wrote a line that is no outcome: expected a JSON object, got []"],
    ["leaves out the pc", "write(JSON.stringify({ index, status: 'emulated', after: {} }) + '\\n');", "nonsense", "wrote a line that is no outcome: after.pc"],
    ["answers another fault", "write(JSON.stringify({ index: index + 1, status: 'refused' }) + '\\n');", "nonsense", "where fault"],
    ["repeats another pc", "write(JSON.stringify({ index, pc: '0x4', status: 'refused' }) + '\\n');", "nonsense", "answered with the pc of another instruction"],
    ["floods with lines", "for (;;) write('y\\n'.repeat(1000));", "nonsense", "wrote a line that is not JSON"],
    ["writes a line without end", "for (;;) write('y'.repeat(100000));", "flood", "wrote a line longer than"],
  ])("%s is reported, and asked about all else", async (name, odd, id, detail) => {
    const [found, ...others] = await failures(peer(name.replaceAll(" ", "-"), odd), name === "hangs" ? 300 : 5000);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ id, forms: ["STR Wt, post-index"] });
    expect(found!.detail).toContain(detail);
  });

  test("is gone at once is given up", async () => {
    const result = await ask("aarch64", [process.execPath, "-e", "0"], questions);
    expect(result.faults).toBe(10);
    expect(result.remarks).toEqual(["asked no more after 10 faults in a row without an answer"]);
  });

  test("fails for reasons of its own gets its answers all the same, and a remark", async () => {
    // It ends after every 20th answer: no fault is to blame.
    const result = await ask("aarch64", peer("mortal", "refuse();", "if (index === 20) process.exit(1);"), questions);
    expect(result.faults).toBe(60);
    expect(result.findings.map(({ verdict }) => verdict)).toEqual(["refused"]);
    expect(result.remarks.join()).toMatch(/times the program failed, and not when it was asked again: ended with status 1/);
  });

  test("answers more than it was asked is told of", async () => {
    const result = await ask("aarch64", peer("chatty", "refuse();", "if (index === 59) refuse();"), questions);
    expect(result.remarks).toEqual([expect.stringContaining("at the end the program wrote a line more than there were faults")]);
  });

  test("does not exist is an error for its user", async () => {
    await expect(ask("aarch64", ["./no-such-program"], questions)).rejects.toThrow(PeerStartError);
  });

  test("leaves nothing running behind", async () => {
    const command = peer("parent", "refuse();", "");
    writeFileSync(join(folder.path, "child.sh"), `sleep 1000 & echo $! > ${folder.path}/child; exec ${command.join(" ")}\n`);
    await ask("aarch64", ["sh", join(folder.path, "child.sh")], questions.slice(0, 3), 500);
    const child = readFileSync(join(folder.path, "child"), "utf8").trim();
    // Nobody may be there to bury it: a zombie is dead as well.
    expect(spawnSync("ps", ["-o", "stat=", "-p", child], { encoding: "utf8" }).stdout.trim()).toMatch(/^(Z.*)?$/);
  });
});
