/**
 * A TCP port on loopback that nobody listens on.
 *
 * @module
 */
import { createServer } from "node:net";

/** Asks the system for a port. Another program may take it before we do; the caller's start then fails loudly. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}
