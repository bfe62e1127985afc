/**
 * What a feed would become: paste an address or the feed itself, and see entries, filters and events.
 *
 * @module
 */
import type { Context } from "hono";
import { Hono } from "hono";
import { preview } from "../api/feed-preview.ts";
import { ApiError, type AppEnv, scope } from "../api/http.ts";
import { FeedEventKind, Provider } from "../contract/feed-source.ts";
import { describeIssues } from "../contract/issue-words.ts";
import { type Preview, PreviewInput } from "../contract/preview.ts";
import { Form } from "./form.tsx";
import { page } from "./frame.tsx";
import { formOf } from "./visit.ts";
import { count, Mark, Outside } from "./words.tsx";

/** Rows shown of what a feed holds. */
const ROWS = 100;

type Given = Partial<Record<string, string>>;

export const previewPage = new Hono<AppEnv>();

previewPage.use("/preview", scope("operate"));

previewPage.get("/preview", (c) => show(c, { url: c.req.query("url") }, undefined));

previewPage.post("/preview", async (c) => {
  const form = await formOf(c);
  const fields = ["url", "body", "stack", "provider", "event"].flatMap((name) => {
    const value = form[name]?.trim() ?? "";
    return value === "" ? [] : [[name, name === "body" ? form.body : value]];
  });
  const parsed = PreviewInput.safeParse(Object.fromEntries(fields));
  if (!parsed.success) return show(c, form, describeIssues(parsed.error).join("; "));
  try {
    return show(c, form, await preview(c, parsed.data));
  } catch (error) {
    if (error instanceof ApiError) return show(c, form, error.message);
    throw error;
  }
});

function show(c: Context<AppEnv>, given: Given, outcome: Preview | string | undefined) {
  return page(c, { title: "Preview a feed", place: "/console/sources" }, (visit) => (
    <>
      <h1>Preview a feed</h1>
      <p class="lead">Reads it as a source would, and stores nothing.</p>
      <Form visit={visit} to="/console/preview">
        <div class="fields">
          <div>
            <label for="url">Address of a feed or a repository</label>
            <input id="url" name="url" class="long" type="text" inputmode="url" value={given.url} maxlength={2048} />
          </div>
          <div>
            <label for="stack">Judged by the policy of the stack</label>
            <input id="stack" name="stack" value={given.stack} maxlength={64} autocapitalize="off" />
          </div>
          <div>
            <label for="provider">Provider</label>
            <Choice name="provider" options={Provider.options} given={given.provider} otherwise="by its address" />
          </div>
          <div>
            <label for="event">Tells of</label>
            <Choice name="event" options={FeedEventKind.options} given={given.event} otherwise="by its address" />
          </div>
          <details open={given.body !== undefined && given.body !== ""}>
            <summary>Or paste the feed itself</summary>
            <label for="body">Text of the feed</label>
            <textarea id="body" name="body" class="mono" rows={10} spellcheck={false}>
              {given.body}
            </textarea>
          </details>
          <div>
            <button type="submit" class="first">
              Preview
            </button>
          </div>
        </div>
      </Form>
      {outcome === undefined ? null : typeof outcome === "string" ? (
        <div class="note bad" role="alert">
          <p>{outcome}</p>
        </div>
      ) : (
        <Outcome preview={outcome} />
      )}
    </>
  ));
}

type ChoiceProps = { name: string; options: readonly string[]; given: string | undefined; otherwise: string };

function Choice({ name, options, given, otherwise }: ChoiceProps) {
  return (
    <select id={name} name={name}>
      <option value="">{otherwise}</option>
      {options.map((option) => (
        <option value={option} selected={given === option}>
          {option}
        </option>
      ))}
    </select>
  );
}

function Outcome({ preview: found }: { preview: Preview }) {
  // Newest first, as everywhere else here.
  const signals = found.signals.toReversed();
  return (
    <section aria-labelledby="outcome-title">
      <h2 id="outcome-title">{found.title ?? "The feed"}</h2>
      <p class="lead">
        {found.format}: {count(found.entries.length, "entry", "entries")}; would make{" "}
        {count(found.events.length, "event")}.
      </p>
      {found.warnings.length === 0 ? null : (
        <ul class="note warn">
          {found.warnings.slice(0, ROWS).map((warning) => (
            <li>{warning}</li>
          ))}
        </ul>
      )}
      {signals.length === 0 ? null : (
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Becomes</th>
              <th scope="col">Entry</th>
              <th scope="col">Because</th>
            </tr>
          </thead>
          <tbody>
            {signals.slice(0, ROWS).map((signal) => (
              <tr>
                <td class="tight">
                  {signal.disposition === "event" ? <Mark tone="good">event</Mark> : <Mark tone="idle">filtered</Mark>}
                </td>
                <td>
                  <code>{signal.tag ?? signal.ref ?? signal.entryId}</code>
                  <span class="sub">
                    <Outside href={signal.url}>{signal.title}</Outside>
                    {signal.publishedAt === undefined ? null : ` ${signal.publishedAt.slice(0, 10)}`}
                    {signal.prerelease === true ? " prerelease" : null}
                  </span>
                </td>
                <td class="soft">
                  {signal.decisions.map((decision) => (
                    <div>
                      {decision.stackId}: {decision.message}
                    </div>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {signals.length > ROWS ? <p class="soft">And {signals.length - ROWS} older ones.</p> : null}
    </section>
  );
}
