/**
 * A Mermaid flowchart in words. GitHub draws it; the site has no script to draw with, so it says what the picture
 * says, line by line: which thing leads to which, and how.
 *
 * Reads the part of the language that our pictures use. Anything else is an error: a picture is never told by halves.
 *
 * @module
 */

export type Flowchart = {
  /** Arrows in the order of the picture; `by` is what stands on the arrow, `within` the box that both ends are in. */
  arrows: { from: string; by: string | null; to: string; within: string | null }[];
};

const NODE = /^(\w+)(?:\[([^\]]+)\])?/;
const ARROW = /^(?:-->|--\s+(\S.*?)\s+-->)\s*/;

/** @throws {Error} with the line that is not understood */
export function readFlowchart(source: string): Flowchart {
  const names = new Map<string, string>();
  const arrows: { from: string; by: string | null; to: string; within: string | null }[] = [];
  const boxes: string[] = [];
  const [head = "", ...lines] = source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (!/^flowchart (LR|RL|TB|TD|BT)$/.test(head)) throw new Error(`not a flowchart: ${head}`);
  for (const line of lines) {
    const box = /^subgraph (\w+)(?: ?\[(.+)\])?$/.exec(line);
    if (box?.[1] !== undefined) {
      names.set(box[1], box[2] ?? box[1]);
      boxes.push(box[1]);
    } else if (line === "end") boxes.pop();
    else readArrows(line, boxes.at(-1) ?? null);
  }
  const name = (id: string): string => names.get(id) ?? id;
  return {
    arrows: arrows.map(({ from, by, to, within }) => ({
      from: name(from),
      by,
      to: name(to),
      within: within === null ? null : name(within),
    })),
  };

  function readArrows(line: string, within: string | null): void {
    let [rest, from] = readNode(line, line);
    while (rest !== "") {
      const arrow = ARROW.exec(rest);
      if (arrow === null) throw new Error(`not understood: ${line}`);
      const [after, to] = readNode(rest.slice(arrow[0].length), line);
      arrows.push({ from, by: arrow[1] ?? null, to, within });
      [rest, from] = [after, to];
    }
  }

  function readNode(text: string, line: string): [rest: string, id: string] {
    const node = NODE.exec(text);
    if (node?.[1] === undefined) throw new Error(`not understood: ${line}`);
    if (node[2] !== undefined) names.set(node[1], node[2]);
    return [text.slice(node[0].length).trim(), node[1]];
  }
}
