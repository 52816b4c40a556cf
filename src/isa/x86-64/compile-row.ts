import { type OperandShape, type Row, type RowFacts, type Variant, type VariantFacts, tupleFactor } from "./notation.ts";
import { type Alternative, alternativesOf, asPrinted, expandOpcode, placeOf, readOpcode } from "./opcode-notation.ts";
import { expandInstruction, readOperand } from "./operand-notation.ts";

/** Compiles a row. Throws an Error that says what in it can't be read. */
export function compileRow(row: Row): Variant[] {
  const [opcode, instruction] = row;
  try {
    return alternativesOf(opcode).map((alternative) => compileVariant(row, alternative));
  } catch (error) {
    throw new Error(`row "${opcode}" "${instruction}": ${(error as Error).message}`, { cause: error });
  }
}

function compileVariant(row: Row, alternative: Alternative): Variant {
  const [, , fields, does, facts = {}] = row;
  const place = placeOf(row);
  const opcode = expandOpcode(row[0], alternative);
  const instruction = expandInstruction(row[1], alternative);
  const encoding = readOpcode(opcode, place, alternative);
  const space = instruction.indexOf(" ");
  const mnemonic = (space < 0 ? instruction : instruction.slice(0, space)).toLowerCase();
  const texts = space < 0 ? [] : instruction.slice(space + 1).split(", ");
  if (texts.length !== fields.length) throw new Error(`it has ${texts.length} operands, and places for ${fields.length} ("${fields}")`);
  const operands: OperandShape[] = [];
  let immediateOffset = 0;
  for (const [index, text] of texts.entries()) {
    const operand = readOperand(text, fields[index]!, immediateOffset);
    if (operand.immediate !== undefined && operand.fixed === undefined) immediateOffset += Math.max(8, operand.immediate) / 8;
    operands.push(operand);
  }
  const modRm = operands.find(({ field }) => field === "M");
  if (encoding.hasModRm === false && operands.some(({ field }) => field === "M" || field === "R")) {
    throw new Error("an operand is in a ModRM byte that the opcode does not have");
  }
  let mods = encoding.mods;
  if (modRm !== undefined) {
    const possible = (modRm.memory === undefined ? 0 : 1) | (modRm.register === undefined ? 0 : 2);
    mods &= possible;
    if (mods === 0) throw new Error(`operand ${modRm.text} does not fit the ModRM byte`);
  }
  if (place.space === "evex" && operands.some(({ memory }) => memory !== undefined) && facts.tuple === undefined && place.map !== 4) {
    throw new Error("an EVEX row with a memory operand must state its tuple type");
  }
  const displacementFactor = facts.tuple === undefined ? 1 : tupleFactor(facts.tuple, operands, encoding.vectorLength, facts.element);
  if (displacementFactor === undefined) throw new Error(`tuple type ${facts.tuple} does not fit its memory operand`);
  return {
    row,
    form: `${instruction} [${asPrinted(opcode, alternative)}]`,
    mnemonic,
    ...place,
    ...encoding,
    mods,
    operands,
    masking: /\{k\d\}/.test(row[1]),
    zeroing: row[1].includes("{z}"),
    rounding: /\{(er|sae)\}/.test(instruction),
    does,
    facts: allFacts(facts),
    memory: operands.find((operand) => operand.memory !== undefined)?.memory,
    displacementFactor,
  };
}

function allFacts({ tuple, element, aligned, undefined: why, distinct, maskRequired, implicit, stack, ignoresMod, noFlags }: RowFacts): VariantFacts {
  return { tuple, element, aligned, undefined: why, distinct, maskRequired, implicit, stack, ignoresMod, noFlags };
}
