/**
 * A stack whose import is not finished: whether it goes on, and what to do when it does not.
 *
 * @module
 */
import { IMPORT_QUIET_MS } from "../contract/record-import.ts";
import type { Restoring } from "../store/stack-record.ts";
import { When } from "./words.tsx";

export function HalfRestored({ restoring: { since, lastAt }, now }: { restoring: Restoring; now: number }) {
  const brokeOff = now - Date.parse(lastAt) > IMPORT_QUIET_MS;
  return (
    <p class="note warn">
      Half restored: the import that began <When at={since} now={now} />{" "}
      {brokeOff ? "broke off, its last lines came" : "is under way, its last lines came"} <When at={lastAt} now={now} />
      . Until it is finished nothing is done here.{" "}
      {brokeOff ? (
        <>
          Import the same file again; without it, <code>patch.moi import --give-up</code>.
        </>
      ) : null}
    </p>
  );
}
