/**
 * The commands of a shell block of a document, as words: what a reader would type.
 *
 * Knows as much of the shell as the documents use: quotes, comments, `&&`, `;`, pipes and redirections.
 * `<the token>` stands for something that the reader fills in.
 *
 * @module
 */

export function commandsOf(block: string): string[][] {
  return block
    .replaceAll(/<[a-z][^<>\n]*>/g, "placeholder")
    .split("\n")
    .flatMap(commandsOfLine)
    .filter((words) => words.length > 0);
}

function commandsOfLine(line: string): string[][] {
  const commands: string[][] = [[]];
  const word = /\s*(?:(#.*)|(&&|;|\|)|([<>]+\s*\S+)|((?:'[^']*'|"[^"]*"|[^\s'"|;<>&])+)|(&))/gy;
  for (const [, comment, next, redirection, text] of line.matchAll(word)) {
    if (comment !== undefined) break;
    if (next !== undefined) commands.push([]);
    else if (redirection === undefined && text !== undefined)
      commands.at(-1)?.push(text.replaceAll(/'([^']*)'|"([^"]*)"/g, "$1$2"));
  }
  return commands;
}
