import { expect, it } from "vitest";
import { commentCommand } from "./comment-command.ts";

it.each([
  ["/patch.moi retry", { word: "retry" }],
  ["  /patch.moi\tLand  \r\nthanks, all", { word: "land" }],
  ["/patch.moi resume\n\nI pushed the fix", { word: "resume" }],
  ["/patch.moi unpause", { word: "unpause" }],
  ["/patch.moi", { word: undefined, said: "" }],
  ["/patch.moi rm -rf /", { word: undefined, said: "rm -rf /" }],
  ["/patch.moi retry please", { word: undefined, said: "retry please" }],
  ["/patch.moiretry", undefined],
  ["/patchXmoi retry", undefined],
  ["please /patch.moi retry", undefined],
  ["> /patch.moi retry", undefined],
  ["hello\n/patch.moi land", undefined],
  ["`/patch.moi land`", undefined],
  ["", undefined],
])("%j", (body, command) => {
  expect(commentCommand(body)).toEqual(command);
});
