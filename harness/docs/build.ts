/**
 * `npm run build:docs`: the documentation as pages in `public/docs/`. Exits with 1 when a link is dead.
 *
 * @module
 */
import { buildSite } from "./site.ts";

const problems = buildSite();
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
