"""After the build: every link within the site leads to a page, and to a place on it."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.util import logging

LINK = re.compile(r"<(?:a|img|script|link|iframe|source)\b[^>]*?\s(?:href|src)=\"([^\"]+)\"")
PLACE = re.compile(r"\s(?:id|name)=\"([^\"]+)\"")
NOT_READ = {"_modules", "_static", "_downloads"}  # the source code has thousands of lines
logger = logging.getLogger(__name__)


@cache
def places(page: Path) -> frozenset[str]:
    """Return the places on a page that links can lead to."""
    return frozenset(PLACE.findall(page.read_text("utf-8")))


def broken(site: Path) -> list[str]:
    """Return the links that lead nowhere, with their pages."""
    found = []
    pages = [p for p in site.rglob("*.html") if not NOT_READ & {*p.relative_to(site).parts}]
    for page in pages:
        for link in set(LINK.findall(page.read_text("utf-8"))):
            parts = urlsplit(link.replace("&amp;", "&"))
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            place = unquote(parts.fragment)
            if not target.exists() or (
                place and target.suffix == ".html" and place not in places(target)
            ):
                found.append(f"{page.relative_to(site)}: {link}")
    return sorted(found)


def check(app: Sphinx, error: Exception | None) -> None:
    """Warn of links that lead nowhere, once the site is there in all languages."""
    if error or app.builder.name != "html" or app.config.language != "en":
        return
    for link in broken(Path(app.outdir)):
        logger.warning("a link leads nowhere: %s", link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it, after the other languages."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
