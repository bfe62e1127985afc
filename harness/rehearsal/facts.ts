/**
 * What a step says: facts by name, what was expected of each and what was seen.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";

export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact };

export type StepResult = {
  name: string;
  expected: Record<string, Fact>;
  seen: Record<string, Fact>;
  ok: boolean;
  seconds: number;
};

export class Facts {
  readonly expected: Record<string, Fact> = {};
  readonly seen: Record<string, Fact> = {};

  /** Notes one fact. Nothing is thrown: the step goes on, and the table shows every difference. */
  note(what: string, expected: Fact, seen: Fact | undefined): void {
    this.expected[what] = expected;
    this.seen[what] = seen ?? null;
  }

  get ok(): boolean {
    return isDeepStrictEqual(this.expected, this.seen);
  }

  /** Names of the facts that are not as expected. */
  differences(): string[] {
    return Object.keys({ ...this.expected, ...this.seen }).filter(
      (what) => !isDeepStrictEqual(this.expected[what], this.seen[what]),
    );
  }
}
