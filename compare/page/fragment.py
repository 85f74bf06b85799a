"""What pieces of HTML share: templates, names of the panels, colours for light and dark."""

from compare.console import templates

environment = templates("compare.page")
environment.filters["zip"] = zip

PALETTE = """\
:is(.programs, .layers) {
  --ink: #1f2328; --paper: #fff; --shade: #f6f8fa; --line: #d0d7de; --arrow: #818b98;
  --faint: #59636e; --differs: #8a4b00; --differs-paper: #fff5e6;
  --only: #0a4fa3; --only-paper: #edf5ff; color: var(--ink); margin: 1.5rem 0;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :is(.programs, .layers) {
    --ink: #e6edf3; --paper: #0d1117; --shade: #161b22; --line: #30363d; --arrow: #656c76;
    --faint: #9aa4af; --differs: #f0b45b; --differs-paper: #2a1f0c;
    --only: #85c1ff; --only-paper: #0c2138;
  }
}
:is(.programs, .layers) :where(table, thead, tbody, th, td) {
  display: block; margin: 0; padding: 0; border: 0; background: none; color: inherit;
  font-size: 1rem; text-align: left; white-space: normal;
}
:is(.programs, .layers) .unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
:is(.programs, .layers) .legend { max-width: none; color: var(--faint); font-size: 0.875rem; }
"""
