// tsc writes the command without the executable bit, and `npx trapline` in a checkout starts that very file.
import { chmodSync, existsSync } from "node:fs";

for (const file of process.argv.slice(2)) {
  if (existsSync(file)) chmodSync(file, 0o755);
  else {
    console.error(`make-executable: ${file} does not exist: the build did not write it`);
    process.exitCode = 1;
  }
}
