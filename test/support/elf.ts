/** What a made-up ELF image holds. */
export interface ElfPlan {
  readonly bits?: 32 | 64;
  readonly littleEndian?: boolean;
  readonly machine?: number;
  readonly type?: number;
  readonly segments?: readonly { readonly address: bigint; readonly bytes: Uint8Array; readonly memorySize?: bigint }[];
  /** `type`: 2 is a function. `section` 0 is another image's. */
  readonly symbols?: readonly { readonly name: string; readonly address: bigint; readonly size?: bigint; readonly type?: number; readonly section?: number }[];
}

/** Writes an ELF image with its headers in their places, System V ABI, chapter 4. */
export function elfImage({ bits = 64, littleEndian = true, machine = 62, type = 2, segments = [], symbols = [] }: ElfPlan): Uint8Array {
  const wide = bits === 64;
  const bytes: number[] = [];
  const put = (value: bigint | number, size: number): void => {
    const digits = Array.from({ length: size }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 0xffn));
    bytes.push(...(littleEndian ? digits : digits.toReversed()));
  };
  const address = (value: bigint | number): void => put(value, wide ? 8 : 4);
  const [headerSize, segmentSize, sectionSize, symbolSize] = wide ? [64, 56, 64, 24] : [52, 32, 40, 16];
  const names = `\0${symbols.map(({ name }) => `${name}\0`).join("")}`;
  let place = headerSize + segmentSize * segments.length;
  const offsets = segments.map(({ bytes: content }) => (place += content.length) - content.length);
  const symbolOffset = place;
  const nameOffset = symbolOffset + symbolSize * (symbols.length + 1);
  const sectionOffset = nameOffset + names.length;
  bytes.push(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1, ...Array.from({ length: 9 }, () => 0));
  put(type, 2);
  put(machine, 2);
  put(1, 4);
  address(0);
  address(headerSize);
  address(sectionOffset);
  put(0, 4);
  for (const each of [headerSize, segmentSize, segments.length, sectionSize, 3, 2]) put(each, 2);
  segments.forEach(({ address: at, bytes: content, memorySize = BigInt(content.length) }, index) => {
    put(1, 4);
    if (wide) put(5, 4);
    for (const each of [offsets[index]!, at, at, content.length, memorySize]) address(each);
    if (!wide) put(5, 4);
    address(4096);
  });
  for (const { bytes: content } of segments) bytes.push(...content);
  let nameAt = 1;
  const symbol = (name: number, value: bigint, size: bigint, kind: number, section: number): void => {
    put(name, 4);
    if (!wide) {
      put(value, 4);
      put(size, 4);
    }
    put(kind, 1);
    put(0, 1);
    put(section, 2);
    if (wide) {
      put(value, 8);
      put(size, 8);
    }
  };
  symbol(0, 0n, 0n, 0, 0);
  for (const { name, address: value, size = 0n, type: kind = 2, section = 1 } of symbols) {
    symbol(nameAt, value, size, kind, section);
    nameAt += name.length + 1;
  }
  bytes.push(...Buffer.from(names, "latin1"));
  const section = (kind: number, offset: number, size: number, link: number, entry: number): void => {
    put(0, 4);
    put(kind, 4);
    for (const each of [0, 0, offset, size]) address(each);
    put(link, 4);
    put(0, 4);
    address(1);
    address(entry);
  };
  section(0, 0, 0, 0, 0);
  section(2, symbolOffset, symbolSize * (symbols.length + 1), 2, symbolSize);
  section(3, nameOffset, names.length, 0, 0);
  return Uint8Array.from(bytes);
}
