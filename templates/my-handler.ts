// Stands for the handler while the templates beside it are type-checked: trapline new-handler writes handlers/example.ts in its place.
export { default } from "../handlers/example.ts";
