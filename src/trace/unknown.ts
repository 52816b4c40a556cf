import type { UnknownKeys } from "./record.ts";

/** The keys that a JSON object may have: true for a value that is taken whole, else what its inside may have. */
export type KnownKeys = true | { readonly keys: Readonly<Record<string, KnownKeys>> } | { readonly elements: KnownKeys };

/** What of a JSON value the format does not define, in the shape of {@link UnknownKeys}; undefined if nothing. */
export function unknownKeys(value: unknown, known: KnownKeys): UnknownKeys {
  if (known === true || typeof value !== "object" || value === null) return undefined;
  let found: Record<string, unknown> | undefined;
  const add = (key: string, inner: unknown): void => {
    found ??= Object.create(null) as Record<string, unknown>;
    found[key] = inner;
  };
  if ("elements" in known) {
    if (known.elements === true || !Array.isArray(value)) return undefined;
    for (let index = 0; index < value.length; index++) {
      const inner = unknownKeys(value[index], known.elements);
      if (inner !== undefined) add(String(index), inner);
    }
    return found;
  }
  for (const key of Object.keys(value)) {
    const child = Object.hasOwn(known.keys, key) ? known.keys[key] : undefined;
    if (child === true) continue;
    const inner = (value as Record<string, unknown>)[key];
    if (child === undefined) {
      add(key, inner);
      continue;
    }
    const below = unknownKeys(inner, child);
    if (below !== undefined) add(key, below);
  }
  return found;
}

/** Puts unknown keys back where they stood. Known keys of `value` win. */
export function withUnknownKeys(value: unknown, unknown: UnknownKeys): unknown {
  if (unknown === undefined) return value;
  if (Array.isArray(value)) {
    return value.map((element, index) => withUnknownKeys(element, unknown[String(index)] as UnknownKeys));
  }
  const object = (value ?? {}) as Record<string, unknown>;
  const merged = Object.assign(Object.create(null) as Record<string, unknown>, object);
  for (const [key, inner] of Object.entries(unknown)) {
    merged[key] = Object.hasOwn(object, key) && typeof object[key] === "object" ? withUnknownKeys(object[key], inner as UnknownKeys) : inner;
  }
  return merged;
}
