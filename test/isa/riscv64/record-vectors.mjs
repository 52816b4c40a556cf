// Records what llvm-mc makes of RISC-V words, for decode-vectors.test.ts: every 16-bit word, and a seeded choice of 32-bit words
// that is dense where memory is accessed. Needs llvm-mc 19 (Debian: apt-get install llvm-19).
//
//   node test/isa/riscv64/record-vectors.mjs [--check]
//
// --check compares with the recorded files instead of writing them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const SEED = 0x5eed_0064;
const EXTENSIONS = `a c d f h m v zabha zawrs zba zbb zbc zbkb zbkx zbs zcb zcmop zfa zfh zicbom zicbop zicboz zicond zicsr zifencei zimop
  zfbfmin zk zks zkt zvfh zvkng zvksg svinval experimental-zacas experimental-zalasr experimental-zicfiss`.split(/\s+/);
const MNEMONIC = /^\t(\S+)/;
/** llvm-mc 19 prints these, which the manual reserves (chapter "C", C.LUI: "the code points with imm=0 are reserved"). */
const RESERVED_LUI = /^c\.lui x\d+, 0$/;
/** An address in parentheses, or a push to or pop from the shadow stack. */
const MEMORY_ACCESS = /\(x\d+\)$|^c\.ss/;

/**
 * Xorshift with a multiplicative finish (Marsaglia; 64-bit variant by Vigna): successive choices must not depend on each other.
 * @param {number} seed
 */
function generator(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  return (/** @type {number} */ bits) => {
    state ^= state >> 12n;
    state = (state ^ (state << 25n)) & mask;
    state ^= state >> 27n;
    return Number((((state * 0x2545_f491_4f6c_dd1dn) & mask) >> 32n) & ((1n << BigInt(bits)) - 1n));
  };
}

/**
 * llvm's text for each word, or null where it knows no instruction. Brackets keep llvm-mc from reading on into the next word.
 * @param {readonly number[]} words
 * @param {2 | 4} bytes
 * @returns {Map<number, string | null>}
 */
function disassemble(words, bytes) {
  const texts = new Map();
  const lines = words.map((word) => {
    const parts = Array.from({ length: bytes }, (_, index) => `0x${((word >>> (8 * index)) & 0xff).toString(16)}`);
    return `[${parts.join(" ")}]`;
  });
  const run = spawnSync(
    "llvm-mc-19",
    ["--disassemble", "-triple=riscv64", `-mattr=${EXTENSIONS.map((name) => `+${name}`).join(",")}`, "-M", "no-aliases", "-M", "numeric"],
    { input: lines.join("\n"), encoding: "utf8", maxBuffer: 1 << 28 },
  );
  // Status 1 says that some word was no instruction.
  if (run.status !== 0 && run.status !== 1) throw new Error(`llvm-mc-19: ${run.error?.message ?? run.stderr.slice(0, 500)}`);
  const invalid = new Set([...run.stderr.matchAll(/<stdin>:(\d+):\d+: warning: invalid instruction encoding/g)].map((match) => Number(match[1]) - 1));
  const printed = run.stdout.split("\n").filter((line) => MNEMONIC.test(line) && line !== "\t.text");
  if (printed.length + invalid.size !== words.length) throw new Error(`llvm-mc-19 gave ${printed.length + invalid.size} answers to ${words.length} words`);
  let next = 0;
  words.forEach((word, index) => texts.set(word, invalid.has(index) ? null : (printed[next++] ?? "").trim().replace(/\t/g, " ")));
  return texts;
}

function chooseWords() {
  const random = generator(SEED);
  const words = new Set();
  const put = (/** @type {number} */ word) => words.add(word >>> 0);
  const word = (/** @type {number} */ opcode) => (random(25) << 7) | opcode;
  const pick = (/** @type {readonly number[]} */ values) => values[random(16) % values.length] ?? 0;
  // Every major opcode.
  for (let major = 0; major < 32; major++) for (let count = 0; count < 12; count++) put(word((major << 2) | 3));
  for (let count = 0; count < 8; count++) put(word(0x67) & ~0x7000);
  // OP-VE by funct6, vm and vs1.
  for (let funct = 0; funct < 128; funct++) {
    for (const vs1 of [0, 3, 7, 16, random(5)]) put((funct << 25) | (random(5) << 20) | (vs1 << 15) | (2 << 12) | (random(5) << 7) | 0x77);
  }
  // LOAD, STORE, LOAD-FP and STORE-FP by funct3.
  for (const opcode of [0x03, 0x23]) for (let count = 0; count < 160; count++) put(word(opcode));
  for (const opcode of [0x07, 0x27]) {
    for (let count = 0; count < 60; count++) put((word(opcode) & ~0x7000) | (pick([1, 2, 3, 4]) << 12));
    for (let count = 0; count < 700; count++) {
      const mew = random(4) === 0 ? 1 : 0;
      const lumop = pick([0, 0, 8, 8, 11, 16, random(5)]);
      const width = pick([0, 0, 5, 6, 7]);
      const nf = pick([0, 0, 1, 3, 7, random(3)]);
      const high = (nf << 29) | (mew << 28) | (random(2) << 26) | (pick([0, 1, 1]) << 25) | (lumop << 20);
      put(high | (random(5) << 15) | (width << 12) | (pick([random(5), 8]) << 7) | opcode);
    }
  }
  // AMO: each funct5 and funct3 several times, rs2 = 0 often enough for LR and Zalasr, rd = 0 for store-release.
  for (let funct = 0; funct < 256; funct++) {
    for (let count = 0; count < 5; count++) {
      const rs2 = pick([0, random(5), random(5)]);
      const rd = pick([0, random(5), random(5)]);
      put(((funct >>> 3) << 27) | (random(2) << 25) | (rs2 << 20) | (random(5) << 15) | ((funct & 7) << 12) | (rd << 7) | 0x2f);
    }
  }
  // MISC-MEM: cache-block operations and their neighbours.
  for (let immediate = 0; immediate < 8; immediate++) {
    put((immediate << 20) | (random(5) << 15) | 0x200f);
    for (let funct3 = 0; funct3 < 8; funct3++) put((immediate << 20) | (random(5) << 15) | (funct3 << 12) | (pick([0, 0, random(5)]) << 7) | 0x0f);
  }
  // SYSTEM: hypervisor accesses, Zimop and privileged instructions.
  for (let funct7 = 0; funct7 < 128; funct7++) {
    for (const rs2 of [0, 1, 3, random(5)]) {
      put((funct7 << 25) | (rs2 << 20) | (random(5) << 15) | 0x4073 | (pick([0, random(5)]) << 7));
      put((funct7 << 25) | (rs2 << 20) | 0x73);
    }
  }
  for (const rs2 of [1, 5, 6]) put(0xce004073 | (rs2 << 20));
  for (const rs1 of [1, 5, 6]) put(0xcdc04073 | (rs1 << 15));
  // OP-IMM, OP-IMM-32, OP, OP-32 and OP-FP: each funct7 and funct3, with rs2 where it selects too.
  for (const opcode of [0x13, 0x1b, 0x33, 0x3b, 0x53]) {
    for (let funct = 0; funct < 1024; funct++) {
      const shift = opcode === 0x13 || opcode === 0x1b;
      if (shift && (funct & 3) !== 1 && random(5) > 0) continue;
      const selects = opcode === 0x53 || shift;
      const few = [random(5), pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 24])];
      for (const rs2 of selects && random(1) === 0 ? few : few.slice(0, 1)) {
        put(((funct >>> 3) << 25) | (rs2 << 20) | (random(5) << 15) | ((funct & 7) << 12) | (random(5) << 7) | opcode);
      }
    }
  }
  // OP-IMM: prefetch hints.
  for (let hint = 0; hint < 6; hint++) put((random(7) << 25) | (hint << 20) | (random(5) << 15) | 0x6013);
  return [...words].toSorted((first, second) => first - second);
}

function recordWords() {
  const texts = disassemble(chooseWords(), 4);
  const lines = [...texts].map(([word, text]) => `${word.toString(16).padStart(8, "0")} ${text ?? "-"}`);
  return `${[
    `# 32-bit words and what llvm-mc 19.1.7 makes of them ("-": no instruction). Written by record-vectors.mjs, seed 0x${SEED.toString(16)}.`,
    ...lines,
  ].join("\n")}\n`;
}

/** All 16-bit words, grouped by the mnemonic of a memory access, `other` instructions, and no instruction: a count and a digest each. */
function recordCompressed() {
  const words = Array.from({ length: 0x10000 }, (_, word) => word).filter((word) => (word & 3) !== 3);
  const groups = new Map();
  for (const [word, text] of disassemble(words, 2)) {
    const shown = text === null || text === "c.unimp" || RESERVED_LUI.test(text) ? "-" : MEMORY_ACCESS.test(text) ? text : "other";
    const name = shown.split(" ", 1)[0] ?? "";
    const group = groups.get(name) ?? { count: 0, hash: createHash("sha256") };
    groups.set(name, group);
    group.count += 1;
    group.hash.update(`${word.toString(16).padStart(4, "0")} ${shown}\n`);
  }
  const lines = [...groups].toSorted(([first], [second]) => (first < second ? -1 : 1)).map(([name, { count, hash }]) => `${name} ${count} ${hash.digest("hex")}`);
  return `${[
    "# What llvm-mc 19.1.7 makes of all 49,152 16-bit words that are not the start of a longer instruction. Written by record-vectors.mjs.",
    '# Mnemonic of a memory access, "other" instructions, or "-" for none; number of words; SHA-256 of their lines "word text" (for the',
    '# last two groups "word group") in ascending order, each with a newline. c.lui of 0, which the manual reserves, counts as "-".',
    ...lines,
  ].join("\n")}\n`;
}

let differs = false;
for (const [name, text] of Object.entries({ "words.txt": recordWords(), "compressed.txt": recordCompressed() })) {
  const file = new URL(name, import.meta.url);
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    differs = true;
    console.error(`${name} is not what llvm-mc says now`);
  }
}
process.exitCode = differs ? 1 : 0;
