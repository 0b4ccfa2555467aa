"""The registry of lecture figures."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kerascnn._errors import unknown
from kerascnn._text import text

from ._course import ROWS, SECTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class LectureFigure:
    """A registered lecture figure.

    Attributes:
        name: what `render` and the command line call it: the function's name, with hyphens.
        function: computes and draws it; may take `rng`, a seeded `numpy.random.Generator`.
        title: one line, in English.
        alt: what the figure shows, in one English sentence.
        topic: the name of its file, for example "convolution".
        rows: the rows of the course that it shows, for example ("B1",); see `docs/course-map.md`.
        frames: number of animation steps, 0 for a still figure. The function of an animated
            figure takes `step`, counted from 0, and draws all steps at once for `step=None`.
    """

    name: str
    function: Callable[..., "Figure"]
    title: str
    alt: str
    topic: str
    rows: tuple[str, ...]
    frames: int = 0

    @property
    def section(self) -> str:
        """The section of the course, "A" to "F"; of several rows, that of the first."""
        return self.rows[0][0]

    @property
    def code(self) -> str:
        """The source code of the function, as the page of figures shows it."""
        return inspect.getsource(self.function)


_figures: dict[str, LectureFigure] = {}


def figure(
    *, title: str, alt: str, rows: tuple[str, ...], frames: int = 0
) -> Callable[[Callable], Callable]:
    """Register a function that computes, draws and returns a figure.

    The runner takes care of seeding, style, language, saving and closing.

    Args:
        title: one line, in English.
        alt: one English sentence for readers who cannot see the figure.
        rows: the rows of the course that it shows, keys of `ROWS`, the most important one first.
        frames: number of steps that `function(step=...)` can draw.

    Raises:
        ValueError: the course has no such row, or another figure has this name.
        TypeError: `rows` is not a tuple, or is empty.
    """
    if not isinstance(rows, tuple) or not rows:
        raise TypeError(f'rows must be a tuple of one or more, such as ("B1",); received {rows!r}.')
    for row in rows:
        if row not in ROWS:
            raise unknown("row", row, ROWS)

    def register(function: Callable) -> Callable:
        name = function.__name__.replace("_", "-")
        if name in _figures and _figures[name].function.__module__ != function.__module__:
            raise ValueError(f"name must be unique; a figure {name!r} is already registered.")
        topic = function.__module__.rpartition(".")[2]
        _figures[name] = LectureFigure(name, function, title, alt, topic, rows, frames)
        return function

    return register


def lecture_figures() -> dict[str, LectureFigure]:
    """Return all figures by name, in teaching order: that of the course's rows.

    >>> import kerascnn as kc
    >>> kc.figures.lecture_figures()["max-pooling"].topic
    'pooling'
    """
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        import_module(f"{__package__}.{file.stem}")
    order = {row: nth for nth, row in enumerate(ROWS)}

    def taught(one: LectureFigure) -> tuple:
        return order[one.rows[0]], one.topic, one.function.__code__.co_firstlineno

    return {one.name: one for one in sorted(_figures.values(), key=taught)}


def names(section: str | None = None) -> list[str]:
    """Return the names that `render` accepts, in teaching order.

    Args:
        section: of the course, such as "B" or "Convolution"; `None`: all.

    Raises:
        ValueError: the course has no such section.

    >>> names("Pooling")[0]
    'max-pooling'
    """
    known = lecture_figures()
    if section is None:
        return list(known)
    letter = section_letter(section)
    return [name for name, one in known.items() if one.section == letter]


def section_letter(section: str) -> str:
    """Return the letter of a section, given as "B", as its title or as its translated title."""
    given = section.strip().casefold()
    for letter, title in SECTIONS.items():
        if given in (letter.casefold(), title.casefold(), text(title).casefold()):
            return letter
    raise unknown("section", section, [f"{letter} ({title})" for letter, title in SECTIONS.items()])


def lecture_figure(name: str) -> LectureFigure:
    """Return the figure with this name.

    Raises:
        ValueError: no figure has this name.
    """
    known = lecture_figures()
    if name not in known:
        raise unknown("figure", name, known)
    return known[name]


def course_map() -> str:
    """Return a page in Markdown with a line for each row of the course: the figures that show it.

    >>> [line for line in course_map().splitlines() if line.startswith("| C2 ")]
    ['| C2 | average-pooling | Average pooling |']
    """
    known = lecture_figures().values()
    lines = ["# Course map", "", "Generated by `kerascnn figures --map > docs/course-map.md`."]
    for letter, title in SECTIONS.items():
        lines += ["", f"## {letter}. {title}", "", "| row | figures | what is shown |"]
        lines += ["| --- | --- | --- |"]
        for row, shown in ROWS.items():
            if row[0] == letter:
                figures = ", ".join(one.name for one in known if row in one.rows)
                lines.append(f"| {row} | {figures} | {shown} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"
