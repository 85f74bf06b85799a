"""The browser of the tests sees each fault of a page, and none on a page without."""

import pytest

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
CLEAN = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Two panels</title>
<main><h1>Two panels</h1><p>One problem in both.</p><img src="{PIXEL}" alt="a dot">FAULT</main>
</html>
"""
GREY = "<style>@media %s { p { color: #777; background: #999 } }</style>"
FAULTS = {
    "a warning": ("<script>console.warn('a word')</script>", "console warning: a word"),
    "an error": ("<script>console.error('a word')</script>", "console error: a word"),
    "an exception": ("<script>throw Error('a word')</script>", "uncaught: a word"),
    "an image elsewhere": ("<img src='dot.gif' alt='a dot'>", "requested file://"),
    "a late request": ("<script>onload = () => fetch('dot.gif')</script>", "requested file://"),
    "a broad line": ("<p style='width: 800px'>long</p>", "the page scrolls sideways"),
    "an image without words": (f"<img src='{PIXEL}'>", "image-alt: <img"),
    "grey on grey": (GREY % "all", "color-contrast: <p>"),
}


@pytest.fixture
def page(tmp_path):
    """Return a function that writes a page with something in it."""

    def write(fault=""):
        path = tmp_path / "page.html"
        path.write_text(CLEAN.replace("FAULT", fault))
        return path

    return write


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_a_clean_page_has_no_faults(look, page, scheme):
    found = look(page(), width=390, scheme=scheme)
    assert found.faults == []
    assert found.requests == (page().as_uri(),)


@pytest.mark.parametrize(("text", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_seen(look, page, text, said):
    found = look(page(text), width=390, scheme="light")
    assert any(line.startswith(said) for line in found.faults), found


def test_a_line_that_fits_a_broad_window_is_no_fault(look, page):
    assert not look(page(FAULTS["a broad line"][0]), width=1280, scheme="light").faults


@pytest.mark.parametrize("only", ["(prefers-color-scheme: dark)", "print"])
def test_a_fault_of_one_scheme_is_seen_in_it_alone(look, page, only):
    schemes = ("light", "dark", "print")
    faulty = [s for s in schemes if look(page(GREY % only), width=390, scheme=s).faults]
    assert [scheme for scheme in schemes if scheme in only] == faulty


def test_a_picture_shows_the_whole_page(look, page, tmp_path):
    picture = tmp_path / "page.png"
    look(page("<p style='height: 3000px'>tall</p>"), width=390, scheme="light", picture=picture)
    header = picture.read_bytes()[:24]
    width, height = (int.from_bytes(header[i : i + 4]) for i in (16, 20))
    assert width == 390
    assert height > 3000
