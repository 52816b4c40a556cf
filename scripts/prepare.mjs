// npm runs this after `npm ci`, before `npm pack`, and when `npx trapline` links the checkout for the first time. The last needs no
// second build: it would make the first command slow, and a build that fails would leave npx's cache broken.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

if (!(process.env["npm_command"] === "exec" && existsSync("dist/src/cli/main.js"))) {
  const { status } = spawnSync("npm", ["run", "build"], { stdio: "inherit", shell: process.platform === "win32" });
  process.exitCode = status ?? 1;
}
