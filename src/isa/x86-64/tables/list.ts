import type { Row } from "../notation.ts";
import { AMX_ROWS } from "./amx.ts";
import { APX_ROWS } from "./apx.ts";
import { AVX_ARITHMETIC_ROWS } from "./avx-arithmetic.ts";
import { AVX_MOVES_ROWS } from "./avx-moves.ts";
import { AVX512_ARITHMETIC_ROWS } from "./avx512-arithmetic.ts";
import { AVX512_FMA_ROWS } from "./avx512-fma.ts";
import { AVX512_MOVES_ROWS } from "./avx512-moves.ts";
import { BMI_ROWS } from "./bmi.ts";
import { FLOW_ROWS } from "./flow.ts";
import { FMA_ROWS } from "./fma.ts";
import { GENERAL_ROWS } from "./general.ts";
import { MASK_ROWS } from "./mask.ts";
import { MMX_ROWS } from "./mmx.ts";
import { NOW_ROWS } from "./now.ts";
import { SSE_ROWS } from "./sse.ts";
import { STRING_ROWS } from "./string.ts";
import { SYSTEM_ROWS } from "./system.ts";
import { X87_ROWS } from "./x87.ts";
import { XOP_ROWS } from "./xop.ts";

/** Every row of the x86-64 opcode tables. */
export const X86_64_ROWS: readonly Row[] = [
  ...GENERAL_ROWS,
  ...FLOW_ROWS,
  ...STRING_ROWS,
  ...SYSTEM_ROWS,
  ...X87_ROWS,
  ...MMX_ROWS,
  ...SSE_ROWS,
  ...BMI_ROWS,
  ...MASK_ROWS,
  ...AVX_MOVES_ROWS,
  ...AVX_ARITHMETIC_ROWS,
  ...FMA_ROWS,
  ...AVX512_MOVES_ROWS,
  ...AVX512_ARITHMETIC_ROWS,
  ...AVX512_FMA_ROWS,
  ...APX_ROWS,
  ...AMX_ROWS,
  ...XOP_ROWS,
  ...NOW_ROWS,
];
