/**
 * The issuer on loopback: its documents, and the endpoint at which a job asks for its token.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { JWTPayload } from "jose";
import { Issuer } from "./issuer.ts";

export type IssuerServer = {
  issuer: Issuer;
  /** What a job that may ask for tokens finds in its environment. */
  jobEnvironment(claims: JWTPayload): { ACTIONS_ID_TOKEN_REQUEST_URL: string; ACTIONS_ID_TOKEN_REQUEST_TOKEN: string };
  close(): Promise<void>;
};

export async function startIssuer(): Promise<IssuerServer> {
  const jobs = new Map<string, JWTPayload>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", issuer.url);
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const document = issuer.document(url.href);
    if (document !== undefined) return send(document.status, document.body);
    const claims = jobs.get(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
    const aud = url.searchParams.get("audience");
    if (url.pathname !== "/token" || claims === undefined || aud === null) return send(403, {});
    issuer.token({ ...claims, aud }).then(
      (value) => send(200, { value }),
      () => send(500, {}),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the issuer has no port");
  const issuer = await Issuer.start(`http://127.0.0.1:${address.port}`, "RS256");
  return {
    issuer,
    jobEnvironment(claims) {
      const token = randomUUID();
      jobs.set(token, claims);
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}/token?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
