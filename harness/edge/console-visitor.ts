/**
 * Somebody at the console, for tests inside workerd: cookies, forms, and what a browser sends with them.
 *
 * @module
 */
import { env, exports } from "cloudflare:workers";

const ORIGIN = "https://patch.test";

export type Page = { status: number; html: string; headers: Headers };

let visitors = 1;

export class Visitor {
  /** Cookies as a browser would keep them. */
  readonly cookies = new Map<string, string>();
  /** Its own, of those for documentation: who signs in is counted by address. */
  readonly address = `2001:db8:0:${(visitors++).toString(16)}::1`;

  /** Somebody who has signed in; with the deployment's own token by default. */
  static async signedIn(token: string = env.PATCH_ADMIN_TOKEN ?? ""): Promise<Visitor> {
    const visitor = new Visitor();
    const door = await visitor.get("/console/login");
    const answer = await visitor.post("/console/login", { token, csrf: formToken(door) });
    if (answer.status !== 303) throw new Error(`signing in: ${answer.status} ${answer.html}`);
    return visitor;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.send("GET", path, undefined, headers);
  }

  /** Posts fields as they are; a browser says where the form came from. */
  post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    return this.send("POST", path, new URLSearchParams(fields), { origin: ORIGIN, ...headers });
  }

  /** Opens a page and sends one of its forms, with what else is filled in. */
  async act(page: string, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const { html } = await this.get(page);
    const form = html.split("<form").find((part) => part.includes(`action="${action}"`));
    if (form === undefined) throw new Error(`${page} has no form for ${action}`);
    return this.post(action, { ...hiddenFields(form), ...fields });
  }

  private async send(
    method: string,
    path: string,
    body: URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await exports.default.fetch(`${ORIGIN}${path}`, {
      method,
      redirect: "manual",
      headers: { cookie, "cf-connecting-ip": this.address, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, html: await response.text(), headers: response.headers };
  }
}

/** What the page's forms carry. */
export function formToken({ html }: Page): string {
  return /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
}

function hiddenFields(form: string): Record<string, string> {
  const end = form.indexOf("</form>");
  const inputs = form.slice(0, end).matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...inputs].map(([, name = "", value = ""]) => [name, value]));
}
