"""Progress bar and outcome of commands that draw figures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from ._main import libraries_quiet

if TYPE_CHECKING:
    from kerascnn.figures import LectureFigure


@contextmanager
def bar_of(count: int) -> Iterator[Callable[[LectureFigure], None]]:
    """Yield a function to call with each figure before it is drawn, which moves a progress bar.

    If a figure needs TensorFlow, its terminal output is suppressed until it has started.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=count)
    with ExitStack() as hush:
        hush.enter_context(libraries_quiet())
        hush.callback(bar.stop)

        def show(one: LectureFigure) -> None:
            if "keras" in sys.modules:
                hush.pop_all().close()
            if bar.live.is_started:
                bar.advance(task)
            bar.start()
            bar.update(task, description=one.name)

        yield show
    bar.stop()


def end(count: int, failed: Mapping[str, Exception], written: object) -> None:
    """Print what was drawn and what failed; exit with status 1 if a figure failed."""
    drawn = f"{count - len(failed)} of " * bool(failed) + f"{count} figure{'s' * (count != 1)}"
    click.echo(f"{drawn}: {written}")
    for name, error in failed.items():
        line = " ".join(str(error).split())
        click.echo(f"Error: figure {name!r} was not drawn: {line}", err=True)
    if failed:
        sys.exit(1)
