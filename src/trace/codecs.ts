import { columnar } from "./columnar/codec.ts";
import { jsonLines } from "./json-lines.ts";
import type { TraceCodec } from "./record.ts";

/** Every way to store a trace. A file's codec is found from its first bytes. */
export const CODECS: readonly TraceCodec[] = [jsonLines, columnar];
