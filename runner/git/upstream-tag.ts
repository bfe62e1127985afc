/**
 * Rules that maintainers of forks write into subjects, as OpenShift's Kubernetes fork began it:
 * `UPSTREAM: <carry>: …` stays, `UPSTREAM: <drop>: …` goes at the next rebase,
 * `UPSTREAM: 12345: …` is upstream's pull request 12345 and goes when upstream has it.
 *
 * @module
 */

export type UpstreamTag = { rule: "carry" } | { rule: "drop" } | { rule: "pull_request"; number: number };

export function upstreamTag(subject: string): UpstreamTag | undefined {
  const match = /^\s*UPSTREAM:\s*(?:<(carry|drop|\d+)>|#?(\d+))(?=[\s:]|$)/i.exec(subject);
  if (match === null) return undefined;
  const word = (match[1] ?? match[2] ?? "").toLowerCase();
  if (word === "carry" || word === "drop") return { rule: word };
  return { rule: "pull_request", number: Number(word) };
}

/** The subject without the rule: what upstream would call the same commit. */
export function withoutTag(subject: string): string {
  return subject.replace(/^\s*UPSTREAM:\s*(?:<[^>]*>|#?\d+)\s*:?\s*/i, "").trim();
}
