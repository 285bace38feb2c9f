"""Style sheet of the report page: light and dark, phone and desk, no fonts or images from elsewhere."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1c2430; --soft: #5b6675; --rule: #e1e5ea;
  --main: #2f6fd0; --main-fill: #2f6fd033; --track: #e9edf3; --bots: #7a8594; --bots-fill: #7a8594aa;
  --part-2: #1f9a82; --part-3: #b07ad0; --low: #736412; --medium: #a6590a; --high: #c62f3d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #9aa6b5; --rule: #2c3440;
    --main: #6ba4f5; --main-fill: #6ba4f53d; --track: #262e39; --bots: #8d99a8; --bots-fill: #8d99a8aa;
    --part-2: #45c4aa; --part-3: #c79be3; --low: #cdbb52; --medium: #f0a04b; --high: #ff7480;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 0 0 .25rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
p { margin: 0 0 .75rem; }
a { color: var(--main); }
.soft { color: var(--soft); }
.warning { border-left: 4px solid var(--medium); padding: .5rem .75rem; background: var(--card); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .75rem 0 0; padding: 0; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem; padding: 1.1rem 1.25rem;
  margin: 1.1rem 0; scroll-margin-top: 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.1rem; align-items: start; }
.pair > section { margin: 0; }
.pair { margin: 1.1rem 0; }
dl.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem; margin: .5rem 0 0; }
dl.tiles div { display: flex; flex-direction: column; }
dl.tiles dt { color: var(--soft); font-size: .85rem; }
dl.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 650; font-variant-numeric: tabular-nums; }
dl.tiles dd.long { font-size: 1.05rem; line-height: 1.35; }
dl.tiles dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
dl.tiles dd small.change { color: var(--ink); margin-top: .15rem; }
.scroll { overflow-x: auto; }
.tiles + .scroll { margin-top: 1.1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; color: var(--soft); font-size: .85rem; padding-bottom: .25rem; }
th, td { text-align: right; padding: .3rem .5rem; border-top: 1px solid var(--rule); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: .82rem; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; font-weight: 400; }
td { white-space: nowrap; }
tbody th { overflow-wrap: anywhere; width: 46%; }
table.tight tbody th { width: auto; white-space: nowrap; }
table.tight th, table.tight td { padding-left: .3rem; padding-right: .3rem; }
th:last-child, td:last-child { padding-right: 0; }
.bar { display: block; height: .45rem; border-radius: .25rem; background: var(--track); margin-top: .2rem; }
.bar span { display: block; height: 100%; border-radius: .25rem; background: var(--main); min-width: 1px; }
.heat { position: relative; display: block; isolation: isolate; padding: 0 .3rem; margin: 0 -.3rem; }
.heat::before { content: ""; position: absolute; inset: -.2rem .06rem; z-index: -1; border-radius: .2rem;
  background: var(--main); opacity: calc(var(--heat, 0) * .4); }
.range { display: block; position: relative; height: .45rem; border-radius: .25rem; background: var(--track);
  margin-top: .2rem; }
.range .line { position: absolute; top: .15rem; height: .15rem; background: var(--main); min-width: 1px; }
.range i { position: absolute; top: 0; width: .45rem; height: .45rem; margin-left: -.225rem; border-radius: 50%;
  background: var(--main); }
svg { display: block; overflow: visible; }
svg.chart { margin-top: .5rem; }
svg text { paint-order: stroke; stroke: var(--card); stroke-width: 3px;
  fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .area-all { fill: var(--main-fill); stroke: var(--main); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
svg .area-bots { fill: var(--bots-fill); }
svg .zero { stroke: var(--soft); stroke-width: 1; }
svg [class^=part] { stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke; }
svg .part-1 { fill: var(--main); } svg .part-2 { fill: var(--part-2); } svg .part-3 { fill: var(--part-3); }
svg .part-lost { fill: var(--bots); }
svg .hover { fill: transparent; }
svg .hover:hover { fill: var(--main-fill); }
svg .mark-line { stroke: currentColor; stroke-width: 1; opacity: .3; }
svg .mark { fill: currentColor; stroke: var(--card); stroke-width: 1.5; }
.severity-low { color: var(--low); } .severity-medium, .severity-unknown { color: var(--medium); }
.severity-high, .severity-critical { color: var(--high); }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1rem; font-size: .85rem; color: var(--soft); margin: .25rem 0 0;
  padding: 0; list-style: none; }
.legend i { display: inline-block; width: .8rem; height: .6rem; margin-right: .35rem; border-radius: .15rem; }
.legend i.dot { width: .6rem; border-radius: 50%; background: currentColor; }
.legend i.all { background: var(--main-fill); border: 1.5px solid var(--main); }
.legend i.bots, .legend i.part-lost { background: var(--bots); }
.legend i.part-1 { background: var(--main); } .legend i.part-2 { background: var(--part-2); }
.legend i.part-3 { background: var(--part-3); }
footer { padding-bottom: 2.5rem; font-size: .88rem; }
footer td, footer th { font-size: .85rem; }
footer td { white-space: normal; }
footer tbody th { width: auto; overflow-wrap: normal; }
details { margin-top: .75rem; }
details summary { cursor: pointer; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
code { font-size: .85em; overflow-wrap: anywhere; }
@media (max-width: 44rem) {
  .pair { grid-template-columns: minmax(0, 1fr); }
  .wide-only { display: none; }
  header, main, footer { padding-left: .75rem; padding-right: .75rem; }
  section { padding: .9rem .85rem; }
  dl.tiles { grid-template-columns: 1fr 1fr; gap: .75rem; }
  dl.tiles dd { font-size: 1.2rem; }
  table.tight { font-size: .78rem; }
  table.tight th, table.tight td { padding-left: .15rem; padding-right: .15rem; }
  .heat { padding: 0 .15rem; margin: 0 -.15rem; }
}
@media print { section { break-inside: avoid; } body { background: none; } }
"""
