/**
 * `patch.moi completion bash|zsh|fish`: a script that lets the shell complete commands and options. It is
 * made from the commands themselves, so that it never knows others.
 *
 * @module
 */
import { Argument, type Command } from "commander";
import { examples } from "./list.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** A command with everything that may stand behind it. `path` is empty for the program itself. */
type Node = { path: readonly string[]; commands: readonly Word[]; options: readonly Word[] };
type Word = { text: string; about: string };

export function registerCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands and options in your shell")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      `${examples(["completion bash > ~/.local/share/bash-completion/completions/patch.moi", "completion zsh > ~/.zfunc/_patch.moi"])}` +
        "  $ patch.moi completion fish > ~/.config/fish/completions/patch.moi.fish\n",
    )
    .action((shell: Shell) => {
      process.stdout.write(WRITERS[shell](nodes(program, [])));
    });
}

function nodes(command: Command, path: readonly string[]): Node[] {
  const visible = command.createHelp().visibleCommands(command);
  const options = [
    ...command.createHelp().visibleOptions(command),
    ...command.createHelp().visibleGlobalOptions(command),
  ];
  const node = {
    path,
    commands: visible.map((sub) => ({ text: sub.name(), about: sub.description() })),
    options: options.flatMap(({ long, description }) => (long == null ? [] : [{ text: long, about: description }])),
  };
  return [node, ...visible.filter((sub) => sub.name() !== "help").flatMap((sub) => nodes(sub, [...path, sub.name()]))];
}

const WRITERS: Readonly<Record<Shell, (all: readonly Node[]) => string>> = { bash, zsh, fish };

function bash(all: readonly Node[]): string {
  const cases = all.map(({ path, commands, options }) => {
    const words = [...commands, ...options].map(({ text }) => text).join(" ");
    return `    "${path.join(" ")}") words="${words}" ;;`;
  });
  return `# patch.moi: completion for bash
_patch_moi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${subcommands(all)} " in *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;; esac
  done
  case "\${path//\\// }" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _patch_moi patch.moi
`;
}

/** Every command's path, with slashes, for telling a command's name from an argument. */
function subcommands(all: readonly Node[]): string {
  return all
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => path.join("/"))
    .join(" ");
}

function zsh(all: readonly Node[]): string {
  const cases = all.map(({ path, commands, options }) => {
    const described = (words: readonly Word[]) => words.map(({ text, about }) => quoted(`${text}:${about}`)).join(" ");
    return `    ${quoted(path.join(" "))}) commands=(${described(commands)}); options=(${described(options)}) ;;`;
  });
  return `#compdef patch.moi
_patch_moi() {
  local path="" word
  local -a commands options known
  known=(${all.flatMap(({ path }) => (path.length === 0 ? [] : [quoted(path.join("/"))])).join(" ")})
  for word in \${words[2,CURRENT-1]}; do
    (( \${known[(Ie)\${path:+$path/}$word]} )) && path="\${path:+$path/}$word"
  done
  case "\${path//\\// }" in
${cases.join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe option options; return; fi
  if (( \${#commands} )); then _describe command commands; else _files; fi
}
compdef _patch_moi patch.moi
`;
}

function fish(all: readonly Node[]): string {
  const lines = all.flatMap(({ path, commands, options }) => {
    const here = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const none = `not __fish_seen_subcommand_from ${commands.map(({ text }) => text).join(" ")}`;
    const names = commands.map(
      ({ text, about }) =>
        `complete -c patch.moi -f -n ${quoted([...here, none].join("; and "))} -a ${quoted(text)} -d ${quoted(about)}`,
    );
    const condition = path.length === 0 ? "" : ` -n ${quoted(here.join("; and "))}`;
    const flags = options
      .filter(() => path.length > 0)
      .map(({ text, about }) => `complete -c patch.moi${condition} -l ${text.slice(2)} -d ${quoted(about)}`);
    return [...names, ...flags];
  });
  return `# patch.moi: completion for fish\n${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
