"""Links of Markdown pages that lead to other places on the site than in the repository."""

import re

from sphinx.application import Sphinx

PAGES = {
    "gallery.md": "gallery/index.rst",  # drawn in the language of the site
    "course-map.md": "generated/gallery/map.rst",
    "../CONTRIBUTING.md": "contributing.md",
    "../CHANGELOG.md": "changelog.md",
    "../benchmarks/README.md": "benchmarks.md",
}
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def moved(text: str, names: dict[str, str]) -> str:
    """Return a text with its links moved."""
    return LINK.sub(lambda link: f"]({names.get(link[1], link[1])}{link[2] or ''})", text)


def move(app: Sphinx, page: str, source: list[str]) -> None:
    """Move the links of a page of Markdown."""
    if page.count("/") == 0:
        source[0] = moved(source[0], PAGES)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it."""
    app.connect("source-read", move)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
