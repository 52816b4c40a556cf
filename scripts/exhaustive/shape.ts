/**
 * A name for an instruction in assembly: the mnemonic and the shape of the operands that tells forms apart: the first character of
 * the first operand, then `!` for pre-index or `+` for post-index addressing. scripts/oracles/llvm-words.c does the same.
 */
export function shapeOf(mnemonic: string, operands: string): string {
  const text = operands.trim();
  const close = text.lastIndexOf("]");
  const after = close < 0 ? "" : text[close + 1];
  return `${mnemonic}${text === "" ? "" : ` ${text[0]!}`}${after === "!" ? "!" : after === "," ? "+" : ""}`;
}
