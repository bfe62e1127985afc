/**
 * What a failed git process means: a stable code read from its stderr, and the end of that stderr.
 *
 * @module
 */

export type GitErrorCode =
  | "aborted"
  | "auth_failed"
  | "git_failed"
  | "git_missing"
  | "lease_failed"
  | "missing_object"
  | "not_a_repository"
  | "output_too_large"
  | "protocol_refused"
  | "push_rejected"
  | "ref_missing"
  | "remote_not_found"
  | "remote_unreachable"
  | "timeout";

/** Bytes of stderr that an error carries. */
export const STDERR_TAIL = 4096;

export class GitError extends Error {
  override readonly name = "GitError";
  readonly code: GitErrorCode;
  /** The git subcommand only: arguments may hold text that does not belong in a log. */
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderrTail: string;

  constructor(code: GitErrorCode, command: string, exitCode: number | null, stderrTail: string) {
    const lastWords = stderrTail.trim().split("\n").slice(-3).join("; ");
    super(`git ${command}: ${lastWords === "" ? `ended with ${exitCode ?? "a signal"}` : lastWords}`);
    this.code = code;
    this.command = command;
    this.exitCode = exitCode;
    this.stderrTail = stderrTail;
  }
}

/** Read in this order: a refused lease is also a rejected push, a 403 is also "unable to access". */
const MEANINGS: readonly (readonly [GitErrorCode, RegExp])[] = [
  ["protocol_refused", /transport '[^']*' not allowed|remote helper .* aborted|protocol '[^']*' is not supported/i],
  ["lease_failed", /\(stale info\)|\(remote ref updated since checkout\)|cannot lock ref .* but expected/i],
  ["push_rejected", /\[(?:remote )?rejected\]|failed to push some refs|hook declined|protected branch/i],
  [
    "auth_failed",
    /authentication failed|could not read (?:username|password)|permission denied \(|returned error: 40[13]|terminal prompts disabled|host key verification failed|access denied/i,
  ],
  [
    "remote_not_found",
    /repository .*not found|does not appear to be a git repository|returned error: 404|project you were looking for could not be found/i,
  ],
  [
    "ref_missing",
    /couldn't find remote ref|remote branch .* not found|src refspec .* does not match|unknown revision|bad revision|needed a single revision|not a valid object name|ambiguous argument/i,
  ],
  ["not_a_repository", /not a git repository|dubious ownership/i],
  [
    "missing_object",
    /missing (?:blob|tree|commit|object|necessary)|unable to read (?:tree|sha1|[0-9a-f]{7})|could not read [0-9a-f]{7}|bad (?:tree )?object|object file .* is empty|object corrupt|not our ref|could not fetch [0-9a-f]{40} from promisor|failed to read object|unable to parse object/i,
  ],
  [
    "remote_unreachable",
    /could not resolve host|failed to connect|connection (?:refused|timed out|reset|closed)|network is unreachable|no route to host|remote end hung up|early eof|returned error: (?:429|5\d\d)|rpc failed|operation timed out|unable to access|could not read from remote/i,
  ],
];

/** The code for what git said on stderr; it must have run under `LC_ALL=C`. */
export function classifyStderr(stderr: string): GitErrorCode {
  for (const [code, pattern] of MEANINGS) if (pattern.test(stderr)) return code;
  return "git_failed";
}
