import { Theatre } from "./world.ts";
console.log = console.warn = console.error = () => {};
const theatre = new Theatre();
const [from = "1", to = "1", mode] = process.argv.slice(2);
const t = performance.now();
let steps = 0;
for (let seed = Number(from); seed <= Number(to); seed++) {
  const o = await theatre.play(seed, mode !== undefined);
  steps += o.steps;
  if (mode !== undefined) process.stdout.write(`${o.lines.join("\n")}\n`);
  if (o.violation) process.stdout.write(`${seed} ${JSON.stringify(o.violation)} ${o.faults}\n`);
}
process.stdout.write(`${performance.now() - t} ms ${steps} steps\n`);
