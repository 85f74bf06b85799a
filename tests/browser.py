"""A headless Chromium that opens a page and says what is wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

HEIGHT = 900
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text()
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@dataclass(frozen=True)
class Findings:
    """What a browser saw of a page.

    console: warnings, errors and uncaught exceptions. requests: the address of each request, the
    page's own first; `data:` is none. sideways: the page is wider than the window. violations: of
    the rules of axe, each with the element.
    """

    console: tuple[str, ...]
    requests: tuple[str, ...]
    sideways: bool
    violations: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """Return all that a self-contained, accessible page does not have."""
        sideways = ["the page scrolls sideways"] if self.sideways else []
        requests = [f"requested {address}" for address in self.requests[1:]]
        return [*self.console, *requests, *sideways, *self.violations]


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Start the Chromium of that path without a window, and end it."""
    flags = ["--no-sandbox", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        with browser:
            yield browser


def look(
    browser: Browser,
    path: Path,
    *,
    width: int,
    scheme: str,
    picture: Path | None = None,
    opened: str = "",
    without: str = "",
) -> Findings:
    """Open a page in a window of that many pixels; scheme is "light", "dark" or "print".

    picture: where a PNG of the whole page goes. opened: a selector of details that are opened.
    without: one of what the rules of axe leave out, as it was looked at elsewhere.
    """
    printed = scheme == "print"
    colours = "light" if printed else scheme
    size = {"width": width, "height": HEIGHT}
    with browser.new_context(viewport=size, color_scheme=colours) as context:
        page = context.new_page()
        page.emulate_media(media="print" if printed else "screen")
        return _findings(page, path, picture, opened, without)


def ask(browser: Browser, path: Path, script: str, *, width: int) -> Any:
    """Open a page in a window of that many pixels; return what a script in it answers."""
    with browser.new_context(viewport={"width": width, "height": HEIGHT}) as context:
        page = context.new_page()
        page.goto(path.resolve().as_uri(), wait_until="networkidle")
        return page.evaluate(script)


def _findings(page: Page, path: Path, picture: Path | None, opened: str, without: str) -> Findings:
    console: list[str] = []
    requests: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            console.append(f"console {message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: console.append(f"uncaught: {error}"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.resolve().as_uri(), wait_until="networkidle")
    if opened:
        page.evaluate(
            "(all) => document.querySelectorAll(all).forEach((one) => one.open = true)", opened
        )
    sideways = page.evaluate(SIDEWAYS)
    if picture:
        page.screenshot(path=picture, full_page=True)
    page.evaluate(AXE)
    run = "(left) => axe.run({exclude: left ? [[left]] : []}, {resultTypes: ['violations']})"
    violations = tuple(
        f"{rule['id']}: {node['html']}"
        for rule in page.evaluate(run, without)["violations"]
        for node in rule["nodes"]
    )
    return Findings(tuple(console), tuple(requests), sideways, violations)
