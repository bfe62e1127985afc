/**
 * As much of GitHub's API as a hand-over needs, for tests inside workerd, where no server of the harness runs.
 * Its requests and answers are held against GitHub's own document elsewhere (`harness/forge-server/`).
 *
 * @module
 */

export class PlayedGithub {
  readonly url: string;
  /** Every request as `METHOD /path`. */
  readonly asked: string[] = [];
  /** Inputs of the runs that were started, oldest first. */
  readonly started: Record<string, string>[] = [];
  /** Statuses that were set, oldest first. */
  readonly statuses: string[] = [];
  run: { status: string; conclusion: string | null } = { status: "in_progress", conclusion: null };
  /** Answers in place of the forge, where it gives one. */
  trouble: (request: Request) => Response | undefined = () => undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Undefined for what is not its own. */
  async answer(request: Request): Promise<Response | undefined> {
    const { origin, pathname } = new URL(request.url);
    if (origin !== this.url) return undefined;
    this.asked.push(`${request.method} ${pathname}`);
    const path = pathname.replace("/api/v3/repos/acme/editor", "");
    return this.trouble(request) ?? this.usual(request, path);
  }

  private async usual(request: Request, path: string): Promise<Response> {
    if (path === "") return Response.json(this.repository());
    if (request.method === "POST" && path.endsWith("/dispatches")) {
      const { inputs } = await request.json<{ inputs: Record<string, string> }>();
      const html_url = this.runUrl(this.started.push(inputs));
      return Response.json({ workflow_run_id: this.started.length, run_url: html_url, html_url });
    }
    if (path.endsWith("/runs"))
      return Response.json({ workflow_runs: this.started.map((_, i) => this.runBody(i + 1)).toReversed() });
    if (request.method === "POST" && path.startsWith("/statuses/")) {
      this.statuses.push(path.slice("/statuses/".length));
      return Response.json({ id: 1 }, { status: 201 });
    }
    const id = /^\/actions\/runs\/(\d+)$/.exec(path)?.[1];
    if (id !== undefined && Number(id) <= this.started.length) return Response.json(this.runBody(Number(id)));
    return Response.json({ message: "Not Found" }, { status: 404 });
  }

  private runBody(id: number) {
    const { attemptId, epoch } = this.started[id - 1] ?? {};
    return {
      ...this.run,
      id,
      html_url: this.runUrl(id),
      display_title: `patch.moi ${attemptId}.${epoch}`,
      name: "patch.moi",
      created_at: new Date().toISOString(),
    };
  }

  private runUrl(id: number): string {
    return `${this.url}/acme/editor/actions/runs/${id}`;
  }

  private repository() {
    return {
      id: 501,
      owner: { id: 77, login: "acme" },
      full_name: "acme/editor",
      default_branch: "main",
      archived: false,
    };
  }
}
