import { expect, test } from "vitest";
import { environmentSecrets, makeRedactor } from "./redact.ts";

const secret = "s3cr+t/v@lue: with space";

test.each([
  ["as it is", secret],
  ["URL-encoded", encodeURIComponent(secret)],
  ["form-encoded", encodeURIComponent(secret).replaceAll("%20", "+")],
  ["base64", Buffer.from(secret).toString("base64")],
  ["base64url", Buffer.from(secret).toString("base64url")],
  ["in a Basic header of one alignment", Buffer.from(`u:${secret}`).toString("base64")],
  ["in a Basic header of another", Buffer.from(`us:${secret}!`).toString("base64")],
  ["in a Basic header of the third", Buffer.from(`use:${secret}!!`).toString("base64")],
])("a secret is taken out %s", (_, text) => {
  const clean = makeRedactor([secret])(`before ${text} after`);
  expect(clean).toMatch(/^before .*\[redacted\].* after$/);
  for (let at = 0; at + 12 <= text.length; at++) expect(clean).not.toContain(text.slice(at, at + 12));
});

test("other text stays as it is", () => {
  expect(makeRedactor([secret])("nothing here (s3cr+t) [a-z]")).toBe("nothing here (s3cr+t) [a-z]");
  expect(makeRedactor(["", "abc"])("abc")).toBe("abc");
});

test("secrets of the environment are known by their names", () => {
  const env = { API_TOKEN: "abcdefgh", PATH: "/bin:/usr/bin", SSH_AUTH_SOCK: "/tmp/agent", GIT_AUTHOR_NAME: "Someone" };
  expect(environmentSecrets(env)).toEqual(["abcdefgh"]);
});
