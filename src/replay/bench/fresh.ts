let made = 0;

/**
 * A function that is compiled anew: what the engine has learned of others, written the same, does not count for it. Who emulates or decodes has one
 * architecture, and the engine puts its calls right into the caller's code; a loop that was used with all architectures calls in a slower way.
 * `source`: a function expression, which sees the values of `names`.
 */
export function compiledAnew<Made>(source: string, names: Readonly<Record<string, unknown>>): Made {
  // The engine knows a source that it has seen: no two are the same.
  const make = new Function(...Object.keys(names), `"use strict"; return ${source}; // ${made++}`) as (...values: readonly unknown[]) => Made;
  return make(...Object.values(names));
}
