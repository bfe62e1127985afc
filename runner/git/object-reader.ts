/**
 * Reads objects through one `git cat-file --batch-command`, however many are asked for.
 *
 * @module
 */
import type { ByteReader } from "./byte-reader.ts";
import { Conversation, type ConversationOptions } from "./conversation.ts";

const NEWLINE = 10;

export interface ObjectInfo {
  oid: string;
  type: string;
  size: number;
}

export interface GitObject extends ObjectInfo {
  content: Buffer;
}

export class ObjectReader {
  readonly #conversation: Conversation;

  constructor(options: ConversationOptions) {
    this.#conversation = new Conversation(["cat-file", "--batch-command"], options);
  }

  /** The object a name stands for (`<oid>`, `refs/tags/v1^{commit}`, `<tree>:path`), or undefined. */
  info(name: string): Promise<ObjectInfo | undefined> {
    return this.#conversation.ask(request("info", name), readHeader);
  }

  read(name: string): Promise<GitObject | undefined> {
    return this.#conversation.ask(request("contents", name), async (reader) => {
      const info = await readHeader(reader);
      if (info === undefined) return undefined;
      const content = await reader.readExactly(info.size);
      await reader.readExactly(1);
      return { ...info, content };
    });
  }

  close(): Promise<void> {
    return this.#conversation.close();
  }
}

function request(command: "info" | "contents", name: string): string {
  // One line is one request: a name with a newline would be two of them.
  if (/[\n\0]/.test(name) || name === "") throw new Error("not a name that can be asked for in one line");
  return `${command} ${name}\n`;
}

async function readHeader(reader: ByteReader): Promise<ObjectInfo | undefined> {
  const line = (await reader.readUntil(NEWLINE)).toString("utf8");
  const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(line);
  // Otherwise "<name> missing" or "<name> ambiguous".
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { oid: match[1], type: match[2], size: Number(match[3]) };
}
