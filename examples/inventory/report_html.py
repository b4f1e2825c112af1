#!/usr/bin/env python3
"""The report as one HTML file that needs nothing else, on standard output."""

import html
import sys

import task

HUES = [212, 262, 178, 24, 340, 140, 48, 298]
STYLE = """
:root { --ground: #f4f5f7; --card: #fff; --ink: #1d2330; --soft: #667085; --line: #e4e7ec; --track: #eef0f4; --light: 52%; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12151c; --card: #1b202a; --ink: #e8ebf1; --soft: #98a2b3; --line: #2a3140; --track: #262d3a; --light: 62%; }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 56px }
h1 { margin: 0; font-size: 28px; letter-spacing: -.02em }
.lead { margin: 10px 0 28px; max-width: 74ch; color: var(--soft); font-size: 16px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 14px; margin-bottom: 14px }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px }
.tile b { display: block; font-size: 26px; font-weight: 650; letter-spacing: -.02em }
.tile span { color: var(--soft); font-size: 13px }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 14px }
h2 { margin: 0 0 10px; font-size: 15px; font-weight: 600 }
h2 small { float: right; color: var(--soft); font-weight: 400; font-size: 13px }
svg { display: block; width: 100%; height: auto }
svg text { font: 12px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink) }
svg .track { fill: var(--track) }
svg text.value { fill: var(--soft); text-anchor: end; font-variant-numeric: tabular-nums }
footer { margin-top: 26px; color: var(--soft); font-size: 13px }
"""


def card(chart, hue):
    """A chart as bars: label, bar on its track, value."""
    rows = []
    largest = chart["bars"][0][1]
    for i, (label, value) in enumerate(chart["bars"]):
        y = i * 24
        shown = label if len(label) <= 26 else "…" + label[-25:]
        rows.append(f'<g><title>{html.escape(label)}: {value:,.6g} {html.escape(chart["unit"])}</title>'
                    f'<text x="0" y="{y + 15}">{html.escape(shown)}</text>'
                    f'<rect x="176" y="{y + 5}" width="224" height="13" rx="4" class="track"/>'
                    f'<rect x="176" y="{y + 5}" width="{max(3, 224 * value / largest):.1f}" height="13" rx="4" '
                    f'style="fill: hsl({hue}, 62%, var(--light))"/>'
                    f'<text class="value" x="460" y="{y + 15}">{value:,.6g}</text></g>')
    rest = f" · {chart['others']} more" if chart["others"] else ""
    return (f'<section class="card"><h2>{html.escape(chart["title"])}<small>{chart["total"]:,.6g} {html.escape(chart["unit"])}{rest}</small>'
            f'</h2><svg viewBox="0 0 460 {len(chart["bars"]) * 24}" role="img" aria-label="{html.escape(chart["title"])}">{"".join(rows)}'
            "</svg></section>")


def tile(value, text):
    return f'<div class="tile"><b>{html.escape(str(value))}</b><span>{html.escape(text)}</span></div>'


sys.stdout.reconfigure(encoding="utf-8")
context = task.context()
tiles = [tile(f"{context['packages']:,}", "packages"), tile(f"{context['files']:,}", "files"),
         tile(f"{context['installed_mib'] / 1024:,.1f} GiB", "installed"),
         tile(f"{context['checked_files']:,}", f"files compared, {context['checked_mib']:,} MiB"),
         tile(f"{context['changed_files']:,}", "not as delivered")]
cards = [card(chart, HUES[i % len(HUES)]) for i, chart in enumerate(context["charts"].values())]
title = html.escape(f"Inventory of {context['host']}")
print(f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{STYLE}</style></head><body><main>
<h1>{title}</h1><p class="lead">{html.escape(context['headline'])}</p>
<div class="tiles">{"".join(tiles)}</div>
<div class="cards">{"".join(cards)}</div>
<footer>Written {html.escape(context['written_at'])} by the workflow <code>inventory</code>.</footer>
</main></body></html>""")
