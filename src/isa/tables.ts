/**
 * Tables that rows of an instruction set share, each by what it is a table of: made whole when a row first needs it, from constants
 * alone. Operations are built of their entries, so that a decode allocates only what differs from word to word.
 */
export function sharedTable<Key extends readonly (string | number | boolean)[], Entry>(make: (...key: Key) => readonly Entry[]): (...key: Key) => readonly Entry[] {
  const tables = new Map<string, readonly Entry[]>();
  return (...key) => {
    const name = key.join();
    let table = tables.get(name);
    if (table === undefined) {
      table = make(...key);
      tables.set(name, table);
    }
    return table;
  };
}

/** A table of `length` entries. Unlike the array of Array.from, one that the engine knows to have no holes. */
export function tableOf<Entry>(length: number, entry: (index: number) => Entry): readonly Entry[] {
  const table: Entry[] = [];
  for (let index = 0; index < length; index++) table.push(entry(index));
  return table;
}
