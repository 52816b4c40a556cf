import { UserError } from "../model/user-error.ts";

/** The stub can't be reached, answers what is no answer, or can't do what a capture needs. The message is one line for people. */
export class CaptureError extends UserError {
  override readonly name = "CaptureError";
}
