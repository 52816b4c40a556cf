import type { Row } from "../rows.ts";
import type { Facts } from "./facts.ts";

export function mveRows(): Row<Facts>[] {
  return [];
}
