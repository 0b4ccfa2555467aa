"""A progress bar for computations that take longer than two seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE = 2.0  # seconds without a bar

_counting = ContextVar("counting", default=False)


@contextmanager
def progress(
    description: str, total: int | None, verbose: bool | str = "auto"
) -> Iterator[Callable]:
    """Show a progress bar if the steps take longer than two seconds.

    Nested bars are not shown, since they would overwrite each other.

    Args:
        description: label of the bar, a word or two.
        total: number of steps; `None`: unknown.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Yields:
        A function to call after each step: `advance()`, or `advance(steps)`.

    Raises:
        ValueError: If `verbose` is not True, False or "auto".

    >>> with progress("counting", 3, verbose=False) as advance:
    ...     for i in range(3):
    ...         advance()
    """
    if verbose not in (True, False, "auto"):
        raise ValueError(f"verbose must be True, False or 'auto'; received {verbose!r}.")
    if verbose == "auto":
        verbose = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not verbose or _counting.get():
        yield lambda steps=1: None
        return

    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    task = bar.add_task(description, total=total)
    start = time.monotonic()

    def advance(steps: int = 1) -> None:
        bar.advance(task, steps)
        if not bar.live.is_started and time.monotonic() - start > PATIENCE:
            bar.start()

    outer = _counting.set(True)
    try:
        yield advance
    finally:
        _counting.reset(outer)
        if bar.live.is_started:
            bar.stop()
