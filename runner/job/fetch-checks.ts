/**
 * What git checks of objects that come from elsewhere.
 *
 * @module
 */

/**
 * What comes in is checked: trees that would write into a `.git` or out of the checkout are refused.
 * Faults of old tools that many honest histories have, and that harm nobody, are let through.
 */
export const FETCH_CHECKS: Readonly<Record<string, string>> = {
  "fetch.fsckObjects": "true",
  ...Object.fromEntries(
    ["hasDot", "hasDotdot", "hasDotgit", "fullPathname", "emptyName"].map((id) => [`fetch.fsck.${id}`, "error"]),
  ),
  ...Object.fromEntries(
    [
      "badDate",
      "badDateOverflow",
      "badEmail",
      "badFilemode",
      "badName",
      "badTimezone",
      "missingEmail",
      "missingNameBeforeEmail",
      "missingSpaceBeforeDate",
      "missingSpaceBeforeEmail",
      "missingTaggerEntry",
      "multipleAuthors",
      "zeroPaddedDate",
      "zeroPaddedFilemode",
    ].map((id) => [`fetch.fsck.${id}`, "ignore"]),
  ),
};
