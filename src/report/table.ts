import { stripVTControlCharacters } from "node:util";

/** A column of a text table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** A row of cells, or a line of its own over the whole width (a heading). */
export type TableRow = readonly string[] | string;

const GAP = "  ";

/** Lays rows out in columns as wide as their widest cell. Cells may be coloured. */
export function layOut(columns: readonly Column[], rows: readonly TableRow[]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.filter((row) => typeof row !== "string")];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => width(row[index] ?? ""))));
  const lay = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? "";
        const padding = " ".repeat(widths[index]! - width(cell));
        return align === "left" ? cell + padding : padding + cell;
      })
      .join(GAP)
      .trimEnd();
  return [lay(columns.map(({ title }) => title)), ...rows.map((row) => (typeof row === "string" ? row : lay(row)))];
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
