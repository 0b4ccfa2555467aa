"""The registry of lecture figures."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

from kerascnn._errors import unknown
from kerascnn._text import text

from ._course import ROWS, SECTIONS
from ._options import Option, check_options, options_of, same

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Words = str | Callable[..., str]  # in English, or a function that returns the translation


@dataclass(frozen=True)
class LectureFigure:
    """A registered lecture figure.

    Attributes:
        name: name for `render` and the command line: the function's name, with hyphens.
        function: draws the figure. Its first argument is the result of `data`; its keyword
            arguments are the options, `rng`, a seeded `numpy.random.Generator`, and `step` if the
            figure is animated.
        titled: the title in English, one line, or a function of the options that returns it
            translated.
        described: the alt text, one English sentence, or such a function.
        topic: name of the figure's file, for example "convolution".
        rows: the rows of the course that the figure belongs to, for example ("B1",); see
            `docs/course-map.md`.
        counted: number of animation steps, 0 for a still figure, or a function of the options. An
            animated figure draws step 0, 1, … for `step`, and all steps at once for `None`.
        data: computes the data of the figure, once per process for the same options.
        options: the options by name: keyword-only parameters of `function` and `data`.
        diagram: returns the description of the network if the figure shows nothing but its diagram,
            so that slides can show it as editable shapes; `None` for other figures.
        credited: names of the photos (`kc.datasets.photo`) that the figure uses, and "digits" or
            "mnist" if it uses these; or a function of the options.

    >>> import kerascnn as kc
    >>> stride = kc.figures.lecture_figure("stride")
    >>> stride.topic, stride.rows, stride.frames
    ('stride', ('B5',), 5)
    """

    name: str
    function: Callable[..., "Figure"]
    titled: Words
    described: Words
    topic: str
    rows: tuple[str, ...]
    counted: int | Callable[..., int] = 0
    data: Callable | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    credited: tuple[str, ...] | Callable[..., tuple[str, ...]] = ()
    diagram: Callable[[], object] | None = None

    @property
    def section(self) -> str:
        """Return the section of the course, "A" to "F", according to the first row."""
        return self.rows[0][0]

    @property
    def title(self) -> str:
        """Return the title in English or, if it depends on the options, in the current language."""
        return self.titled if isinstance(self.titled, str) else self.words()[0]

    @property
    def alt(self) -> str:
        """Return the alt text; see `title` for its language."""
        return self.described if isinstance(self.described, str) else self.words()[1]

    @property
    def frames(self) -> int:
        """Return the number of animation steps with the default options; 0 for a still figure."""
        return self.steps()

    @property
    def code(self) -> str:
        """Return the source code of the function without its decorator."""
        source = dedent(inspect.getsource(self.function))
        return source[source.index("def ") :]

    def words(self, **options: object) -> tuple[str, str]:
        """Return title and alt text in the current language for these options."""
        options = check_options(self.name, self.options, options)
        title, alt = (
            text(words) if isinstance(words, str) else words(**taken(words, options))
            for words in (self.titled, self.described)
        )
        return title, alt

    def written(self, options: Mapping[str, object]) -> dict[str, object]:
        """Return the options that differ from the defaults, as numbers, names or lists of them.

        `None` stands for a photo or a network, which has no short text.
        """
        return {
            name: option.written(options[name])
            for name, option in self.options.items()
            if name in options and not same(options[name], option.default)
        }

    def photos(self, **options: object) -> tuple[str, ...]:
        """Return the names of the photos and data sets that the figure uses."""
        options = check_options(self.name, self.options, options)
        if isinstance(self.credited, tuple):
            return self.credited if options.get("photo") is None else ()
        return self.credited(**taken(self.credited, options))

    def steps(self, **options: object) -> int:
        """Return the number of animation steps for these options; 0 for a still figure."""
        if isinstance(self.counted, int):
            return self.counted
        options = check_options(self.name, self.options, options)
        return self.counted(**taken(self.counted, options))


def taken(function: Callable, options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that a function has a parameter for."""
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in parameters}


_figures: dict[str, LectureFigure] = {}


def figure(
    *,
    title: Words,
    alt: Words,
    rows: tuple[str, ...],
    frames: int | Callable[..., int] = 0,
    data: Callable | None = None,
    photos: tuple[str, ...] | Callable[..., tuple[str, ...]] = (),
    diagram: Callable[[], object] | None = None,
) -> Callable[[Callable], Callable]:
    """Register a function that draws and returns a figure.

    The runner handles seeding, style, language, saving and closing. The keyword-only parameters of
    the function and of `data` are the options of the figure: each has a default and is annotated as
    `int` (1 or more), `Whole` (0 or more), `float`, `tuple[int, ...]`, `Literal[...]` or
    `np.ndarray`. `photo` is an image, (H, W, 3) float in [0, 1], and `network` a
    `kerascnn.trained.Trained`; both default to `None`.

    Args:
        title: the title in English, one line, or a function of the options that returns it
            translated.
        alt: the alt text for readers who cannot see the figure, one English sentence, or such a
            function.
        rows: the rows of the course that the figure belongs to, keys of `ROWS`, most important
            first.
        frames: number of steps that `function(step=...)` can draw, or a function of the options.
        data: does the costly computations, which must not depend on language or style; the result
            is the function's first argument. It runs once per process for the same options.
        photos: names of the photos that the figure uses if the user gives none, and "digits" or
            "mnist" if it uses these, whose creators the page credits; or a function of the options.
        diagram: returns the description of the network if `function` draws nothing but its
            `plots.architecture` and text; slides then show editable shapes.

    Raises:
        ValueError: If a row is not in the course, or another figure has this name.
        TypeError: If `rows` is not a tuple or is empty, or a parameter cannot be an option.

    >>> import kerascnn as kc
    >>> from matplotlib import pyplot as plt
    >>> @kc.figures.figure(title="A line rises", alt="A straight line rises.", rows=("A1",))
    ... def rising_line(*, slope: float = 1.0):
    ...     drawing, ax = plt.subplots()
    ...     ax.plot([0, slope])
    ...     return drawing
    >>> kc.figures.render("rising-line", slope=2.0).axes[0].lines[0].get_ydata().tolist()
    [0.0, 2.0]
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
        options = options_of(function, data)
        _figures[name] = LectureFigure(
            name, function, title, alt, topic, rows, frames, data, options, photos, diagram
        )
        return function

    return register


def lecture_figures() -> dict[str, LectureFigure]:
    """Return all figures by name, in the order of the course's rows.

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
        section: section of the course, such as "B" or "Convolution"; `None` returns all.

    Raises:
        ValueError: If the section is unknown.

    >>> names("Pooling")[0]
    'max-pooling'
    """
    known = lecture_figures()
    if section is None:
        return list(known)
    letter = section_letter(section)
    return [name for name, one in known.items() if one.section == letter]


def section_letter(section: str) -> str:
    """Return the letter of a section, given by its letter, title or translated title."""
    given = section.strip().casefold()
    for letter, title in SECTIONS.items():
        if given in (letter.casefold(), title.casefold(), text(title).casefold()):
            return letter
    raise unknown("section", section, [f"{letter} ({title})" for letter, title in SECTIONS.items()])


def lecture_figure(name: str) -> LectureFigure:
    """Return the figure with this name.

    Raises:
        ValueError: If no figure has this name.

    >>> import kerascnn as kc
    >>> kc.figures.lecture_figure("stride").rows
    ('B5',)
    """
    known = lecture_figures()
    if name not in known:
        raise unknown("figure", name, known)
    return known[name]


def course_map() -> str:
    """Return a page in Markdown that lists the figures for each row of the course.

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
