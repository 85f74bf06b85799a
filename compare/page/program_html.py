"""The two programs of a problem as a table of HTML, statement by statement, and its style."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from backends import PANELS
from compare.page.fragment import PALETTE, environment
from compare.programs.pairing import Row, path, title
from compare.programs.statements import MARKS

SIGNS = {"differs": "≠", "only here": "+"}
INDENTS = range(0, 25, 4)  # what the continuation of a broken line keeps

TEMPLATE = """\
<div class="programs">
{% if complaint %}
<p class="complaint">{{ complaint }}</p>
{% endif %}
<table role="table" aria-label="{{ problem }}, statement by statement">
<thead role="rowgroup">
<tr role="row">
{% for title, path in panels.items() %}
<th role="columnheader" scope="col">{{ title }} <span class="path">{{ path }}</span></th>
{% endfor %}
</tr>
</thead>
<tbody role="rowgroup">
{% for row in rows %}
{% set same = row.left.code == row.right.code %}
<tr role="row"{{ ' class="group"' | safe if row.group }}>
{% for title, side in panels | zip(row.sides) %}
{% if side.text %}
<td role="cell" class="{{ side.mark | replace(' ', '-') }}{{ ' same' if same }}">
<span class="side">{{ 'both' if same else title }}</span>
{% if side.mark %}
<span class="sign" role="img" aria-label="{{ side.mark }}">{{ signs[side.mark] }}</span>
{% endif %}
<code>
{%- for indent, line in lines(side.code) -%}
<span class="line in{{ indent }}">{{ line }}</span>
{%- endfor -%}
</code>
</td>
{% else %}
<td role="cell" class="absent"><span class="unseen">nothing in {{ title }}</span></td>
{% endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
{% if legend %}
<p class="legend">
{% for mark, meaning in legend.items() %}
<span>
<b class="{{ mark | replace(' ', '-') }}">{{ signs[mark] }} {{ mark }}</b>: {{ meaning }}
</span>
{% endfor %}
</p>
{% endif %}
</div>
"""
STYLE = """\
.programs table {
  border: 1px solid var(--line); border-radius: 8px; overflow: hidden;
  background: var(--paper);
}
.programs tr { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.programs :is(th, td) { min-width: 0; }
.programs :is(th, td) + :is(th, td) { border-left: 1px solid var(--line); }
.programs th {
  padding: 0.6em 0.9em 0.6em 2em; border-bottom: 1px solid var(--line); background: var(--shade);
  font-weight: 600;
}
.programs .path {
  color: var(--faint); font: 0.85em var(--mono); font-weight: 400; overflow-wrap: anywhere;
}
.programs td { position: relative; padding: 0 0.9em 0 2em; }
.programs tr.group td { padding-top: 0.9em; }
.programs tr:first-child td { padding-top: 0.7em; }
.programs tr:last-child td { padding-bottom: 0.8em; }
.programs code {
  display: block; background: none; padding: 0; font: 0.8125rem/1.55 var(--mono);
  white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; color: inherit;
}
.programs .line {
  --hang: calc(var(--in) + 4ch); display: block; min-height: 1.55em;
  padding-left: var(--hang); text-indent: calc(-1 * var(--hang));
}
.programs .line:has(.sd) { --hang: var(--in); }
.programs .c1 { display: inline-block; max-width: 100%; text-indent: 0; }
.programs .sign {
  position: absolute; left: 0.7em; color: inherit; font: 700 0.8125rem/1.55 var(--mono);
}
.programs .side { display: none; }
.programs td.differs { background: var(--differs-paper); box-shadow: inset 3px 0 var(--differs); }
.programs td.only-here { background: var(--only-paper); box-shadow: inset 3px 0 var(--only); }
.programs td.absent { background: var(--shade); }
.programs .differs :is(.sign, .c1), .programs b.differs { color: var(--differs); }
.programs .only-here :is(.sign, .c1), .programs b.only-here { color: var(--only); }
.programs .legend { display: flex; flex-wrap: wrap; gap: 0.2em 2em; margin: 0.6em 0 0; }
@media (max-width: 46rem) {
  .programs tr { display: block; }
  .programs tbody tr + tr { border-top: 1px solid var(--line); }
  .programs thead th + th { border-left: 0; }
  .programs thead th { padding-left: 1.6em; }
  .programs td.absent, .programs td.same + td.same { display: none; }
  .programs tr:is(*, .group, :first-child, :last-child) :is(td, td + td) {
    border-left: 0; padding: 0.2em 0.6em 0.2em 1.6em;
  }
  .programs td + td:not(.absent) { border-top: 1px dotted var(--line); }
  .programs .line { --hang: calc(var(--in) + 2ch); }
  .programs code { font-size: 0.75rem; }
  .programs .sign { left: 0.5em; }
  .programs .side {
    display: block; float: right; padding-left: 1em; color: var(--faint);
    font-size: 0.6875rem; line-height: 1.6; user-select: none;
  }
}
"""


def program_html(problem: str, rows: Sequence[Row], *, complaint: str = "") -> Markup:
    """Return the rows of a problem's twins as a table with a legend, in a `<div class="programs">`.

    Lines break where the page ends, so nothing in it scrolls; on a narrow page partners stand one
    under the other. `complaint` is what is wrong with the twins, see `pairing.fault`.
    """
    marks = {side.mark for row in rows for side in row.sides}
    panels = {title(folder): path(folder, problem) for folder in PANELS}
    return Markup(
        environment.from_string(TEMPLATE).render(
            problem=problem,
            complaint=complaint,
            panels=panels,
            rows=rows,
            signs=SIGNS,
            legend={mark: meaning for mark, meaning in MARKS.items() if mark in marks},
            lines=lines,
        )
    )


def lines(code: str) -> Iterator[tuple[int, Markup]]:
    """Yield the lines of a statement, highlighted, each with the class of its indentation."""
    marked = highlight(code, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    marked = re.sub(r"(<span class=.c1.>)(# \S.*?)(  +)", r"\1\2</span>\3\1", marked)
    marked = re.sub(r"(?<=\()</span>", "</span><wbr>", marked)
    for line, html in zip(code.split("\n"), marked.split("\n"), strict=False):
        indent = len(line) - len(line.lstrip())
        yield max(one for one in INDENTS if one <= indent), Markup(html)


def program_css() -> str:
    """Return the style of what `program_html` returns, for light and dark."""
    hanging = "".join(f".programs .in{one} {{ --in: {one}ch; }}\n" for one in INDENTS)
    return PALETTE + STYLE + hanging + "".join(themes())


def themes() -> Iterator[str]:
    """Yield the colours of the code, for light and for dark."""
    for scheme, style in {"light": "default", "dark": "github-dark"}.items():
        formatter = HtmlFormatter(style=style)
        rules = formatter.get_token_style_defs(".programs code")  # type: ignore[no-untyped-call]
        plain = (re.sub(r" */\*.*?\*/", "", rule) for rule in rules)
        yield f"@media (prefers-color-scheme: {scheme}) {{\n" + "\n".join(plain) + "\n}\n"
