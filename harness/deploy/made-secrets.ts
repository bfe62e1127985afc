/**
 * How an operator comes to know the secrets that a deployment made: shown once to who reads a terminal, and to nobody
 * in a log that is kept.
 *
 * @module
 */

export type Output = { isTerminal: boolean; environment: NodeJS.ProcessEnv; asked: boolean };

/** Whether secrets may be printed: Workers Builds and CI keep what is printed, and others read it. */
export function mayShow({ isTerminal, environment, asked }: Output): boolean {
  const kept = ["CI", "WORKERS_CI"].some((name) => !["", "0", "false", undefined].includes(environment[name]));
  return asked || (isTerminal && !kept);
}

/** Lines for a person; none when nothing was made. */
export function describeMade(made: Readonly<Record<string, string>>, worker: string, shown: boolean): string[] {
  const names = Object.keys(made);
  if (names.length === 0) return [];
  if (shown)
    return [
      "Made now and shown this once; keep them where you keep secrets:",
      "",
      ...names.map((name) => `  ${name}=${made[name] ?? ""}`),
      "",
    ];
  const others = names.filter((name) => name !== "PATCH_ADMIN_TOKEN");
  return [
    `Made now and not shown, because what is printed here may be kept: ${names.join(", ")}.`,
    ...(names.includes("PATCH_ADMIN_TOKEN")
      ? [`Nobody knows the admin token. Set your own:  npx wrangler secret put PATCH_ADMIN_TOKEN --name ${worker}`]
      : []),
    ...(others.length > 0
      ? [
          `${others.join(" and ")} work${others.length === 1 ? "s" : ""} without being known. To have copies for a restore, set your own`,
          "in the same way now, before runners and credentials depend on them.",
        ]
      : []),
    "",
  ];
}
