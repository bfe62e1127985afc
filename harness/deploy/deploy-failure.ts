/**
 * The end of a deployment that cannot go on: a code, and a sentence that says what to do.
 *
 * @module
 */

export class DeployFailure extends Error {
  override readonly name = "DeployFailure";
  readonly code: string;
  /** 1: the work failed. 2: what was asked for cannot be. */
  readonly exitCode: 1 | 2;

  constructor(code: string, message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}
