/**
 * The admin API as an outside program uses it: fetch, a token, answers parsed by the contract.
 *
 * @module
 */
import { z } from "zod";
import { AttemptDetail, Candidate, MaintenanceAttempt, RetryAnswer } from "../../worker/contract/attempt.ts";
import { FeedSignal } from "../../worker/contract/feed-signal.ts";
import { FeedSource } from "../../worker/contract/feed-source.ts";
import { FlowEvent } from "../../worker/contract/flow-event.ts";
import { Runner, RunnerCreated } from "../../worker/contract/identity.ts";
import { Stack } from "../../worker/contract/stack.ts";
import { until } from "../process/until.ts";

export type Answer = { status: number; headers: Headers; text: string; json: unknown };

export class AdminApi {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Any request, whatever comes of it. `body` goes as JSON, or as it is when it is text. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parseJson(text) };
  }

  putStack(id: string, config: unknown): Promise<unknown> {
    return this.#ask("PUT", `/stacks/${encodeURIComponent(id)}`, z.unknown(), config);
  }

  async stack(id: string): Promise<Stack> {
    return (await this.#ask("GET", `/stacks/${encodeURIComponent(id)}`, z.object({ stack: Stack }))).stack;
  }

  putSource(id: string, config: unknown): Promise<unknown> {
    return this.#ask("PUT", `/feed-sources/${encodeURIComponent(id)}`, z.unknown(), config);
  }

  async source(id: string): Promise<FeedSource> {
    return (await this.#ask("GET", `/feed-sources/${encodeURIComponent(id)}`, z.object({ source: FeedSource }))).source;
  }

  async signals(sourceId: string): Promise<FeedSignal[]> {
    const path = `/feed-signals?sourceId=${encodeURIComponent(sourceId)}&limit=500`;
    return (await this.#ask("GET", path, z.object({ signals: z.array(FeedSignal) }))).signals;
  }

  async events(stackId: string): Promise<FlowEvent[]> {
    const path = `/flow-events?stackId=${encodeURIComponent(stackId)}&limit=500`;
    return (await this.#ask("GET", path, z.object({ events: z.array(FlowEvent) }))).events;
  }

  /** Newest first. */
  async attempts(filter: { stackId?: string; eventId?: string; status?: string }): Promise<MaintenanceAttempt[]> {
    const query = new URLSearchParams({ ...filter, limit: "500" });
    const answer = z.object({ attempts: z.array(MaintenanceAttempt) });
    return (await this.#ask("GET", `/maintenance-attempts?${query}`, answer)).attempts;
  }

  attempt(id: string): Promise<AttemptDetail> {
    return this.#ask("GET", `/maintenance-attempts/${encodeURIComponent(id)}`, AttemptDetail);
  }

  /** The attempt once it stands as wanted; throws with how it stood last when that does not come. */
  attemptThat(id: string, stands: (attempt: MaintenanceAttempt) => boolean): Promise<MaintenanceAttempt> {
    let last: unknown;
    return until(
      `${id} to move on`,
      async () => {
        const { attempt } = await this.attempt(id);
        last = [attempt.status, attempt.reason];
        return stands(attempt) ? attempt : undefined;
      },
      { timeoutMs: 60_000, seen: () => JSON.stringify(last) },
    );
  }

  async land(attemptId: string): Promise<MaintenanceAttempt> {
    const path = `/maintenance-attempts/${encodeURIComponent(attemptId)}/land`;
    return (await this.#ask("POST", path, z.object({ attempt: MaintenanceAttempt }), {})).attempt;
  }

  replay(eventId: string): Promise<RetryAnswer> {
    return this.#ask("POST", `/flow-events/${encodeURIComponent(eventId)}/replay`, RetryAnswer, {});
  }

  async candidates(stackId: string): Promise<Candidate[]> {
    const path = `/candidates?stackId=${encodeURIComponent(stackId)}&limit=500`;
    return (await this.#ask("GET", path, z.object({ candidates: z.array(Candidate) }))).candidates;
  }

  async runners(): Promise<Runner[]> {
    return (await this.#ask("GET", "/runners", z.object({ runners: z.array(Runner) }))).runners;
  }

  makeRunner(name: string): Promise<z.infer<typeof RunnerCreated>> {
    return this.#ask("POST", "/runners", RunnerCreated, { name });
  }

  async #ask<S extends z.ZodType>(method: string, path: string, shape: S, body?: unknown): Promise<z.output<S>> {
    const answer = await this.send(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    const parsed = shape.safeParse(answer.json);
    if (!parsed.success)
      throw new Error(`${method} ${path} answered what the contract does not know:\n${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
