/**
 * A name for an instruction in assembly: the mnemonic and the shape of the operands that tells forms apart: the first character of
 * the first operand (of DC and IC all of it), then `!` for pre-index or `+` for post-index addressing. scripts/oracles/llvm-words.c
 * does the same.
 */
export function shapeOf(mnemonic: string, operands: string): string {
  const text = operands.trim();
  const close = text.lastIndexOf("]");
  const after = close < 0 ? "" : text[close + 1];
  const first = mnemonic === "dc" || mnemonic === "ic" ? text.split(",")[0]! : text.slice(0, 1);
  return `${mnemonic}${first === "" ? "" : ` ${first}`}${after === "!" ? "!" : after === "," ? "+" : ""}`;
}
