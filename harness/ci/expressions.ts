/**
 * Expressions of workflow files, as far as our own use them.
 *
 * @module
 */

export type Context = Record<string, unknown>;

/** Text with its `${{ path }}` filled in; what is not there is empty. */
export const fill = (text: string, context: Context): string =>
  text.replaceAll(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, path: string) => value(path, context));

/** `a && b`, `x == 'y'`, `x != 'y'`, `always()`. Without `always()` what came before must have succeeded. */
export function holds(expression: string, context: Context, succeeded: boolean): boolean {
  const terms = expression.split("&&").map((term) => term.trim());
  if (!terms.includes("always()") && !succeeded) return false;
  return terms.every((term) => {
    if (term === "always()") return true;
    const parts = /^([\w.-]+) (==|!=) '([^']*)'$/.exec(term);
    if (parts?.[1] === undefined) throw new Error(`'${term}' is not an expression that this knows`);
    return (value(parts[1], context) === parts[3]) === (parts[2] === "==");
  });
}

function value(path: string, context: Context): string {
  let at: unknown = context;
  for (const name of path.split("."))
    at = typeof at === "object" && at !== null ? Object.entries(at).find(([key]) => key === name)?.[1] : undefined;
  return typeof at === "string" ? at : "";
}
