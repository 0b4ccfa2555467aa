"""Figures of a lecture, in teaching order, as slides or as a handout."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib import pyplot as plt

from kerascnn import figures, plots
from kerascnn._errors import unknown
from kerascnn._files import must_be_writable, write_atomically
from kerascnn._markup import data_uri, template
from kerascnn._print import browser, printed
from kerascnn._text import language
from kerascnn._text import text as _
from kerascnn.figures import LectureFigure
from kerascnn.plots._diagram.choose import chosen
from kerascnn.plots._diagram.parts import Layout

from ._formulas import Formula, formulas

#: The formats that `Deck.save` writes.
FORMATS = ("pptx", "html", "pdf")


@dataclass(frozen=True)
class Page:
    """A drawn figure with its title and caption.

    Attributes:
        name: name of the figure.
        title: title, which states its message in one sentence.
        caption: description of the figure.
        svg, png: the picture in both formats.
        diagram: layout of a network's diagram, which slides show instead of the picture.
        words: texts around the diagram.
    """

    name: str
    title: str
    caption: str
    svg: bytes
    png: bytes
    diagram: Layout | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chapter:
    """A section of the course: its title, formulas and pages."""

    title: str
    formulas: list[Formula]
    pages: list[Page]


@dataclass(frozen=True)
class Deck:
    """Figures of a lecture, drawn when it is saved.

    Attributes:
        figures: the figures, in teaching order.
        lang: "en", "ko" or "es".
        style: style of the pictures; see `kc.figures.render`.
        failed: after `save`, the errors of figures that could not be drawn and are missing.

    >>> import tempfile, kerascnn as kc
    >>> deck = kc.decks.deck("stride", lang="es")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     deck.save(f"{folder}/handout.html").name
    'handout.html'
    """

    figures: tuple[LectureFigure, ...]
    lang: str
    style: str
    failed: dict[str, Exception] = field(default_factory=dict, compare=False)

    def save(
        self,
        path: str | Path,
        *,
        progress: Callable[[LectureFigure], None] = lambda one: None,
    ) -> Path:
        """Draw the figures and write them as slides or as a handout.

        Args:
            path: "deck.pptx" for slides, "handout.html" or "handout.pdf" for a handout.
            progress: called with each `LectureFigure` before it is drawn.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the extension of `path` or the style is unknown, or no figure could be
                drawn.
            ImportError: If slides are requested and python-pptx is not installed.
            OSError: If the file cannot be written, or PDF is requested and neither Chromium nor
                Chrome is installed.
        """
        path = Path(path)
        suffix = path.suffix[1:]
        if suffix not in FORMATS:
            raise unknown("format", suffix, FORMATS)
        if suffix == "pptx":
            try:
                from ._slides import slides
            except ImportError as error:
                raise ImportError(
                    "slides require python-pptx: pip install 'kerascnn[pptx]'."
                ) from error
        if suffix == "pdf":
            browser()
        with must_be_writable(path):  # fail before the figures are drawn
            path.parent.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=path.parent).close()
        chapters = self._draw(progress, native=suffix == "pptx")
        with plots.style(self.style, lang=self.lang):  # for shapes, which are drawn now
            if suffix == "pptx":
                data = slides(chapters, self.lang)
            else:
                data = _handout(chapters, self.lang)
        data = printed(data) if suffix == "pdf" else data
        with must_be_writable(path):
            write_atomically(path, data)
        return path

    def _draw(self, progress: Callable[[LectureFigure], None], *, native: bool) -> list[Chapter]:
        """Draw the figures; with `native`, lay out the diagrams that slides show as shapes."""
        with tempfile.TemporaryDirectory() as folder:
            report = figures.draw(
                [one.name for one in self.figures],
                out=folder,
                formats=("svg", "png"),
                lang=self.lang,
                style=self.style,
                steps=False,
                progress=progress,
            )
            self.failed.clear()  # of errors from an earlier call
            self.failed.update(report.failed)
            chapters: dict[str, list[Page]] = {}
            with language(self.lang):
                for one in self.figures:
                    if one.name in report.failed:
                        continue
                    svg, png = (
                        Path(folder, f"{one.name}.{k}").read_bytes() for k in ("svg", "png")
                    )
                    shapes = native and one.diagram is not None
                    diagram, words = self._diagram(one) if shapes else (None, ())
                    page = Page(one.name, *one.words(), svg, png, diagram, words)
                    chapters.setdefault(one.section, []).append(page)
                if not chapters:
                    name, error = next(iter(self.failed.items()))
                    raise ValueError(f"no figure could be drawn; {name!r}: {error}") from error
                return [
                    Chapter(_(figures.SECTIONS[section]), formulas(section), pages)
                    for section, pages in chapters.items()
                ]

    def _diagram(self, one: LectureFigure) -> tuple[Layout, tuple[str, ...]]:
        """Lay out the diagram that a figure consists of; return it with the texts around it."""
        assert one.diagram is not None
        drawing = figures.render(one.name, lang=self.lang, style=self.style)
        words = tuple(text.get_text() for text in drawing.texts)
        plt.close(drawing)
        return chosen(one.diagram())[1], words


def deck(names: str | Sequence[str] = (), *, lang: str = "en", style: str = "slides") -> Deck:
    """Choose figures for a lecture.

    Args:
        names: sections of the course ("B" or "Convolution"), rows ("B5"), topics (the files in
            `figures/`, such as "pooling") and figures; all by default.
        lang: "en", "ko" or "es".
        style: "slides", "paper", "dark" or "gray".

    Returns:
        A `Deck`, with the figures in teaching order.

    Raises:
        ValueError: If a name or the language is unknown.

    >>> import kerascnn as kc
    >>> [one.name for one in kc.decks.deck(["average-pooling", "max-pooling"]).figures]
    ['max-pooling', 'average-pooling']
    """
    with language(lang):
        names = [names] if isinstance(names, str) else list(names)
        known = figures.lecture_figures()
        chosen = {name for asked in names for name in _named(asked, known)} or set(known)
    return Deck(tuple(one for one in known.values() if one.name in chosen), lang, style)


def _named(asked: str, known: dict[str, LectureFigure]) -> list[str]:
    """Return the figures of a section, row or topic, or the one with this name."""
    if asked in known:
        return [asked]
    if asked.upper() in figures.ROWS:
        return [name for name, one in known.items() if asked.upper() in one.rows]
    topics = [one.topic.replace("_", "-") for one in known.values()]
    try:  # "convolution" means the section of the course rather than the topic
        return figures.names(asked)
    except ValueError:
        topic = asked.replace("_", "-")
        if topic in topics:
            return [name for name, of in zip(known, topics, strict=True) if of == topic]
        choices = [*figures.SECTIONS, *figures.SECTIONS.values(), *dict.fromkeys(topics), *known]
        raise unknown("part", asked, choices) from None


def _handout(chapters: list[Chapter], lang: str) -> bytes:
    title = " · ".join(chapter.title for chapter in chapters)
    page = template("decks", "handout.html.jinja")
    return page.render(chapters=chapters, lang=lang, title=title, _=_, data_uri=data_uri).encode()
