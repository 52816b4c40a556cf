import { styleText } from "node:util";

/** What colours a text is shown in, if any. */
export type Style = (format: Parameters<typeof styleText>[0], text: string) => string;

/** A stream that text goes to. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Colours where they can be seen. NO_COLOR (any value but the empty one) switches them off, FORCE_COLOR (any value but 0 and false)
 * on, whatever the stream is.
 */
export function styleFor(screen: Screen, environment: Readonly<Record<string, string | undefined>>): Style {
  const forced = environment["FORCE_COLOR"];
  const wanted =
    forced !== undefined ? forced !== "0" && forced !== "false" : (environment["NO_COLOR"] ?? "") === "" && screen.isTTY === true && environment["TERM"] !== "dumb";
  return wanted ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}
