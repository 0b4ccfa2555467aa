// Runs the page's scripts outside a browser: each line of the input is a function body with its
// argument `given`, each line of the output what it returns. Typed arrays travel as base64.
const fs = require("fs");
const readline = require("readline");
const vm = require("vm");

for (const file of process.argv.slice(2)) {
  vm.runInThisContext(fs.readFileSync(file, "utf8"), { filename: file });
}
const KerasCNN = vm.runInThisContext("KerasCNN");

const encoded = (_key, value) => ArrayBuffer.isView(value)
  ? { floats: Buffer.from(Float32Array.from(value).buffer).toString("base64") } : value;
const decoded = (_key, value) => value?.floats === undefined ? value
  : new Float32Array(Uint8Array.from(Buffer.from(value.floats, "base64")).buffer);

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { body, given } = JSON.parse(line, decoded);
  let answer;
  try {
    answer = { value: new Function("KerasCNN", "given", body)(KerasCNN, given) };
  } catch (error) {
    answer = { error: error.stack };
  }
  process.stdout.write(`${JSON.stringify(answer, encoded)}\n`);
});
