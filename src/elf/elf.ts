// ELF: System V Application Binary Interface, chapters 4 and 5 (https://gabi.xinuos.com), and the processor supplements for e_machine.
// No library of npm does this part (bytes by address, symbols both ways) and is kept up, so it is read here.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { Architecture } from "../model/architecture.ts";
import { bytesToHexadecimal, hexadecimal } from "../model/bits.ts";
import { UserError } from "../model/user-error.ts";
import { reason } from "../trace/files.ts";

/** A file that is no ELF image that can be used. One line: which file, which part, what was expected. */
export class ElfError extends UserError {
  override readonly name = "ElfError";
}

/** Where the bytes of an image come from. */
export interface ElfSource {
  /** For messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** `length` bytes from `offset`, which are inside the file. */
  read(offset: number, length: number): Uint8Array;
}

/** A function or object of an image. */
export interface ElfSymbol {
  readonly name: string;
  /** Virtual address, the load offset added. */
  readonly address: bigint;
  /** Bytes; 0: not known (assembly). */
  readonly size: bigint;
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_32 = 1;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const BIG_ENDIAN = 2;
const TYPE_RELOCATABLE = 1;
const SEGMENT_LOAD = 1;
const SECTION_SYMBOLS = 2;
const SECTION_DYNAMIC_SYMBOLS = 11;
/** Symbol types: none, object, function, indirect function. */
const SYMBOL_TYPES: ReadonlySet<number> = new Set([0, 1, 2, 10]);
/** Mapping symbols mark code and data on Arm and RISC-V; they name nothing. */
const MAPPING_SYMBOL = /^\$[atdx](?:$|[.\d]|rv)/;
/** e_machine and EI_CLASS. */
const MACHINES: readonly (readonly [machine: number, bits: number, architecture: Architecture])[] = [
  [62, 64, "x86-64"],
  [183, 64, "aarch64"],
  [40, 32, "arm"],
  [243, 64, "riscv64"],
];
/** Longest symbol name that is read. */
const NAME_LIMIT = 4096;
/** Most bytes that {@link ElfImage.bytesAt} reads at once. */
const READ_LIMIT = 1 << 20;

interface Segment {
  readonly address: bigint;
  readonly offset: number;
  readonly fileSize: number;
  readonly memorySize: bigint;
}

interface Section {
  readonly type: number;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly entrySize: bigint;
}

/** An executable, a shared object or a kernel (vmlinux): its bytes by virtual address and its symbols. */
export class ElfImage {
  readonly name: string;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** e_machine. */
  readonly machine: number;
  /** Undefined: none of ours. */
  readonly architecture: Architecture | undefined;
  readonly #source: ElfSource;
  readonly #loadOffset: bigint;
  readonly #segments: readonly Segment[];
  readonly #sections: readonly Section[];
  #symbols: readonly ElfSymbol[] | undefined;
  #byName: ReadonlyMap<string, readonly ElfSymbol[]> | undefined;

  /** Opens a file. `loadOffset` is added to all its addresses (KASLR, position-independent code). Throws an {@link ElfError}. */
  static open(path: string, loadOffset = 0n): ElfImage {
    return new ElfImage(new FileSource(path), loadOffset);
  }

  constructor(source: ElfSource, loadOffset = 0n) {
    this.name = source.name;
    this.#source = source;
    this.#loadOffset = loadOffset;
    const start = source.size >= 16 ? source.read(0, 16) : source.read(0, source.size);
    if (!MAGIC.every((byte, index) => start[index] === byte)) {
      throw this.#error(`is no ELF file (starts with ${start.length === 0 ? "nothing" : bytesToHexadecimal(start.subarray(0, 4))}, expected 7f454c46); of a kernel give vmlinux, not the compressed image`);
    }
    if (start.length < 16) throw this.#error("is cut off in its header");
    const [bits, encoding] = [start[4], start[5]];
    if (bits !== CLASS_32 && bits !== CLASS_64) throw this.#error(`byte 4: expected class 1 (32 bits) or 2 (64 bits), got ${bits}`);
    if (encoding !== LITTLE_ENDIAN && encoding !== BIG_ENDIAN) throw this.#error(`byte 5: expected data encoding 1 or 2, got ${encoding}`);
    this.bits = bits === CLASS_64 ? 64 : 32;
    this.littleEndian = encoding === LITTLE_ENDIAN;
    const header = this.#view(0n, this.bits === 64 ? 64n : 52n, "its header");
    this.machine = header.half(18);
    this.architecture = MACHINES.find(([machine, width]) => machine === this.machine && width === this.bits)?.[2];
    if (header.half(16) === TYPE_RELOCATABLE) {
      throw this.#error("is a relocatable object (.o or .ko): its addresses and code are not final; expected a linked image");
    }
    const wide = this.bits === 64;
    const sectionOffset = header.address(wide ? 40 : 32);
    this.#sections = this.#readSections(sectionOffset, header.half(wide ? 58 : 46), header.half(wide ? 60 : 48));
    this.#segments = this.#readSegments(header.address(wide ? 32 : 28), header.half(wide ? 54 : 42), header.half(wide ? 56 : 44));
  }

  /** Up to `length` bytes from a virtual address on: as many as its segment has, none where there is none. */
  bytesAt(address: bigint, length: number): Uint8Array {
    const place = BigInt.asUintN(64, address - this.#loadOffset);
    const segment = this.#segments.find((each) => place >= each.address && place < each.address + each.memorySize);
    if (segment === undefined || length <= 0) return new Uint8Array(0);
    const within = place - segment.address;
    const rest = segment.memorySize - within;
    const bytes = new Uint8Array(Math.min(length, READ_LIMIT, rest > BigInt(READ_LIMIT) ? READ_LIMIT : Number(rest)));
    // What the file does not hold is zero (.bss).
    const inFile = BigInt(segment.fileSize) - within;
    if (inFile > 0n) {
      const count = Math.min(bytes.length, Number(inFile));
      bytes.set(this.#source.read(segment.offset + Number(within), count));
    }
    return bytes;
  }

  /** All symbols of that name: several functions of a program may have one. */
  symbolsNamed(name: string): readonly ElfSymbol[] {
    if (this.#byName === undefined) {
      const byName = new Map<string, ElfSymbol[]>();
      for (const symbol of this.#allSymbols()) {
        const same = byName.get(symbol.name);
        if (same === undefined) byName.set(symbol.name, [symbol]);
        else if (!same.some(({ address }) => address === symbol.address)) same.push(symbol);
      }
      this.#byName = byName;
    }
    return this.#byName.get(name) ?? [];
  }

  /** The symbol that an address belongs to, and how far into it the address is. */
  symbolAt(address: bigint): { readonly symbol: ElfSymbol; readonly offset: bigint } | undefined {
    const symbols = this.#allSymbols();
    let low = 0;
    let high = symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    // Of several at one address a sized one is the function, and the others are labels in it.
    for (let index = low - 1; index >= 0; index--) {
      const symbol = symbols[index]!;
      const offset = address - symbol.address;
      if (symbol.size > offset) return { symbol, offset };
      if (symbols[index - 1]?.address !== symbol.address) return symbol.size === 0n ? { symbol, offset } : undefined;
    }
    return undefined;
  }

  #readSections(offset: bigint, entrySize: number, count: number): Section[] {
    if (offset === 0n) return [];
    const size = this.bits === 64 ? 64 : 40;
    if (entrySize !== size) throw this.#error(`its section headers have ${entrySize} bytes each, expected ${size}`);
    const read = (index: number): Section => {
      const view = this.#view(offset + BigInt(index) * BigInt(size), BigInt(size), `section header ${index}`);
      return this.bits === 64
        ? { type: view.word(4), offset: view.address(24), size: view.address(32), link: view.word(40), entrySize: view.address(56) }
        : { type: view.word(4), offset: view.address(16), size: view.address(20), link: view.word(24), entrySize: view.address(36) };
    };
    // 0: there are more than the header can say, and the first section tells.
    const total = count === 0 ? read(0).size : BigInt(count);
    this.#checkInside(offset, total * BigInt(size), "its section headers");
    return Array.from({ length: Number(total) }, (_, index) => read(index));
  }

  #readSegments(offset: bigint, entrySize: number, count: number): Segment[] {
    if (count === 0) return [];
    const size = this.bits === 64 ? 56 : 32;
    if (entrySize !== size) throw this.#error(`its program headers have ${entrySize} bytes each, expected ${size}`);
    this.#checkInside(offset, BigInt(count) * BigInt(size), "its program headers");
    const segments: Segment[] = [];
    for (let index = 0; index < count; index++) {
      const view = this.#view(offset + BigInt(index * size), BigInt(size), `program header ${index}`);
      if (view.word(0) !== SEGMENT_LOAD) continue;
      const [at, address, fileSize, memorySize] = (this.bits === 64 ? [8, 16, 32, 40] : [4, 8, 16, 20]).map((place) => view.address(place)) as [bigint, bigint, bigint, bigint];
      this.#checkInside(at, fileSize, `segment ${index}`);
      if (fileSize > memorySize) throw this.#error(`segment ${index} has ${fileSize} bytes in the file and only ${memorySize} in memory`);
      segments.push({ address, offset: Number(at), fileSize: Number(fileSize), memorySize });
    }
    return segments;
  }

  /** Ascending by address. */
  #allSymbols(): readonly ElfSymbol[] {
    if (this.#symbols !== undefined) return this.#symbols;
    const table = this.#sections.find(({ type }) => type === SECTION_SYMBOLS) ?? this.#sections.find(({ type }) => type === SECTION_DYNAMIC_SYMBOLS);
    const symbols = table === undefined ? [] : this.#readSymbols(table);
    return (this.#symbols = symbols.toSorted((first, second) => (first.address < second.address ? -1 : first.address > second.address ? 1 : 0)));
  }

  #readSymbols({ offset, size, link, entrySize }: Section): ElfSymbol[] {
    const wide = this.bits === 64;
    const entry = wide ? 24 : 16;
    if (entrySize !== BigInt(entry)) throw this.#error(`its symbols have ${entrySize} bytes each, expected ${entry}`);
    const strings = this.#sections[link];
    if (strings === undefined) throw this.#error(`its symbol table names section ${link} for the names, and there are ${this.#sections.length}`);
    const names = this.#view(strings.offset, strings.size, "its symbol names").bytes;
    const view = this.#view(offset, size, "its symbol table");
    const symbols: ElfSymbol[] = [];
    for (let at = 0; at + entry <= view.bytes.length; at += entry) {
      const type = view.bytes[at + (wide ? 4 : 12)]! & 0xf;
      // Section 0: it is another image's.
      if (!SYMBOL_TYPES.has(type) || view.half(at + (wide ? 6 : 14)) === 0) continue;
      const name = nameAt(names, view.word(at));
      if (name === "" || MAPPING_SYMBOL.test(name)) continue;
      const value = view.address(at + (wide ? 8 : 4));
      symbols.push({
        name,
        // Bit 0 of an Arm function's address says that it is Thumb code.
        address: BigInt.asUintN(64, (this.architecture === "arm" && type === 2 ? value & ~1n : value) + this.#loadOffset),
        size: view.address(at + (wide ? 16 : 8)),
      });
    }
    return symbols;
  }

  #view(offset: bigint, length: bigint, what: string): View {
    this.#checkInside(offset, length, what);
    return new View(this.#source.read(Number(offset), Number(length)), this.littleEndian, this.bits === 64);
  }

  #checkInside(offset: bigint, length: bigint, what: string): void {
    if (offset + length <= BigInt(this.#source.size)) return;
    throw this.#error(`${what} would end at byte ${hexadecimal(offset + length)}, and the file has ${hexadecimal(BigInt(this.#source.size))} bytes: it is cut off or damaged`);
  }

  #error(message: string): ElfError {
    return new ElfError(`${this.name}: ${message}`);
  }
}

function nameAt(names: Uint8Array, start: number): string {
  if (start >= names.length) return "";
  const end = names.indexOf(0, start);
  return Buffer.from(names.subarray(start, Math.min(end === -1 ? names.length : end, start + NAME_LIMIT))).toString("latin1");
}

/** Numbers of a part of the file, in its byte order. */
class View {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #wide: boolean;

  constructor(bytes: Uint8Array, little: boolean, wide: boolean) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = little;
    this.#wide = wide;
  }

  /** 16 bits. */
  half(offset: number): number {
    return this.#view.getUint16(offset, this.#little);
  }

  /** 32 bits. */
  word(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  /** As many bits as the file's class has. */
  address(offset: number): bigint {
    return this.#wide ? this.#view.getBigUint64(offset, this.#little) : BigInt(this.word(offset));
  }
}

/** Reads a file piece by piece: images with debug information have gigabytes. It stays open until the program ends. */
class FileSource implements ElfSource {
  readonly name: string;
  readonly size: number;
  readonly #file: number;

  constructor(path: string) {
    this.name = path;
    try {
      this.#file = openSync(path, "r");
      const status = fstatSync(this.#file);
      if (status.isFile()) {
        this.size = status.size;
        return;
      }
      closeSync(this.#file);
    } catch (error) {
      throw new ElfError(`${path}: ${reason(error)}`);
    }
    throw new ElfError(`${path}: is no regular file; expected an ELF image`);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    try {
      while (done < length) {
        const count = readSync(this.#file, bytes, done, length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw new ElfError(`${this.name}: ${reason(error)}`);
    }
    if (done < length) throw new ElfError(`${this.name}: got shorter while it was read`);
    return bytes;
  }
}
