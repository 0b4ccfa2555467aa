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
    """A figure that can be drawn.

    Attributes:
        name: its name for `render` and the command line: the function's, with hyphens.
        function: computes and draws; takes a seeded `numpy.random.Generator` if it wants one.
        title: one line, in English.
        alt: what is to be seen, one sentence in English.
        topic: the file that it stands in, for example "convolution".
        frames: how many steps it can be shown in, 0 for a figure that does not move; the
            function then takes `step`, from 0 on, and draws the whole with `step=None`.
    """

    name: str
    function: Callable[..., "Figure"]
    title: str
    alt: str
    topic: str
    frames: int = 0

    @property
    def code(self) -> str:
        """The source of the function, as the gallery shows it."""
        return inspect.getsource(self.function)


_figures: dict[str, LectureFigure] = {}


def figure(*, title: str, alt: str, frames: int = 0) -> Callable[[Callable], Callable]:
    """Register a function that computes, draws and returns a figure.

    Seeding, style, language, saving and closing are the runner's business.

    Args:
        title: one line, in English.
        alt: one sentence in English for those who cannot see the figure.
        frames: how many steps `function(step=...)` can draw.
    """

    def register(function: Callable) -> Callable:
        name = function.__name__.replace("_", "-")
        if name in _figures and _figures[name].function.__module__ != function.__module__:
            raise ValueError(f"name must be new; a figure {name!r} is registered already.")
        topic = function.__module__.rpartition(".")[2]
        _figures[name] = LectureFigure(name, function, title, alt, topic, frames)
        return function

    return register


def lecture_figures() -> dict[str, LectureFigure]:
    """All figures by name, in the order of topics and of their files.

    >>> import kerascnn as kc
    >>> kc.figures.lecture_figures()["max-pooling"].topic
    'pooling'
    """
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        import_module(f"{__package__}.{file.stem}")
    return dict(_figures)


def names() -> list[str]:
    """List the names that `render` takes."""
    return list(lecture_figures())


def lecture_figure(name: str) -> LectureFigure:
    """Find a figure.

    Raises:
        ValueError: no figure has this name.
    """
    known = lecture_figures()
    if name not in known:
        raise unknown("figure", name, known)
    return known[name]
