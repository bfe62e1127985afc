/**
 * What refs a remote has, by Git's smart HTTP, protocol version 2: one POST, no clone, no API quota.
 * See gitprotocol-v2(5), `ls-refs`, and gitprotocol-common(5) for pkt-lines.
 *
 * @module
 */
import { type Outbound, outboundFetch } from "../platform/outbound-fetch.ts";
import { fail, ok, type Result } from "../platform/result.ts";
import { shortDigest } from "./digest.ts";

export type RemoteRef = {
  /** Full name: `refs/tags/v1.0`. */
  name: string;
  /** The commit: of an annotated tag, what it points at in the end. */
  commit: string;
};

export type RemoteRefs = {
  refs: RemoteRef[];
  /** Same for the same answer. */
  digest: string;
};

export type RefsFailure = {
  code: string;
  message: string;
  status?: number | undefined;
  retryAfterSeconds?: number | undefined;
};

/** Ten bytes of overhead and two object ids a tag: room for some hundred thousand tags. */
const MAX_BYTES = 16 * 1024 * 1024;

const FLUSH = "0000";
const DELIMITER = "0001";

/** Lists the refs under some prefixes (`refs/tags/`), peeled. */
export async function lsRefs(
  repository: string,
  prefixes: readonly string[],
  outbound: Outbound,
): Promise<Result<RemoteRefs, RefsFailure>> {
  const answer = await outboundFetch(
    `${repository.replace(/\/+$/, "")}/git-upload-pack`,
    {
      method: "POST",
      headers: {
        "content-type": "application/x-git-upload-pack-request",
        accept: "application/x-git-upload-pack-result",
        "git-protocol": "version=2",
      },
      body: request(prefixes),
      maxBytes: MAX_BYTES,
    },
    outbound,
  );
  if (!answer.ok) return answer;
  const text = new TextDecoder("utf-8").decode(answer.value.body);
  const refs = readRefs(text, answer.value.body);
  return refs.ok ? ok({ refs: refs.value, digest: shortDigest(text) }) : refs;
}

function request(prefixes: readonly string[]): Uint8Array<ArrayBuffer> {
  const lines = [
    "command=ls-refs\n",
    DELIMITER,
    "peel\n",
    ...prefixes.map((prefix) => `ref-prefix ${prefix}\n`),
    FLUSH,
  ];
  const text = lines.map((line) => (line.endsWith("\n") ? pktLine(line) : line)).join("");
  return new Uint8Array(new TextEncoder().encode(text));
}

function pktLine(line: string): string {
  return (new TextEncoder().encode(line).length + 4).toString(16).padStart(4, "0") + line;
}

/** Lines of `<oid> <name>[ peeled:<oid>]` up to a flush; an answer that stops before it is cut short. */
function readRefs(text: string, bytes: Uint8Array<ArrayBuffer>): Result<RemoteRef[], RefsFailure> {
  const decoder = new TextDecoder("utf-8");
  const refs: RemoteRef[] = [];
  let at = 0;
  for (;;) {
    const head = decoder.decode(bytes.subarray(at, at + 4));
    if (head === FLUSH) return ok(refs);
    if (!/^[0-9a-f]{4}$/.test(head)) return malformed(text);
    const length = Number.parseInt(head, 16);
    if (length < 5 || at + length > bytes.length) return malformed(text);
    const line = decoder.decode(bytes.subarray(at + 4, at + length)).replace(/\n$/, "");
    if (line.startsWith("ERR "))
      return fail({ code: "refs_refused", message: `the Git server says: ${line.slice(4, 300)}` });
    const match = /^([0-9a-f]{40}|[0-9a-f]{64}) (\S+)(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) return malformed(text);
    const peeled = / peeled:([0-9a-f]{40,64})(?: |$)/.exec(match[3] ?? "")?.[1];
    refs.push({ name: match[2], commit: peeled ?? match[1] });
    at += length;
  }
}

function malformed(text: string): Result<never, RefsFailure> {
  const what = /^\s*</.test(text) ? "an HTML or XML page" : "something else";
  return fail({ code: "refs_malformed", message: `the Git server sent ${what} instead of a list of refs` });
}
