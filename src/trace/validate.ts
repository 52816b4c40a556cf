import { type GenericSchema, type InferOutput, safeParse } from "valibot";
import { TraceError } from "./record.ts";
import { describeIssue } from "./schema.ts";

/** The value of `json` by `schema`. Throws a {@link TraceError} with the first problem; `where` says in what of the file. */
export function validate<Schema extends GenericSchema>(schema: Schema, json: unknown, where: string): InferOutput<Schema> {
  const result = safeParse(schema, json, { abortEarly: true });
  if (result.success) return result.output;
  throw new TraceError(`${where}: ${describeIssue(result.issues[0])}`);
}
