"""The page that shows the figures of a folder: `index.html`, which works offline.

The page contains all text in all languages and shows one of them; the images are those in the
folder.
"""

import shlex
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from kerascnn._markup import template
from kerascnn._text import LANGUAGES, in_all_languages, language
from kerascnn._text import text as _
from kerascnn.datasets import digits, mnist, photo_credit

from ._course import SECTIONS
from ._registry import LectureFigure, lecture_figures
from ._saving import FORMATS, Label, read_label


@dataclass(frozen=True)
class Files:
    """The files of one figure in one language, as links relative to the page.

    Attributes:
        label: the metadata stored in the images.
        downloads: links by file type; "html" is the player of an animation.
        steps: the steps of an animation, by file type.
    """

    label: Label
    downloads: dict[str, str]
    steps: dict[str, list[str]]

    @property
    def small(self) -> str | None:
        """Return the image for the overview: a PNG, which browsers scale fast."""
        return self.downloads.get("png") or self.downloads.get("svg")

    @property
    def large(self) -> str | None:
        """Return the enlarged image: an SVG, which is sharp at any size."""
        return self.downloads.get("svg") or self.downloads.get("png")


def page(out: Path, lang: str) -> str:
    """Return the page for a folder.

    Args:
        out: the folder, which may contain only some figures, in one or several languages.
        lang: the initial language of the page, and the language of images without metadata.
    """
    shown = []
    for one in lecture_figures().values():
        if files := _files(out, one, lang):
            # Figures that were not drawn in a language are shown in another.
            shown.append((one, {to: files.get(to, next(iter(files.values()))) for to in LANGUAGES}))
    return template("figures/page", "index.html.jinja").render(
        lang=lang,
        languages=LANGUAGES,
        words=in_all_languages(_words),
        sections=_sections(shown),
        count=len(shown),
        titles=in_all_languages(lambda: {letter: _(SECTIONS[letter]) for letter in SECTIONS}),
        missing={to: _missing(to, shown) for to in LANGUAGES},
        command=_command,
        call=_call,
        options=_options,
        highlighted=_highlighted,
        credits=lambda names: in_all_languages(lambda: [_credit(name) for name in names]),
    )


def _files(out: Path, one: LectureFigure, lang: str) -> dict[str, Files]:
    """Find the files of a figure by language, in `out` and in its folders of languages."""
    drawn = [_drawn(folder, one, lang) for folder in (out, *(out / code for code in LANGUAGES))]
    files = {}
    for _time, label, paths in sorted(filter(None, drawn), key=lambda one: one[0]):
        folder, steps = paths[0].parent, {}
        others = [folder / f"{one.name}.{kind}" for kind in ("gif", "html") if label.steps]
        for path in paths if label.steps else ():
            each = (path.with_stem(f"{path.stem}-{nth + 1}") for nth in range(label.steps))
            steps[path.suffix[1:]] = [step.relative_to(out).as_posix() for step in each]
        links = [*paths, *(path for path in others if path.is_file())]
        downloads = {path.suffix[1:]: path.relative_to(out).as_posix() for path in links}
        files[label.lang] = Files(label, downloads, steps)  # the newer one, if there are two
    return {code: files[code] for code in (lang, *LANGUAGES) if code in files}


def _drawn(folder: Path, one: LectureFigure, lang: str) -> tuple[int, Label, list[Path]] | None:
    """Return the latest version of a figure in a folder: its time, label and images."""
    paths = [path for kind in FORMATS if (path := folder / f"{one.name}.{kind}").is_file()]
    times = {path: path.stat().st_mtime_ns for path in paths}
    if not paths:
        return None
    plain = Label(lang, "slides", in_all_languages(one.words), {}, 0, list(one.photos()))
    labels = {path: read_label(path) or plain for path in paths}
    last = labels[max(paths, key=lambda path: times[path])]
    return max(times.values()), last, [path for path in paths if labels[path] == last]


def _missing(to: str, shown: list) -> tuple[str, str] | None:
    """Return the key in `_words` of the hint on images in languages other than `to`, and these."""
    drawn_in = [files[to].label.lang for _one, files in shown]
    others = [code for code in LANGUAGES if code != to and code in drawn_in]
    if not others:
        return None
    with language(to):
        names = {"en": _("English"), "ko": _("Korean"), "es": _("Spanish")}
    return "partly" if to in drawn_in else "missing", ", ".join(names[code] for code in others)


def _sections(shown: list) -> list[tuple[str, list]]:
    """Group the figures by the sections of the course, in teaching order."""
    groups = {letter: [] for letter in SECTIONS}
    for one, files in shown:
        groups[one.section].append((one, files))
    return [(letter, group) for letter, group in groups.items() if group]


def _command(name: str, label: Label, lang: str) -> str:
    """Return the command that draws a figure in a language, with the options of its label."""
    words = ["kerascnn figures", name, *(_set(*option) for option in label.options.items())]
    words += [f"--lang {lang}"] if lang != "en" else []
    words += [f"--style {label.style}"] if label.style != "slides" else []
    return " ".join(words)


def _set(option: str, value: object) -> str:
    """Return an option of a figure for the command line; `None` is a placeholder."""
    if option in ("photo", "network"):
        return f"--{'model' if option == 'network' else option} …"
    if value is None:
        return f"--set {option}=…"
    return f"--set {shlex.quote(f'{option}={_word(value)}')}"


def _word(value: object) -> str:
    if isinstance(value, list):
        rows = any(isinstance(part, list) for part in value)
        return (";" if rows else ",").join(map(_word, value))
    return str(value).removesuffix(".0")


def _options(one: LectureFigure) -> list[str]:
    """Return the options of a figure with their defaults."""
    return [_set(name, option.written(option.default)) for name, option in one.options.items()]


def _call(name: str, label: Label, lang: str) -> str:
    """Return the Python code that draws a figure in a language, with the options of its label."""
    given = label.options.items()
    arguments = [f'"{name}"', *(f"{k}={'...' if v is None else repr(v)}" for k, v in given)]
    arguments += [f'lang="{lang}"'] if lang != "en" else []
    arguments += [f'style="{label.style}"'] if label.style != "slides" else []
    return f"import kerascnn as kc\n\nfigure = kc.figures.render({', '.join(arguments)})"


@cache
def _highlighted(code: str) -> list[tuple[str, str]]:
    """Split Python code into tokens, each with its kind, such as "keyword" or ""."""
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
    """Return the creator and the license of a photo or data set."""
    sets = {"digits": digits.CREDIT, "mnist": mnist.CREDIT}
    credit = sets.get(name) or photo_credit(name)
    rights = {
        "public domain": _("public domain"),
        "no known copyright restrictions": _("no known copyright restrictions"),
        "unknown": _("rights not documented"),
    }
    return {
        "name": name,
        "by": credit.by,
        "rights": rights.get(credit.rights, credit.rights),
        "url": credit.url,
    }


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
        "options": _("Your own numbers, photo or network:"),
        "command": _("On the command line"),
        "python": _("In Python"),
        "source": _("Source code"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "licence": _("License"),
        "free": _("This figure may be used for any purpose, without attribution:"),
        "shared": _("All but these images may be used for any purpose, without attribution:"),
        "images": _("Images:"),
        "previous": _("Previous figure"),
        "next": _("Next figure"),
        "close": _("Close"),
        "position": _("{position} of {count}"),
    }
