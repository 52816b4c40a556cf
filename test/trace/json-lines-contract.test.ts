import { jsonLines } from "../../src/trace/json-lines.ts";
import { codecContract } from "./codec-contract.ts";

codecContract(jsonLines);
