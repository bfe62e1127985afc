/**
 * The site's one style sheet: paper, ink and type of the console, for reading.
 *
 * @module
 */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --wash: #f4f1ea; --line: #ddd8cd; --ink: #1d1c1a; --soft: #5f5a51; --link: #0a5457;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Charter, "Liberation Serif", Georgia, serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #161512; --wash: #1f1d19; --line: #37332c; --ink: #ebe7de; --soft: #aaa397; --link: #7fcaca; }
}
* { box-sizing: border-box; }
html { font: 16px/1.6 var(--sans); -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--paper); padding: .3rem .6rem; }
header { display: flex; gap: .8rem; align-items: baseline; max-width: 74rem; margin: 0 auto; padding: .8rem 1.25rem; color: var(--soft); font-size: .9rem; }
header a:last-child { margin-left: auto; }
.mark { font: 600 1.25rem var(--serif); color: var(--ink); text-decoration: none; }
.columns { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 0 3rem; max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; border-top: 1px solid var(--line); }
.all { font-size: .9rem; padding: 1.2rem 0 3rem; }
.all summary { display: none; }
.all h2 { font: 600 .82rem var(--sans); color: var(--soft); margin: 1.1rem 0 .25rem; }
.all h2:first-of-type { margin-top: 0; }
.all ul { list-style: none; margin: 0; padding: 0; }
.all a { display: block; padding: .16rem 0; color: var(--ink); text-decoration: none; }
.all a:hover { text-decoration: underline; }
.all a[aria-current] { font-weight: 600; box-shadow: -.8rem 0 0 var(--paper), calc(-.8rem - 2px) 0 0 var(--link); }
main { max-width: 46rem; padding: 1.2rem 0 4rem; min-width: 0; }
h1, h2, h3 { font-family: var(--serif); line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; margin: 0 0 .8rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .4rem; }
p, ul, ol, pre, table { margin: .8rem 0; }
li { margin: .2rem 0; }
code { font: .88em/1.5 var(--mono); background: var(--wash); border-radius: 3px; padding: .08em .28em; overflow-wrap: anywhere; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 4px; padding: .7rem .9rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; font-size: .84rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; color: var(--soft); font-size: .84rem; border-bottom: 1px solid var(--line); padding: .3rem .9rem .3rem 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: .4rem .9rem .4rem 0; vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.anchor { color: var(--soft); text-decoration: none; font-weight: 400; opacity: 0; }
h2:hover .anchor, h3:hover .anchor, .anchor:focus-visible { opacity: 1; }
.parts { float: right; width: 13rem; margin: 0 0 1rem 2rem; padding: .6rem .9rem; border-left: 1px solid var(--line); font-size: .86rem; }
.parts ul { list-style: none; margin: 0; padding: 0; }
.plain { list-style: none; padding: 0; }
.flow { list-style: none; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: 4px; }
.flow i { color: var(--soft); }
.flow small { color: var(--soft); font-size: .82rem; }
.flow small::after { content: ":"; }
@media (max-width: 60rem) {
  .parts { float: none; width: auto; margin: 0 0 1rem; }
}
@media (max-width: 46rem) {
  .columns { display: flex; flex-direction: column-reverse; padding: 0 .9rem; }
  header { padding: .8rem .9rem; }
  .all { border-top: 1px solid var(--line); }
  main { padding-bottom: 2rem; width: 100%; }
  th, td { padding-right: .5rem; }
}
@media print { .all, .parts, header, .anchor { display: none; } .columns { display: block; } }
`;
