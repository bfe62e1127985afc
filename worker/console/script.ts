/**
 * The console's one script: it follows what changes. Everything else works without it.
 *
 * Text, not a function, so that what the browser gets is exactly what stands here.
 *
 * @module
 */

export const SCRIPT = `
"use strict";
(() => {
  const { live, every } = document.body.dataset;
  let renewing = false;
  let again = false;
  let left = false;

  /* Fetches this page anew and puts in the parts that differ, but for those somebody is working in. */
  async function renew() {
    if (document.hidden) return;
    if (renewing) { again = true; return; }
    renewing = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const other = fresh.getElementById(part.id);
        if (other === null || other.innerHTML === part.innerHTML) continue;
        if (inUse(part)) { left = true; continue; }
        for (const open of part.querySelectorAll("details[open][id]"))
          other.querySelector("#" + CSS.escape(open.id))?.setAttribute("open", "");
        const { activeElement: active } = document;
        const focused = part.contains(active) && [...other.querySelectorAll(active.tagName)].find(sameAs(active));
        part.replaceWith(document.adoptNode(other));
        if (focused) focused.focus({ preventScroll: true });
      }
    } catch {
      /* Offline, or the page is being left: the next change tries again. */
    } finally {
      renewing = false;
      if (again) { again = false; void renew(); }
    }
  }

  const sameAs = (element) => (other) =>
    other.textContent === element.textContent && ["href", "name", "value"].every((a) => other.getAttribute(a) === element.getAttribute(a));

  /* Typed words would be lost, and a press that ends on another element than it began on is no click. */
  function inUse(part) {
    if (part.matches(":active")) return true;
    const active = document.activeElement;
    if (active !== null && part.contains(active) && active.matches("input, textarea, select")) return true;
    return [...part.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
  }

  if (live) {
    const events = new EventSource(live);
    events.addEventListener("change", () => void renew());
  }
  if (every) setInterval(() => void renew(), Number(every) * 1000);
  for (const end of ["pointerup", "pointercancel", "keyup", "focusout"])
    document.addEventListener(end, () => {
      if (!left || document.activeElement?.matches("input, textarea, select")) return;
      left = false;
      void renew();
    });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && (live || every)) void renew(); });

  const KEPT = 400000;
  function follow(box) {
    if (box.dataset.following) return;
    box.dataset.following = "1";
    const log = box.querySelector("pre");
    const view = log.parentElement;
    const events = new EventSource(box.dataset.follow);
    events.addEventListener("log", ({ data }) => {
      const low = view.scrollTop + view.clientHeight >= view.scrollHeight - 8;
      log.textContent = (log.textContent + data).slice(-KEPT);
      if (low) view.scrollTop = view.scrollHeight;
    });
    events.addEventListener("end", () => { events.close(); box.querySelector("[data-following-word]")?.remove(); });
  }
  for (const box of document.querySelectorAll("details[data-follow]")) {
    if (box.open) follow(box);
    box.addEventListener("toggle", () => { if (box.open) follow(box); });
  }
})();
`;
