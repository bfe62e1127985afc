/**
 * Routes of the protocol that this version does not have yet: they say so, instead of 404.
 *
 * @module
 */
import { ApiError, router, scope } from "./http.ts";

const LATER = [
  ["post", "/candidates/:id/promote", "needs channels, which do not exist yet"],
  ["get", "/stacks/:id/channels", "needs channels, which do not exist yet"],
] as const;

export const laterApi = router();

for (const [method, path, why] of LATER) {
  laterApi[method](path, scope("read"), (c) => {
    throw new ApiError("not_implemented", `${c.req.method} ${c.req.path} ${why}`);
  });
}
