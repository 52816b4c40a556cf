/** A repeatable source of numbers (splitmix32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let value = this.#state ^ (this.#state >>> 16);
    value = Math.imul(value, 0x21f0aaad);
    value ^= value >>> 15;
    value = Math.imul(value, 0x735a2d97);
    return ((value ^ (value >>> 15)) >>> 0) % limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

const HOSTILE = ["", "\u0000\u0000", "\u001b[31m", "f".repeat(40), "0x", "-1", "x99", "<>", "(((((", "Code:", "RIP: 0010:", ">".repeat(20), " ".repeat(200), "\r", "0".repeat(17), "ÿþ", "+0xffffffff/0xffffffff", "a".repeat(20_000)];

/** Logs that are damaged in ways in which logs are, and in some that nobody has seen. */
export function mutate(texts: readonly string[], dice: Dice): string {
  let lines = dice.pick(texts).split("\n");
  for (let step = 1 + dice.below(6); step > 0; step--) {
    const at = dice.below(lines.length);
    const line = lines[at]!;
    const column = dice.below(line.length + 1);
    switch (dice.below(11)) {
      case 0:
        lines.splice(at, 1 + dice.below(3));
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines[at] = lines[dice.below(lines.length)]!;
        break;
      case 3:
        lines[at] = line.slice(0, column) + String.fromCharCode(dice.below(256)) + line.slice(column + 1);
        break;
      case 4:
        lines[at] = line.slice(0, column) + dice.pick(HOSTILE) + line.slice(column);
        break;
      case 5:
        lines[at] = line.slice(0, column);
        break;
      case 6:
        lines = lines.slice(0, at + 1);
        break;
      case 7:
        lines.splice(at, 0, ...dice.pick(texts).split("\n").slice(0, 1 + dice.below(20)));
        break;
      case 8:
        lines.splice(at, 1, line.slice(0, column), line.slice(column));
        break;
      case 9:
        lines[at] = line.replaceAll(/[0-9a-f]/g, (digit) => (dice.below(4) === 0 ? dice.below(16).toString(16) : digit));
        break;
      default:
        lines[at] = `${line} ${lines[(at + 1) % lines.length]!}`;
    }
    if (lines.length === 0) lines = [""];
  }
  return lines.join("\n");
}
