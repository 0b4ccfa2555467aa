"""The registry of lecture figures."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kerascnn._errors import unknown

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
        rows: what it shows of the course, as `docs/course-map.md` counts it, for example ("B1",).
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
    def code(self) -> str:
        """The source code of the function, as the page of figures shows it."""
        return inspect.getsource(self.function)


_figures: dict[str, LectureFigure] = {}


def figure(
    *, title: str, alt: str, rows: tuple[str, ...] = (), frames: int = 0
) -> Callable[[Callable], Callable]:
    """Register a function that computes, draws and returns a figure.

    The runner takes care of seeding, style, language, saving and closing.

    Args:
        title: one line, in English.
        alt: one English sentence for readers who cannot see the figure.
        rows: the rows of the course that it shows, for example ("B1",).
        frames: number of steps that `function(step=...)` can draw.
    """

    def register(function: Callable) -> Callable:
        name = function.__name__.replace("_", "-")
        if name in _figures and _figures[name].function.__module__ != function.__module__:
            raise ValueError(f"name must be unique; a figure {name!r} is already registered.")
        topic = function.__module__.rpartition(".")[2]
        _figures[name] = LectureFigure(name, function, title, alt, topic, rows, frames)
        return function

    return register


def lecture_figures() -> dict[str, LectureFigure]:
    """Return all figures by name, sorted by topic and in the order of their files.

    >>> import kerascnn as kc
    >>> kc.figures.lecture_figures()["max-pooling"].topic
    'pooling'
    """
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        import_module(f"{__package__}.{file.stem}")
    return dict(_figures)


def names() -> list[str]:
    """Return the names that `render` accepts."""
    return list(lecture_figures())


def lecture_figure(name: str) -> LectureFigure:
    """Return the figure with this name.

    Raises:
        ValueError: no figure has this name.
    """
    known = lecture_figures()
    if name not in known:
        raise unknown("figure", name, known)
    return known[name]
