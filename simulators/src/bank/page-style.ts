/** The counter's style sheet, served by itself so that the page needs nothing inline. */
export const COUNTER_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f2ee; --surface: #fff; --line: #e4dfd6; --ink: #1d1a16; --soft: #6b6257;
  --accent: #9a1f24; --accent-ink: #fff; --accent-soft: #fbeceb; --good: #0c6b3f; --good-soft: #e2f5ea; --bad: #a32a1c; --bad-soft: #fdecea;
  --mono: ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  --sans: system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14110e; --surface: #1e1a16; --line: #362f27; --ink: #f3eee7; --soft: #b0a598;
    --accent: #ff9c98; --accent-ink: #33100f; --accent-soft: #3a1c1b; --good: #6fdca4; --good-soft: #12351f; --bad: #ff9d92; --bad-soft: #3d1a18;
  }
}
* { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); font: 400 15px/1.55 var(--sans); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1080px; padding: 0 16px 64px; }
header { display: flex; gap: 16px; align-items: center; padding: 24px 0 20px; }
header .seal { width: 44px; height: 44px; border-radius: 10px; background: var(--accent); color: var(--accent-ink); display: grid; place-items: center; font-size: 22px; font-weight: 700; }
header div { flex: 1; min-width: 0; }
h1 { font-size: 20px; margin: 0; }
h2 { font-size: 16px; margin: 0 0 12px; }
p { margin: 0; }
.soft { color: var(--soft); font-size: 13px; }
a { color: var(--accent); }
main { display: grid; gap: 16px; grid-template-columns: minmax(0, 380px) minmax(0, 1fr); align-items: start; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 20px; min-width: 0; }
.wide { grid-column: 1 / -1; }
label { display: block; margin: 14px 0 4px; font-size: 13px; color: var(--soft); }
input { width: 100%; min-height: 44px; padding: 8px 12px; border: 1px solid var(--line); border-radius: 9px; background: var(--page); color: var(--ink); font: inherit; }
input.number { font-family: var(--mono); letter-spacing: 0.04em; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button { width: 100%; min-height: 46px; margin-top: 20px; border: 0; border-radius: 9px; background: var(--accent); color: var(--accent-ink); font: 600 15px var(--sans); cursor: pointer; }
.notice { grid-column: 1 / -1; padding: 14px 18px; border-radius: 12px; background: var(--good-soft); color: var(--good); overflow-wrap: anywhere; }
.notice.bad { background: var(--bad-soft); color: var(--bad); }
ul { list-style: none; margin: 0; padding: 0; }
li { display: flex; gap: 12px; align-items: center; padding: 10px 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
li div { flex: 1; min-width: 0; overflow-wrap: anywhere; }
code { font-family: var(--mono); }
.use { display: inline-grid; place-items: center; min-height: 36px; padding: 0 14px; border: 1px solid var(--line); border-radius: 9px; text-decoration: none; white-space: nowrap; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; }
th { text-align: left; color: var(--soft); font-weight: 500; padding: 6px 10px 6px 0; white-space: nowrap; }
td { padding: 8px 10px 8px 0; border-top: 1px solid var(--line); white-space: nowrap; }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; padding-right: 0; }
td.amount { font-family: var(--mono); }
.CRDT { color: var(--good); }
@media (max-width: 760px) { main { grid-template-columns: minmax(0, 1fr); } }
`;
