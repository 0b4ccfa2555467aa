"""The site in Korean and Spanish, in its folders `ko` and `es`, and search in Korean."""

import html
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.search import SearchLanguage
from sphinx.transforms import SphinxTransform
from words import LANGUAGES, catalogue, word

WORD = re.compile(r"\w+")
THUMBNAIL = re.compile(r"(?<=thumbnail-title\">)[^<]+|(?<=tooltip=\")[^\"]+")
HANGUL = re.compile(r"^[가-힣]+$")
SHORTEST = 2  # syllables of a word without its particle


class SearchKorean(SearchLanguage):
    """Finds Korean words with any particle: 풀링 in 풀링은 and 풀링으로.

    A particle follows its noun without a space, so the beginnings of each word are indexed.
    """

    lang = "ko"
    language_name = "Korean"
    stopwords = frozenset()

    def split(self, input: str) -> list[str]:
        """Return words and, of Korean ones, their beginnings."""
        words = WORD.findall(input)
        return [part for word in words for part in beginnings(word)]

    def stem(self, word: str) -> str:
        """Return the word in lower case."""
        return word.lower()


def beginnings(word: str) -> list[str]:
    """Return a word, and the beginnings of a Korean one.

    >>> beginnings("합성곱은"), beginnings("stride")
    (['합성', '합성곱', '합성곱은'], ['stride'])
    """
    if not HANGUL.match(word) or len(word) <= SHORTEST:
        return [word]
    return [word[:end] for end in range(SHORTEST, len(word) + 1)]


def shown(text: str, texts: dict[str, str]) -> str:
    """Return the translation of a text in HTML, if there is one."""
    plain = html.unescape(text)
    return html.escape(texts.get(plain, plain))


class Thumbnails(SphinxTransform):
    """Translates the titles and tooltips of the examples, which are HTML in sphinx-gallery."""

    default_priority = 100  # after the translation of texts

    def apply(self, **_more: object) -> None:
        """Take them from the translations of the examples' pages."""
        if self.config.language == "en":
            return
        texts = catalogue(self.config.language, "generated")
        for raw in self.document.findall(nodes.raw):
            if THUMBNAIL.search(raw.astext()):
                raw[0] = nodes.Text(THUMBNAIL.sub(lambda m: shown(m[0], texts), raw.astext()))


def build_others(app: Sphinx, error: Exception | None) -> None:
    """Build the other languages, one after the other, once the English site is there."""
    if error or app.builder.name != "html" or app.config.language != "en":
        return
    for lang in filter(None, app.config.site_languages):  # -D site_languages= is [""]
        command = [sys.executable, "-m", "sphinx", "-q", "-D", f"language={lang}"]
        command += ["-W"] if app._fail_on_warnings else []
        command += ["-d", str(Path(app.doctreedir).parent / f".doctrees-{lang}")]
        out = Path(app.outdir) / lang
        if subprocess.run([*command, str(app.srcdir), str(out)], check=False).returncode:
            raise ExtensionError(f"The site in {lang!r} has the faults above.")


def name_search(app: Sphinx, config: Any) -> None:
    """Translate the text in the search field of the theme, if the theme has one."""
    options = config.html_theme_options
    if "search_bar_text" in options:
        options["search_bar_text"] = word(options["search_bar_text"], config.language)


def add_links(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Add the addresses of a page in all languages."""
    top = context["content_root"] + ("" if app.config.language == "en" else "../")
    context["languages"] = {
        lang: f"{top}{'' if lang == 'en' else f'{lang}/'}{page}.html"
        for lang in ("en", *filter(None, app.config.site_languages))
    }
    context["language_names"] = dict(zip(LANGUAGES, ("English", "한국어", "Español"), strict=True))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.add_config_value("site_languages", list(LANGUAGES[1:]), "html", types=[list])
    app.add_search_language(SearchKorean)
    app.add_transform(Thumbnails)
    app.connect("config-inited", name_search)
    app.connect("build-finished", build_others)
    app.connect("html-page-context", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
