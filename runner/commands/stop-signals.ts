/**
 * Ctrl-C and SIGTERM, twice: the first asks to stop, the second means it.
 *
 * @module
 */

export type StopSignals = { stop: AbortSignal; now: AbortSignal; dispose: () => void };

export function stopOnSignals(
  say: (line: string) => void,
  first = "stopping",
  second = "stopping at once",
): StopSignals {
  const stop = new AbortController();
  const now = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) {
      if (!now.signal.aborted) say(second);
      now.abort();
      return;
    }
    say(first);
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const dispose = () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  return { stop: stop.signal, now: now.signal, dispose };
}
