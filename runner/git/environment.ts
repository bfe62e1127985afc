/**
 * The environment a git process gets: an allow-list of ours, and settings that make whatever a
 * repository brings along inert. Settings go through `GIT_CONFIG_COUNT`, so that the processes git
 * starts by itself have them too and no value is seen in an argument list.
 *
 * @module
 */

/** What git needs from us to find programs, certificates, proxies and the operator's SSH agent. */
const PASSED_ON = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SystemRoot",
] as const;

const INERT: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.attributesFile": "/dev/null",
  "core.excludesFile": "/dev/null",
  "core.askPass": "",
  "core.sshCommand": "ssh",
  "core.gitProxy": "",
  "core.quotePath": "false",
  "core.commitGraph": "true",
  "credential.helper": "",
  "diff.external": "",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "protocol.ext.allow": "never",
  "submodule.recurse": "false",
  "fetch.recurseSubmodules": "false",
  "push.recurseSubmodules": "no",
  "commit.gpgSign": "false",
  "tag.gpgSign": "false",
  "log.showSignature": "false",
  "advice.detachedHead": "false",
  "init.defaultBranch": "main",
};

/** Transports git may use when the caller does not say: never `ext`, and `file` or `http` only when asked. */
export const DEFAULT_PROTOCOLS: readonly string[] = ["https", "ssh"];

export interface EnvironmentOptions {
  /** Set as `GIT_DIR`, which also keeps git from looking for a repository in parent folders. */
  gitDir?: string | undefined;
  /** Variables for this process alone: credentials helper sockets, `GIT_OBJECT_DIRECTORY` and the like. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Configuration for this process and its children, stronger than any file. */
  config?: Readonly<Record<string, string>> | undefined;
  protocols?: readonly string[] | undefined;
  /** In a partial clone: fetch what is missing when git meets it. Otherwise it is missing, and an error. */
  fetchesMissing?: boolean | undefined;
}

/** The whole environment of one git process; nothing else of ours is inherited. */
export function gitEnvironment(
  options: EnvironmentOptions,
  ours: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = ours[name];
    if (value !== undefined) env[name] = value;
  }
  env.LC_ALL = "C";
  env.GIT_CONFIG_NOSYSTEM = "1";
  env.GIT_CONFIG_GLOBAL = "/dev/null";
  env.GIT_ATTR_NOSYSTEM = "1";
  env.GIT_TERMINAL_PROMPT = "0";
  env.GIT_ASKPASS = "";
  env.SSH_ASKPASS = "";
  env.GIT_PAGER = "cat";
  env.GIT_EDITOR = ":";
  env.GIT_OPTIONAL_LOCKS = "0";
  env.GIT_LITERAL_PATHSPECS = "1";
  env.GIT_NO_REPLACE_OBJECTS = "1";
  env.GIT_ALLOW_PROTOCOL = (options.protocols ?? DEFAULT_PROTOCOLS).filter((p) => p !== "ext").join(":");
  // Known from git 2.44 on. Before, that no file of ours names an address keeps git from it.
  if (options.fetchesMissing !== true) env.GIT_NO_LAZY_FETCH = "1";
  if (options.gitDir !== undefined) env.GIT_DIR = options.gitDir;
  const settings = Object.entries({ ...INERT, ...options.config });
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  env.GIT_CONFIG_COUNT = String(settings.length);
  return { ...env, ...options.env };
}
