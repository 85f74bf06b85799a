"""The way from input to output as a diagram of HTML: the steps of both programs, and its style."""

from collections.abc import Sequence

from markupsafe import Markup

from backends import PANELS
from compare.page.fragment import PALETTE, environment
from compare.programs.layers import Step
from compare.programs.pairing import title

TEMPLATE = """\
<div class="layers">
<table role="table" aria-label="{{ problem }}, from input to output">
<thead role="rowgroup">
<tr role="row">
<th role="columnheader" scope="col">step, and the shape that must come out</th>
{% for title in titles %}
<th role="columnheader" scope="col">{{ title }}</th>
{% endfor %}
</tr>
</thead>
<tbody role="rowgroup">
{% for step in steps %}
{% set end = loop.first or loop.last %}
<tr role="row">
<th role="rowheader" scope="row">
<b>{{ step.name }}</b>
{% for one in step.axes.split('; ') if one %}
{% set name, colon, axes = one.rpartition(': ') %}
<span class="axes">{{ name ~ colon }}{{ axes.split() | join(times) | replace('=', ' ') }}</span>
{% endfor %}
{% if step.left.shape and step.right.shape and step.left.shape != step.right.shape %}
<span class="differs">≠ laid out differently</span>
{% elif not end and not (step.left.does and step.right.does) %}
<span class="only-here">+ only in {{ titles[0 if step.left.does else 1] }}</span>
{% endif %}
</th>
{% for title, side in titles | zip(step.sides) %}
{% if end or side.does %}
<td role="cell" class="{{ side.mark | replace(' ', '-') }}">
<div class="box">
{% if not end %}
<span>{{ side.made or side.does }}</span>
{% endif %}
{% if side.shape %}
<code>{{ side.shape }}</code>
{% endif %}
</div>
</td>
{% else %}
<td role="cell" class="absent"><span class="unseen">nothing in {{ title }}</span></td>
{% endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
<p class="legend">n: batch{{ ', t: time' if 'time=' in steps[0].axes }}</p>
</div>
"""
STYLE = """\
.layers tr {
  display: grid; grid-template: "left step right" / minmax(0, 1fr) minmax(0, 1.1fr) minmax(0, 1fr);
}
.layers :is(th, td) { text-align: center; font-weight: 400; }
.layers th:first-child { grid-area: step; }
.layers :is(th, td):nth-child(2) { grid-area: left; }
.layers :is(th, td):nth-child(3) { grid-area: right; }
.layers thead th { padding-bottom: 0.6em; font-weight: 600; }
.layers thead th:first-child, .layers .axes { color: var(--faint); font-weight: 400; }
.layers td { display: flex; flex-direction: column; align-items: center; }
.layers tbody tr + tr td::before {
  content: ""; flex: 0 0 1.1rem; border-left: 2px solid var(--arrow);
}
.layers tbody td.absent::before { flex: 1; }
.layers tbody tr + tr .box::before {
  content: ""; position: absolute; left: 50%; bottom: 100%; translate: -50% 0;
  border: 0.35rem solid transparent; border-top-color: var(--arrow); border-bottom: 0;
}
.layers .box {
  flex: 1; display: flex; flex-direction: column; justify-content: center; position: relative;
  box-sizing: border-box; width: 100%; max-width: 18rem; min-height: 2.4em; padding: 0.3em 0.5em;
  border: 1px solid var(--arrow); border-radius: 6px; background: var(--paper);
}
.layers tbody th { align-self: center; padding: 1.1rem 0.8em 0; line-height: 1.4; }
.layers tbody tr:first-child th { padding-top: 0; }
.layers tbody th > * { display: block; }
.layers code { background: none; padding: 0; color: inherit; font: 0.8125rem/1.5 var(--mono); }
.layers .axes { font-size: 0.875rem; }
.layers tbody th .differs, .layers tbody th .only-here { font-size: 0.8125rem; }
.layers .differs { color: var(--differs); }
.layers th .only-here { color: var(--only); }
.layers td.only-here .box { border-color: var(--only); background: var(--only-paper); }
.layers .legend { margin: 0.8em 0 0; text-align: center; }
@media (max-width: 46rem) {
  .layers tr { grid-template: "step step" "left right" / minmax(0, 1fr) minmax(0, 1fr); }
  .layers tr { column-gap: 0.6rem; }
  .layers tbody th, .layers tbody tr:first-child th { padding: 0.5rem 0 0.3rem; }
}
"""


def layers_html(problem: str, steps: Sequence[Step]) -> Markup:
    """Return the steps of a problem's network as a diagram, in a `<div class="layers">`."""
    titles = [title(folder) for folder in PANELS]
    template = environment.from_string(TEMPLATE)
    times = " \N{MULTIPLICATION SIGN} "
    return Markup(template.render(problem=problem, titles=titles, steps=steps, times=times))


def layers_css() -> str:
    """Return the style of what `layers_html` returns, for light and dark."""
    return PALETTE + STYLE
