/**
 * The console's one style sheet. It is served from its own path: the policy of the pages allows no inline style.
 *
 * @module
 */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --wash: #f4f1ea; --line: #ddd8cd; --ink: #1d1c1a; --soft: #5f5a51;
  --link: #0a5457; --good: #1c6630; --busy: #254e9e; --warn: #874600; --bad: #a1241b;
  --hot: #c2410c; --warm: #d9a441; --cool: #cfd8cf;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Charter, "Liberation Serif", Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161512; --wash: #1f1d19; --line: #37332c; --ink: #ebe7de; --soft: #aaa397;
    --link: #7fcaca; --good: #8ccb98; --busy: #9ab8f7; --warn: #e8ab5c; --bad: #f4968a;
    --hot: #f2793d; --warm: #b98a2f; --cool: #2f3a33;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.5 var(--sans); -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font-variant-numeric: tabular-nums; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--paper); padding: .3rem .6rem; }
.bar, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
.bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1.1rem; padding-top: .7rem; padding-bottom: .6rem; }
header { border-bottom: 1px solid var(--line); }
.mark { font: 600 1.15rem var(--serif); color: var(--ink); text-decoration: none; margin-right: .4rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; list-style: none; margin: 0; padding: 0; }
nav a { text-decoration: none; color: var(--soft); padding: .15rem 0; }
nav a:hover { color: var(--ink); }
nav a[aria-current] { color: var(--ink); box-shadow: 0 2px 0 var(--ink); }
.who { margin-left: auto; display: flex; gap: .8rem; align-items: baseline; color: var(--soft); font-size: .9rem; }
main { padding-top: 1.2rem; padding-bottom: 3rem; }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 2rem; }
h1 { font: 600 1.65rem/1.2 var(--serif); margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font: 600 1.12rem/1.3 var(--serif); margin: 2rem 0 .5rem; }
h2 .more { font: .9rem var(--sans); margin-left: .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0; max-width: 48rem; }
.lead { color: var(--soft); margin: 0 0 .8rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.ledger:empty { display: none; }
.soft, .none { color: var(--soft); }
.small { font-size: .88rem; }
code, kbd, pre, .mono { font-family: var(--mono); font-size: .87em; }
code { overflow-wrap: anywhere; }
.listing { background: var(--wash); border: 1px solid var(--line); padding: .6rem .8rem; margin: .4rem 0; overflow: auto; max-height: 30rem; }
pre { margin: 0; line-height: 1.4; min-height: 1.4em; }
time { white-space: nowrap; }

.unseen + section > h2 { margin-top: .2rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .82rem; color: var(--soft); padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: bottom; }
td { padding: .42rem .9rem .42rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
td.tight { white-space: nowrap; }
td .sub { display: block; color: var(--soft); font-size: .86rem; }
.name { font-weight: 600; }
.stacks td:first-child { min-width: 13rem; }
.stacks td:nth-child(2), .stacks td:nth-child(3) { min-width: 6.5rem; }
.stacks td:nth-child(4), .stacks td:nth-child(5) { min-width: 10rem; }

.st { white-space: nowrap; }
.st::before { content: ""; display: inline-block; width: .58em; height: .58em; margin-right: .42em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); } .busy { color: var(--busy); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.idle { color: var(--soft); }
.st.idle::before { background: none; box-shadow: inset 0 0 0 1.5px currentColor; }
.chip { display: inline-block; border: 1px solid var(--line); border-radius: 3px; padding: 0 .35rem; font-size: .82rem; color: var(--soft); }

.waits { list-style: none; margin: 0; padding: 0; border-top: 2px solid var(--warn); }
.waits > li { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr auto; gap: .1rem 1.2rem; padding: .55rem 0; border-bottom: 1px solid var(--line); }
.waits .why { overflow-wrap: anywhere; }
.waits .age { color: var(--soft); white-space: nowrap; }
.waits .wide { grid-column: 1 / -1; }
.calm { border-top: 2px solid var(--good); padding: .55rem 0; border-bottom: 1px solid var(--line); max-width: none; }
.halves { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2.5rem; }
.ledger { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
.ledger > li { display: flex; gap: .4rem .9rem; padding: .38rem 0; border-bottom: 1px solid var(--line); align-items: baseline; }
.ledger > li > :first-child { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.ledger time { color: var(--soft); font-size: .88rem; }

form.find { display: flex; flex-wrap: wrap; gap: .5rem .7rem; align-items: end; margin: .3rem 0 .7rem; }
label { display: block; font-size: .88rem; color: var(--soft); }
input, select, textarea { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid color-mix(in srgb, var(--soft) 70%, transparent); border-radius: 3px; padding: .28rem .5rem; max-width: 100%; }
input[type="checkbox"] { width: 1rem; height: 1rem; vertical-align: -.15rem; margin-right: .35rem; }
textarea { width: 100%; min-height: 4.2rem; display: block; }
input.long { width: 26rem; }
button { font: inherit; font-size: .93rem; color: var(--ink); background: var(--wash); border: 1px solid color-mix(in srgb, var(--soft) 70%, transparent); border-radius: 3px; padding: .25rem .75rem; cursor: pointer; }
button:hover { border-color: var(--ink); }
button.first { background: var(--ink); color: var(--paper); border-color: var(--ink); }
button.plain { background: none; border: 0; padding: 0; color: var(--link); text-decoration: underline; text-underline-offset: 2px; }
button.danger { color: var(--bad); }
.acts { display: flex; flex-wrap: wrap; gap: .5rem; align-items: start; margin: .7rem 0; }
.acts form { margin: 0; }
.fields { display: grid; gap: .6rem; max-width: 40rem; margin: .5rem 0; }
.inset { border-left: 3px solid var(--line); padding: .1rem 0 .1rem 1rem; margin: .6rem 0; }
details > summary { cursor: pointer; color: var(--link); width: fit-content; }
.note { border-left: 3px solid var(--busy); background: var(--wash); padding: .5rem .9rem; margin: 0 0 1rem; }
.note.bad, .note.warn, .note.good { border-color: currentColor; }
.note > * { color: var(--ink); }
.secret { font-size: 1rem; user-select: all; }

dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .22rem 1.2rem; margin: .6rem 0; }
dl.facts dt { color: var(--soft); font-size: .9rem; }
dl.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.stages { display: flex; flex-wrap: wrap; list-style: none; gap: .3rem 0; padding: 0; margin: .6rem 0; }
.stages li { padding: .1rem .9rem .1rem 0; color: var(--soft); }
.stages li + li::before { content: "→"; margin-right: .9rem; color: var(--line); }
.stages li[aria-current] { color: var(--busy); font-weight: 600; }
.stages li.past { color: var(--ink); }
progress { width: 14rem; max-width: 100%; accent-color: var(--busy); vertical-align: middle; }

.timeline { list-style: none; margin: 0; padding: 0; }
.timeline li { display: grid; grid-template-columns: 13.5rem 12rem 1fr; gap: 0 1rem; padding: .3rem 0; border-bottom: 1px solid var(--line); }
.timeline .actor { color: var(--soft); overflow-wrap: anywhere; }
.diff .add { color: var(--good); } .diff .del { color: var(--bad); } .diff .hunk { color: var(--busy); }
svg.line { display: inline-block; vertical-align: middle; }
svg.line path { fill: none; stroke: var(--soft); stroke-width: 1.3; vector-effect: non-scaling-stroke; }
svg.line circle { fill: var(--warn); }
svg.heat { display: block; }
svg.heat .carried { fill: var(--cool); } svg.heat .adapted { fill: var(--warm); } svg.heat .conflicted { fill: var(--hot); }
svg.heat .gone { fill: none; stroke: var(--line); stroke-width: 1; } 
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; color: var(--soft); font-size: .86rem; margin: .3rem 0 .6rem; }
fieldset { border: 1px solid var(--line); border-radius: 3px; margin: 0; padding: .3rem .9rem .6rem; }
legend { font-size: .88rem; color: var(--soft); padding: 0 .3rem; }
.key svg.heat { display: inline-block; }
.key svg { vertical-align: -.1rem; margin-right: .35rem; }
.pages { display: flex; gap: 1.2rem; margin: .8rem 0; }
.sign-in { max-width: 26rem; margin: 12vh auto 0; }
.sign-in input { width: 100%; }
[hidden] { display: none; }

@media (max-width: 46rem) {
  html { font-size: 16px; }
  .bar, main, footer { padding-left: .9rem; padding-right: .9rem; }
  .who { margin-left: 0; width: 100%; }
  .halves { grid-template-columns: 1fr; }
  .waits > li { grid-template-columns: 1fr auto; }
  .waits .why { grid-column: 1 / -1; }
  .timeline li { grid-template-columns: 1fr 1fr; }
  .timeline li > :last-child { grid-column: 1 / -1; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .4rem; }
  table.rows thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.rows tr { display: block; padding: .55rem 0; border-bottom: 1px solid var(--line); }
  table.rows td { display: block; border: 0; padding: .08rem 0; text-align: left; }
  table.rows td:empty { display: none; }
  table.rows td[data-th]::before { content: attr(data-th); display: inline-block; min-width: 6.5rem; color: var(--soft); font-size: .82rem; }
  input.long { width: 100%; }
}
@media (prefers-reduced-motion: no-preference) { .busy.st::before { animation: breathe 2s ease-in-out infinite; } }
@keyframes breathe { 50% { opacity: .35; } }
`;
