import type { Recipe } from "./general.ts";
import type { VectorMeaning } from "./meaning.ts";
export const VECTOR_RECIPES: Readonly<Partial<Record<VectorMeaning, Recipe>>> = {};
