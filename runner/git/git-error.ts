/**
 * What a failed git process means: a stable code read from its stderr, and what git itself said.
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
  | "objects_refused"
  | "output_too_large"
  | "protocol_refused"
  | "push_rejected"
  | "ref_missing"
  | "remote_not_found"
  | "remote_unreachable"
  | "timeout";

/** Bytes of stderr that an error carries: of its beginning and of its end. */
export const STDERR_HEAD = 1024;
export const STDERR_TAIL = 4096;

export class GitError extends Error {
  override readonly name = "GitError";
  readonly code: GitErrorCode;
  /** The git subcommand only: arguments may hold text that does not belong in a log. */
  readonly command: string;
  readonly exitCode: number | null;
  readonly stderrTail: string;

  constructor(code: GitErrorCode, command: string, exitCode: number | null, stderrTail: string) {
    const said = ownWords(stderrTail);
    super(`git ${command}: ${said === "" ? `ended with ${exitCode ?? "a signal"}` : said}`);
    this.code = code;
    this.command = command;
    this.exitCode = exitCode;
    this.stderrTail = stderrTail;
  }
}

/** Lines before git's own error that go with it: what the server, ssh or a helper said. */
const LINES_BEFORE = 6;

/**
 * What git and the other side said about the failure. Usage texts, hints and advice follow git's own
 * error line and would hide it.
 */
function ownWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.replace(/^\s+|\s+$/g, ""))
    .filter((line) => line !== "" && !/^(?:hint|usage|warning): |^remote:$/.test(line));
  const first = lines.findIndex((line) => /^(?:fatal|error|BUG): /.test(line));
  if (first === -1) return lines.slice(-3).join("; ");
  const said = lines.slice(Math.max(0, first - LINES_BEFORE), first + 1);
  const fatal = lines.slice(first + 1).find((line) => line.startsWith("fatal: "));
  const rejected = lines.slice(first + 1).filter((line) => /^(?:remote: |! \[)/.test(line));
  return [...said, ...(fatal === undefined ? [] : [fatal]), ...rejected.slice(0, LINES_BEFORE)].join("; ");
}

/**
 * Read in this order: a push that lacks objects also failed to push refs, a refused lease is also a
 * rejected push, a 403 is also "unable to access".
 */
const MEANINGS: readonly (readonly [GitErrorCode, RegExp])[] = [
  ["objects_refused", /fsck error in packed object|fsck error in pack objects/i],
  // A promisor that could not be asked, told by the lines before: nothing here is damaged.
  [
    "auth_failed",
    /(?:authentication failed|could not read (?:username|password)|returned error: 40[13])[\s\S]*could not fetch [0-9a-f]{40,64} from promisor/i,
  ],
  [
    "remote_unreachable",
    /(?:unable to access|could not resolve host|failed to connect|connection (?:refused|timed out|reset|closed)|rpc failed|early eof)[\s\S]*could not fetch [0-9a-f]{40,64} from promisor/i,
  ],
  ["protocol_refused", /transport '[^']*' not allowed|remote helper .* aborted|protocol '[^']*' is not supported/i],
  ["missing_object", /could not fetch [0-9a-f]{40,64} from promisor/i],
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
    /missing (?:blob|tree|commit|object|necessary)|unable to read (?:tree|sha1|[0-9a-f]{7})|could not read [0-9a-f]{7}|bad (?:tree )?object|object file .* is empty|object corrupt|not our ref|failed to read object|unable to parse object|data stream error|is corrupt|unable to unpack|bad packed object|hash mismatch|too short to be a packfile|non-monotonic index|does not match index|does not point to a valid object|bad config line|unknown object type|garbage at end of/i,
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
