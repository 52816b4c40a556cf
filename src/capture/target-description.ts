/**
 * Target descriptions ("Debugging with GDB", appendix G): XML that names a stub's registers, their widths and numbers. What is read of
 * it here: `architecture`, `xi:include`, `feature` and `reg`.
 */

/** One register of a stub. */
export interface StubRegister {
  readonly name: string;
  /** Number in `p` packets; the `g` packet has all registers in ascending order. */
  readonly number: number;
  /** Width in bits. */
  readonly width: number;
}

/** What a stub says of itself. */
export interface TargetDescription {
  /** GDB's name, e.g. "i386:x86-64"; undefined where the description has none. */
  readonly architecture: string | undefined;
  /** Names of the features, e.g. "org.gnu.gdb.aarch64.core". */
  readonly features: readonly string[];
  /** By ascending number. */
  readonly registers: readonly StubRegister[];
}

/** Documents that may be included, one in another and in all: more is a loop, or no description. */
const DOCUMENT_LIMIT = 64;
const TAG = /<architecture>([^<]*)<\/architecture>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/g;

/**
 * Reads a target description; `fetch` gets an included document by its name. Undefined where a document does not exist.
 * Throws an Error that says what is wrong with the description.
 */
export async function readTargetDescription(fetch: (document: string) => Promise<string | undefined>): Promise<TargetDescription | undefined> {
  const main = await fetch("target.xml");
  if (main === undefined) return undefined;
  const found: { architecture: string | undefined; features: string[]; registers: StubRegister[] } = { architecture: undefined, features: [], registers: [] };
  let documents = 1;
  let next = 0;
  const visit = async (xml: string): Promise<void> => {
    for (const [tag, architecture, name, attributes] of xml.replaceAll(/<!--[^]*?-->/g, "").matchAll(TAG)) {
      if (architecture !== undefined) found.architecture ??= architecture.trim();
      const attribute = (key: string): string | undefined => attributesOf(attributes ?? "").get(key);
      if (name === "feature") found.features.push(attribute("name") ?? "");
      if (name === "reg") {
        const register = { name: attribute("name") ?? "", number: Number(attribute("regnum") ?? next), width: Number(attribute("bitsize")) };
        if (!isSound(register)) throw new Error(`its target description has a register that can't be: ${tag.slice(0, 80)}`);
        found.registers.push(register);
        next = register.number + 1;
      }
      if (name === "xi:include") {
        const document = attribute("href") ?? "";
        if (documents++ >= DOCUMENT_LIMIT) throw new Error(`its target description includes more than ${DOCUMENT_LIMIT} documents`);
        const inner = await fetch(document);
        if (inner === undefined) throw new Error(`its target description includes ${JSON.stringify(document)}, which it does not have`);
        await visit(inner);
      }
    }
  };
  await visit(main);
  found.registers.sort((first, second) => first.number - second.number);
  const twice = found.registers.find(({ number }, index) => found.registers[index + 1]?.number === number);
  if (twice !== undefined) throw new Error(`its target description has two registers of number ${twice.number}`);
  return found;
}

function isSound({ name, number, width }: StubRegister): boolean {
  return name !== "" && Number.isInteger(number) && number >= 0 && number < 1 << 16 && Number.isInteger(width) && width > 0 && width <= 1 << 16;
}

function attributesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, key, double, single]) => [key!, double ?? single!]));
}
