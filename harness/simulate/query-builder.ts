/**
 * Makes drizzle faster where it asks, hundreds of times a query, whether a value is of a class: the
 * answer is remembered for each pair of classes. It is the same answer; only simulations ask so often.
 *
 * @module
 */
import { loadEdited } from "./mutants/loading.ts";

/** Must be called before drizzle is imported. */
export function rememberEntityKinds(): void {
  loadEdited("the query builder", import.meta.resolve("drizzle-orm/entity"), [
    {
      find: "  if (!Object.prototype.hasOwnProperty.call(type, entityKind)) {",
      put: `  const made = Object.getPrototypeOf(value)?.constructor;
  let known = answers.get(type);
  if (known === undefined) answers.set(type, (known = new Map()));
  let answer = known.get(made);
  if (answer === undefined) known.set(made, (answer = lookedUp(value, type)));
  return answer;
}
const answers = new Map();
function lookedUp(value, type) {
  if (!Object.prototype.hasOwnProperty.call(type, entityKind)) {`,
    },
  ]);
}
