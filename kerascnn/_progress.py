"""A progress bar for what takes longer than two seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE = 2.0  # seconds without a bar

_counting = ContextVar("counting", default=False)


@contextmanager
def progress(description: str, total: int, verbose: bool | str = "auto") -> Iterator[Callable]:
    """Count steps, and show how many are done once it takes longer than two seconds.

    What is counted within other steps is not shown: the bars would write over each other.

    Args:
        description: what is being done, in a word or two.
        total: how many steps there will be.
        verbose: `True` shows a bar, `False` none, `"auto"` one on a terminal or in a notebook.

    Yields:
        A function to call after each step: `advance()`, or `advance(steps)`.

    Raises:
        ValueError: another `verbose`.

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
