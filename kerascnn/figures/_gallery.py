"""The page that shows the figures of a folder: `index.html`, which needs no server and no network.

All words are on the page in all languages, and it shows those of one of them; the pictures are
those that the folder holds.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import count, groupby, takewhile
from pathlib import Path

from PIL import Image

from kerascnn._text import LANGUAGES, language
from kerascnn._text import text as _
from kerascnn.datasets import photo_credit

from ._course import SECTIONS
from ._registry import LectureFigure, lecture_figures

KINDS = ("svg", "png", "pdf", "gif", "html")  # of files; "html" is the player of an animation
DRAWN_WITH = 2000  # characters at the start of an SVG, in which its language is written


@dataclass(frozen=True)
class Files:
    """The files of one figure in one language, as links: relative to the page.

    Attributes:
        lang: their language.
        downloads: links by kind, in the order of `KINDS`.
        steps: the steps of an animation by kind of picture.
    """

    lang: str
    downloads: dict[str, str]
    steps: dict[str, list[str]]

    @property
    def small(self) -> str | None:
        """The picture among the others: a PNG, which browsers scale fast."""
        return self.downloads.get("png") or self.downloads.get("svg")

    @property
    def large(self) -> str | None:
        """The enlarged picture: an SVG, which is sharp at any size."""
        return self.downloads.get("svg") or self.downloads.get("png")


def page(out: Path, lang: str) -> str:
    """Return the page of a folder.

    Args:
        out: the folder; it may hold some figures only, and those of several languages.
        lang: the language that the page shows first, and that of pictures that do not tell theirs.
    """
    from jinja2 import Environment, PackageLoader

    folder = Environment(
        loader=PackageLoader("kerascnn.figures", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = []
    for one in lecture_figures().values():
        if files := _files(out, one, lang):
            # In a language in which it was not drawn a figure is shown in another.
            in_all = {to: files.get(to, next(iter(files.values()))) for to in LANGUAGES}
            shown.append((one, _in_all_languages(one.words), in_all))
    return folder.get_template("index.html.jinja").render(
        lang=lang,
        languages=LANGUAGES,
        words=_in_all_languages(_words),
        sections=_sections(shown),
        count=len(shown),
        titles=_in_all_languages(lambda: {letter: _(SECTIONS[letter]) for letter in SECTIONS}),
        missing={to: _missing(to, shown) for to in LANGUAGES},
        highlighted=_highlighted,
        credits=lambda names: _in_all_languages(lambda: [_credit(name) for name in names]),
    )


def _files(out: Path, one: LectureFigure, lang: str) -> dict[str, Files]:
    """Find the files of a figure by language, in `out` and in its folders of languages."""
    found = {}
    for folder in (out, *(out / code for code in LANGUAGES)):
        paths = {kind: folder / f"{one.name}.{kind}" for kind in KINDS}
        paths = {kind: path for kind, path in paths.items() if path.is_file()}
        if paths:
            links = {kind: path.relative_to(out).as_posix() for kind, path in paths.items()}
            latest = max(path.stat().st_mtime_ns for path in paths.values())
            found[latest, folder] = Files(_language(paths) or lang, links, _steps(folder, one, out))
    # Of two pictures in one language the later one counts.
    by_language = {files.lang: files for _key, files in sorted(found.items())}
    return {code: by_language[code] for code in (lang, *LANGUAGES) if code in by_language}


def _steps(folder: Path, one: LectureFigure, out: Path) -> dict[str, list[str]]:
    steps = {}
    for kind in ("svg", "png", "pdf") if one.frames else ():
        by_name = {path.stem: path for path in folder.glob(f"{one.name}-*.{kind}")}
        names = (f"{one.name}-{nth + 1}" for nth in count())
        paths = [by_name[name] for name in takewhile(by_name.__contains__, names)]
        if paths:
            steps[kind] = [path.relative_to(out).as_posix() for path in paths]
    return steps


def _language(paths: dict[str, Path]) -> str | None:
    """Read the language that the runner wrote into a picture."""
    if "svg" in paths:
        with paths["svg"].open(encoding="utf-8") as file:
            told = re.search(r'xml:lang="(\w+)"', file.read(DRAWN_WITH))
            code = told and told[1]
    elif "png" in paths:
        with Image.open(paths["png"]) as picture:
            code = picture.info.get("Language")
    else:
        code = None
    return code if code in LANGUAGES else None


def _missing(to: str, shown: list) -> tuple[str, str] | None:
    """The word of `_words` that tells which pictures are not in the language `to`, and theirs."""
    drawn_in = [files[to].lang for _one, _words, files in shown]
    others = [code for code in LANGUAGES if code != to and code in drawn_in]
    if not others:
        return None
    with language(to):
        names = {"en": _("English"), "ko": _("Korean"), "es": _("Spanish")}
    return "partly" if to in drawn_in else "missing", ", ".join(names[code] for code in others)


def _sections(shown: list) -> list[tuple[str, list]]:
    """Group the figures by the sections of the course, in teaching order."""
    groups = {letter: [] for letter in SECTIONS}
    for one, *others in shown:
        groups[one.section].append((one, *others))
    return [(letter, group) for letter, group in groups.items() if group]


@cache
def _highlighted(code: str) -> list[tuple[str, str]]:
    """Cut Python code into pieces, each after its kind, such as "keyword"; the rest is ""."""
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Keyword, Number, Operator, String

    kinds = {Keyword: "keyword", Operator.Word: "keyword", String: "string", Number: "number"}
    kinds[String.Doc] = kinds[Comment] = "comment"

    def kind(token) -> str:
        while token not in kinds and token.parent:
            token = token.parent
        return kinds.get(token, "")

    pieces = [(kind(token), text) for token, text in PythonLexer().get_tokens(code)]
    together = groupby(pieces, key=lambda piece: piece[0])
    return [(kind, "".join(text for _kind, text in group)) for kind, group in together]


def _credit(name: str) -> dict[str, str]:
    """Say whose a photo is, and under which terms."""
    credit = photo_credit(name)
    rights = {
        "CC0 1.0": "CC0 1.0",
        "public domain": _("public domain"),
        "no known copyright restrictions": _("no known copyright restrictions"),
        "unknown": _("rights not documented"),
    }
    return {"name": name, "by": credit.by, "rights": rights[credit.rights], "url": credit.url}


def _in_all_languages(say) -> dict:
    said = {}
    for code in LANGUAGES:
        with language(code):
            said[code] = say()
    return said


def _words() -> dict[str, str]:
    return {
        "heading": _("Lecture figures"),
        "skip": _("Skip to the figures"),
        "search": _("Search figures"),
        "language": _("Language"),
        "dark": _("Dark theme"),
        "sections": _("Sections"),
        "count": _("{count} figures"),
        "one": _("1 figure"),
        "found": _("{found} of {count} figures"),
        "nothing": _("No figure has all these words."),
        "empty": _("This folder has no figures yet."),
        "missing": _("The pictures are in {languages}. To draw them in this language:"),
        "partly": _("Some pictures are in {languages}. To draw them in this language:"),
        "alt": _("Alt text"),
        "downloads": _("Downloads"),
        "player": _("Step by step"),
        "steps": _("Single steps"),
        "code": _("Code"),
        "command": _("On the command line"),
        "python": _("In Python"),
        "source": _("Source code"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "licence": _("Licence"),
        "free": _("This figure may be used for any purpose, without attribution:"),
        "photos": _("Photos, unless you chose your own:"),
        "previous": _("Previous figure"),
        "next": _("Next figure"),
        "close": _("Close"),
        "position": _("{position} of {count}"),
    }
