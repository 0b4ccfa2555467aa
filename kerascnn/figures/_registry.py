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


Words = str | Callable[..., str]  # in English, or a function of the options that translates


@dataclass(frozen=True)
class LectureFigure:
    """A registered lecture figure.

    Attributes:
        name: what `render` and the command line call it: the function's name, with hyphens.
        function: draws it. It takes what `data` returned as its first argument; by keyword its
            options; `rng`, a seeded `numpy.random.Generator`; and `step` if it is animated.
        titled: one line in English, or a function of the options that returns it translated.
        described: what the figure shows, in one English sentence, or such a function.
        topic: the name of its file, for example "convolution".
        rows: the rows of the course that it shows, for example ("B1",); see `docs/course-map.md`.
        counted: number of animation steps, 0 for a still figure, or a function of the options. An
            animated figure draws step 0, 1, … for `step`, and all steps at once for `None`.
        data: computes what the figure shows, once per process for the same options.
        options: what the user may set, by name: keyword-only parameters of `function` and `data`.
        diagram: returns the description of the network whose diagram is all that it draws, so that
            slides can show it as shapes that can be edited; `None` for other figures.
        credited: names of the photos (`kc.datasets.photo`) of which it shows something, and
            "digits" and "mnist" if it shows some of these; or a function of the options.
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
        """The section of the course, "A" to "F"; of several rows, that of the first."""
        return self.rows[0][0]

    @property
    def title(self) -> str:
        """The title in English; if it follows the options, in the language that is set."""
        return self.titled if isinstance(self.titled, str) else self.words()[0]

    @property
    def alt(self) -> str:
        """The alt text in English; if it follows the options, in the language that is set."""
        return self.described if isinstance(self.described, str) else self.words()[1]

    @property
    def frames(self) -> int:
        """The number of animation steps with the default options; 0 for a still figure."""
        return self.steps()

    @property
    def code(self) -> str:
        """The source code of the function, without its decorator."""
        source = dedent(inspect.getsource(self.function))
        return source[source.index("def ") :]

    def words(self, **options: object) -> tuple[str, str]:
        """Return title and alt text in the language that is set, for these options."""
        options = check_options(self.name, self.options, options)
        title, alt = (
            text(words) if isinstance(words, str) else words(**taken(words, options))
            for words in (self.titled, self.described)
        )
        return title, alt

    def written(self, options: Mapping[str, object]) -> dict[str, object]:
        """Return the options that are not the defaults: numbers, names, lists of them, or `None`.

        `None` is a photo or a network, which cannot be written down.
        """
        return {
            name: option.written(options[name])
            for name, option in self.options.items()
            if name in options and not same(options[name], option.default)
        }

    def photos(self, **options: object) -> tuple[str, ...]:
        """Return the names of the photos and data sets of which it shows something."""
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

    The runner takes care of seeding, style, language, saving and closing. Keyword-only parameters
    of the function, and of `data`, are the options of the figure: each has a default and is
    annotated as `int` (1 or more), `Whole` (0 or more), `float`, `tuple[int, ...]`, `Literal[...]`
    or `np.ndarray`. `photo` is a picture, (H, W, 3) float in [0, 1], and `network` a
    `kerascnn.trained.Trained`; both default to `None`.

    Args:
        title: one line in English, or a function of the options that returns it translated.
        alt: one English sentence for readers who cannot see the figure, or such a function.
        rows: the rows of the course that it shows, keys of `ROWS`, the most important one first.
        frames: number of steps that `function(step=...)` can draw, or a function of the options.
        data: computes what is costly, in no language and style; the result is the function's
            first argument. It runs once per process for the same options.
        photos: names of the photos of which it shows something, where the user gives none, and
            "digits" and "mnist" if it shows some of these: the page credits their makers. Or a
            function of the options.
        diagram: returns the description of the network, if `function` draws nothing but its
            `plots.architecture` and words; slides then show shapes that can be edited.

    Raises:
        ValueError: the course has no such row, or another figure has this name.
        TypeError: `rows` is not a tuple, or is empty; or a parameter is no option.
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
