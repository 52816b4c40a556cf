import type { Recipe } from "./builder.ts";
import { GENERAL_RECIPES } from "./general.ts";
import { LANE_RECIPES } from "./lanes.ts";
import type { Meaning } from "./meaning.ts";
import { STACK_RECIPES } from "./stack.ts";
import { STRING_RECIPES } from "./string.ts";
import { VECTOR_RECIPES } from "./vector.ts";

const RECIPES: Readonly<Partial<Record<Meaning, Recipe>>> = {
  ...GENERAL_RECIPES,
  ...STACK_RECIPES,
  ...STRING_RECIPES,
  ...VECTOR_RECIPES,
  ...LANE_RECIPES,
};

/** How to emulate what a row does, or undefined if it is only named. */
export function recipeOf(does: Meaning): Recipe | undefined {
  return RECIPES[does];
}
