/**
 * Forms: every one is bound to the session, and acts once however often it is sent.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { Visit } from "./visit.ts";

type FormProps = {
  visit: Visit;
  /** Path it posts to. */
  to: string;
  children?: Child;
};

export function Form({ visit, to, children }: FormProps) {
  return (
    <form method="post" action={to}>
      <input type="hidden" name="csrf" value={visit.formToken} />
      <input type="hidden" name="once" value={visit.once} />
      {children}
    </form>
  );
}

type ActProps = {
  visit: Visit;
  to: string;
  label: string;
  look?: "first" | "plain" | "danger";
  /** What it acts on, for those who hear the button without its row. */
  on?: string;
  fields?: Record<string, string>;
};

/** A button that acts. */
export function Act({ visit, to, label, look, on, fields = {} }: ActProps) {
  return (
    <Form visit={visit} to={to}>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class={look} aria-label={on === undefined ? undefined : `${label} ${on}`}>
        {label}
      </button>
    </Form>
  );
}
