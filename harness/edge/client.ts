/**
 * What tests inside workerd use to be a client and a runner: the Worker's own HTTP, nothing else.
 *
 * @module
 */
import { env, exports } from "cloudflare:workers";
import type { z } from "zod";
import { AttemptDetail, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { RunnerCreated } from "../../worker/contract/identity.ts";
import { type AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { signWebhook } from "../../worker/contract/standard-webhooks.ts";
import { emptyReport } from "../../worker/contract/testing/empty-report.ts";

const ORIGIN = "https://patch.test";

export type Reply = { status: number; body: unknown; headers: Headers };

/** One request with the deployment's admin token; `headers` may replace it. */
export async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await exports.default.fetch(`${ORIGIN}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${env.PATCH_ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return reply(response);
}

/** The body of a reply that must have this status, parsed. */
export function expectBody<T extends z.ZodType>(schema: T, answer: Reply, status = 200): z.infer<T> {
  if (answer.status !== status) throw new Error(`expected ${status}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return schema.parse(answer.body);
}

/** A made-up object id. */
export function oid(n: number): string {
  return n.toString(16).padStart(40, "0");
}

/** Declares a stack; its work goes only to a runner registered for it, since a file's tests share storage. */
export async function declareStack(id: string, policy: object = {}): Promise<void> {
  const repositories = { upstream: { url: "https://git.test.org/up" }, fork: { url: "https://git.test.org/fork" } };
  const answer = await call("PUT", `/stacks/${id}`, {
    ...repositories,
    branch: "patched",
    policy: { runnerLabels: [id], ...policy },
  });
  if (answer.status !== 201 && answer.status !== 200)
    throw new Error(`stack ${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

export function releaseEventId(stackId: string, tag: string): string {
  return `patch:by-hand-${stackId}:${tag}:upstream.release`;
}

/** Posts a release event by hand. */
export async function postRelease(stackId: string, tag: string): Promise<Reply> {
  const payload = { entry: { entryId: tag, tag } };
  const id = releaseEventId(stackId, tag);
  return call("POST", "/flow-events", { id, type: "upstream.release", payload, stackIds: [stackId] });
}

export async function attemptDetail(id: string): Promise<z.infer<typeof AttemptDetail>> {
  return expectBody(AttemptDetail, await call("GET", `/maintenance-attempts/${id}`));
}

export async function attemptsOf(stackId: string): Promise<MaintenanceAttempt[]> {
  const answer = await call("GET", `/maintenance-attempts?stackId=${stackId}&limit=500`);
  return MaintenanceAttempt.array().parse((answer.body as { attempts: unknown }).attempts);
}

/** Declares a stack whose work only the runner returned is given. */
export async function stackWithRunner(id: string, policy: object = {}): Promise<TestRunner> {
  await declareStack(id, policy);
  return TestRunner.register(`${id}-runner`, [id]);
}

/** A registered runner. */
export class TestRunner {
  readonly name: string;
  private readonly secret: string;

  private constructor(name: string, secret: string) {
    this.name = name;
    this.secret = secret;
  }

  static async register(name: string, labels: string[] = []): Promise<TestRunner> {
    const { secret } = expectBody(RunnerCreated, await call("POST", "/runners", { name, labels }), 201);
    return new TestRunner(name, secret);
  }

  /** Asks for work without waiting. */
  pull(nonce: string = crypto.randomUUID(), more: object = {}): Promise<Reply> {
    const runner = { name: this.name, version: "1.0.0" };
    return signed("/runner/claim", this.secret, { nonce, waitSeconds: 0, runner, ...more });
  }

  /** Asks for work that must be there. */
  async job(): Promise<JobEnvelope> {
    return expectBody(JobEnvelope, await this.pull());
  }
}

export type Callback = { type: string; data?: unknown; seq?: number; id?: string; epoch?: number; nonce?: string };

/** Sends a callback for a job, signed with its key. */
export function tell(job: JobEnvelope, { type, data = {}, seq = 0, id, ...over }: Callback): Promise<Reply> {
  const { attemptId, epoch, nonce } = job;
  return signed("/webhooks/runner", job.callbackKey, { type, attemptId, epoch, nonce, seq, data, ...over }, id);
}

export function tellResult(job: JobEnvelope, result: Partial<AttemptResult>, id?: string): Promise<Reply> {
  return tell(job, { type: "attempt.result", data: result, seq: 1, id });
}

/** A result that names a candidate, with a report. */
export function changed(job: JobEnvelope): Partial<AttemptResult> {
  const candidates = [{ kind: "branch" as const, ref: `refs/heads/${job.candidateRef}`, oid: oid(4) }];
  return { outcome: "changed", candidates, report: emptyReport(job.stack.id) };
}

/** A signed POST; `body` may be text that is no JSON. */
export async function signed(
  path: string,
  secret: string,
  body: unknown,
  id: string = crypto.randomUUID(),
  headers: Record<string, string> = {},
): Promise<Reply> {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const signature = await signWebhook(secret, id, bytes, Date.now());
  const response = await exports.default.fetch(`${ORIGIN}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...signature, ...headers },
    body: bytes,
  });
  return reply(response);
}

async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text, headers: response.headers };
}
