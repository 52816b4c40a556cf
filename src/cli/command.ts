import type { Command } from "commander";
import type { Status, Terminal } from "./terminal.ts";

/** Adds one command to the program. Its action hands the exit status to `finish`. */
export type DefineCommand = (program: Command, terminal: Terminal, finish: (status: Status) => void) => void;
