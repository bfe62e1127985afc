/**
 * A log file that grows: what is in it, then what comes, whatever is done to it meanwhile.
 *
 * @module
 */
import { open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How often a file is looked at for more, milliseconds. */
const EVERY_MS = 200;

const PIECE = 256 * 1024;

/**
 * Pieces of the file's text. Begins `backlog` bytes before the end; `follow` false ends at the end.
 * A file that became shorter was written anew and is read from its start.
 */
export async function* followFile(
  path: string,
  how: { backlog: number; follow: boolean; signal: AbortSignal },
): AsyncGenerator<string> {
  let position = Math.max(0, (await stat(path)).size - how.backlog);
  const decoder = new TextDecoder();
  while (!how.signal.aborted) {
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    if (size < position) position = 0;
    if (size > position) {
      const piece = await read(path, position, Math.min(PIECE, size - position));
      position += piece.byteLength;
      yield decoder.decode(piece, { stream: true });
      continue;
    }
    if (!how.follow) return;
    await delay(EVERY_MS, undefined, { signal: how.signal }).catch(() => {});
  }
}

async function read(path: string, position: number, length: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(length);
    const { bytesRead } = await file.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
