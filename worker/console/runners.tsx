/**
 * Runners: the programs that do the Git work outside the edge. A secret is shown once.
 *
 * @module
 */
import { Hono } from "hono";
import { type AppEnv, page as cut, decodeCursor, scope } from "../api/http.ts";
import { registerRunner, removeRunner, rotateSecret, runnerView } from "../api/identities.ts";
import { type Runner, RunnerInput } from "../contract/identity.ts";
import { listRunners } from "../store/runners.ts";
import { Act, Form } from "./form.tsx";
import { page } from "./frame.tsx";
import { checked, Delete, shownOnce } from "./identity.tsx";
import { formOf, type Visit } from "./visit.ts";
import { When } from "./words.tsx";

const ROWS = 100;

export const runnerPages = new Hono<AppEnv>();

runnerPages.get("/runners", async (c) => {
  const cursor = c.req.query("cursor");
  const { rows, nextCursor } = cut(await listRunners(c.var.db, ROWS, decodeCursor(cursor)), ROWS);
  return page(c, { title: "Runners", place: "/console/runners", every: 15 }, (visit) => (
    <>
      <h1>Runners</h1>
      <p class="lead">Programs that do the Git work outside the edge.</p>
      <div id="runners" data-part>
        {rows.length === 0 ? (
          <p class="none">None is registered: no work can be done until one is.</p>
        ) : (
          <Runners runners={rows.map(runnerView)} visit={visit} />
        )}
        {nextCursor === undefined ? null : <a href={`/console/runners?cursor=${nextCursor}`}>Older</a>}
      </div>
      {visit.may("admin") ? <Register visit={visit} /> : null}
    </>
  ));
});

runnerPages.post("/runners", scope("admin"), async (c) => {
  const form = await formOf(c);
  const labels = words(form.labels);
  const { runner, secret } = await registerRunner(c, checked(RunnerInput, { name: form.name?.trim(), labels }));
  return shownOnce(c, { what: `Runner ${runner.name}`, secret, back: "/console/runners" });
});

runnerPages.post("/runners/:name/rotate", scope("admin"), async (c) => {
  const { runner, secret } = await rotateSecret(c, c.req.param("name"));
  return shownOnce(c, { what: `Runner ${runner.name}`, secret, back: "/console/runners" });
});

runnerPages.post("/runners/:name/delete", scope("admin"), async (c) => {
  await removeRunner(c, c.req.param("name"));
  return c.redirect("/console/runners", 303);
});

function words(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter((word) => word !== "");
}

function Runners({ runners, visit }: { runners: readonly Runner[]; visit: Visit }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Runner</th>
          <th scope="col">Labels</th>
          <th scope="col">Version</th>
          <th scope="col">Last asked for work</th>
          <th scope="col">Registered</th>
          {visit.may("admin") ? <th scope="col">Act</th> : null}
        </tr>
      </thead>
      <tbody>
        {runners.map((runner) => (
          <tr>
            <td class="name">{runner.name}</td>
            <td data-th="Labels">
              {runner.labels.length === 0 ? <span class="none">none</span> : runner.labels.join(", ")}
            </td>
            <td data-th="Version">{runner.version ?? <span class="none">unknown</span>}</td>
            <td data-th="Last asked">
              {runner.lastSeenAt === undefined ? (
                <span class="warn">never</span>
              ) : (
                <When at={runner.lastSeenAt} now={visit.now} />
              )}
            </td>
            <td data-th="Registered">
              <When at={runner.createdAt} now={visit.now} />
              {runner.previousSecretUntil === undefined ? null : (
                <span class="sub">
                  old secret good until <When at={runner.previousSecretUntil} now={visit.now} />
                </span>
              )}
            </td>
            {visit.may("admin") ? (
              <td>
                <div class="acts">
                  <Act
                    visit={visit}
                    to={`/console/runners/${runner.name}/rotate`}
                    label="New secret"
                    on={`for ${runner.name}`}
                  />
                  <Delete visit={visit} to={`/console/runners/${runner.name}/delete`} what={runner.name} />
                </div>
              </td>
            ) : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Register({ visit }: { visit: Visit }) {
  return (
    <section aria-labelledby="register-title">
      <h2 id="register-title">Register a runner</h2>
      <Form visit={visit} to="/console/runners">
        <div class="fields">
          <div>
            <label for="runner-name">Name</label>
            <input id="runner-name" name="name" required maxlength={64} autocapitalize="off" />
          </div>
          <div>
            <label for="runner-labels">Labels, if stacks ask for any</label>
            <input id="runner-labels" name="labels" maxlength={2000} autocapitalize="off" />
          </div>
          <div>
            <button type="submit">Register</button>
          </div>
        </div>
      </Form>
    </section>
  );
}
