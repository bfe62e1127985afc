/**
 * The fork's refs. A push names what it expects to replace, and is refused when that has moved.
 *
 * @module
 */
export class Forge {
  private readonly refs = new Map<string, string>();
  /** Every commit that the maintained branch has stood on. */
  readonly history: string[] = [];
  /** Every `<ref> <commit>` that there has been. */
  readonly stood = new Set<string>();
  private made = 0;
  readonly branch: string;

  constructor(branch: string) {
    this.branch = branch;
    this.move(branch, this.commit());
  }

  read(ref: string): string | undefined {
    return this.refs.get(ref);
  }

  get head(): string {
    return this.refs.get(this.branch) ?? "";
  }

  /** A new commit. */
  commit(): string {
    return (++this.made).toString(16).padStart(40, "0");
  }

  /** `expected` undefined: the ref must not be there. */
  push(ref: string, expected: string | undefined, to: string): boolean {
    if (this.refs.get(ref) !== expected) return false;
    this.move(ref, to);
    return true;
  }

  private move(ref: string, to: string): void {
    this.refs.set(ref, to);
    this.stood.add(`${ref} ${to}`);
    if (ref === this.branch) this.history.push(to);
  }
}
