"""Drawing of figures in several processes, each with its own cache."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ._registry import LectureFigure

ALONE = ("generated_images",)  # topics whose figures take tens of seconds each and share little
# Figures and topics to start with: VGG19, whose memory is then reused, and the slowest ones.
FIRST = (
    "vgg16-beside-alexnet", "architectures", *ALONE, "explanations", "filters_and_activations",
)  # fmt: skip
POLL = 0.1  # seconds

_started: Any = None  # in a worker: queue of the names of the figures that it has started


def drawn_by(
    workers: int,
    chosen: list[LectureFigure],
    draw: Callable[[str], list],
    progress: Callable[[LectureFigure], None],
) -> Iterator[tuple[str, list, Exception | None]]:
    """Draw figures in several processes.

    Args:
        workers: number of processes.
        chosen: the figures.
        draw: function that draws a figure by name and returns the files written; it must be
            picklable.
        progress: function to call with each figure when it is started.

    Yields:
        For each figure, its name, the files written, and the error if it failed.
    """
    context = get_context("spawn")  # TensorFlow does not survive a fork
    queue = context.SimpleQueue()
    by_name = {one.name: one for one in chosen}
    pool = ProcessPoolExecutor(workers, context, _start, (queue,))
    try:
        waiting = {pool.submit(_draw_all, group, draw): group for group in _groups(chosen)}
        pending = set(waiting)
        while pending:
            done, pending = wait(pending, timeout=POLL)
            while not queue.empty():
                progress(by_name[queue.get()])
            for future in done:
                yield from _results(future, waiting[future])
    finally:
        pool.shutdown(cancel_futures=True)


def _groups(chosen: list[LectureFigure]) -> list[list[str]]:
    """Divide figures into groups that share networks and data, in the order of `FIRST`."""
    groups: dict[Any, list[str]] = {}

    def place(one: LectureFigure) -> int:
        known = [FIRST.index(each) for each in (one.name, one.topic) if each in FIRST]
        return min(known, default=len(FIRST))

    for one in sorted(chosen, key=place):
        groups.setdefault(one.name if one.topic in ALONE else one.topic, []).append(one.name)
    return list(groups.values())


def _results(future: Future, group: list[str]) -> Iterator[tuple[str, list, Exception | None]]:
    try:
        results, told = future.result()
    except BrokenProcessPool:
        error = RuntimeError("its process was stopped, possibly because of a lack of memory.")
        results, told = [(name, [], error) for name in group], []
    for words, category in told:
        warnings.warn(words, category, stacklevel=2)
    yield from results


def _start(queue: Any) -> None:
    """Prepare a worker, suppressing the terminal output of TensorFlow's libraries."""
    global _started
    _started = queue
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _draw_all(group: list[str], draw: Callable[[str], list]) -> tuple[list, list]:
    results = []
    with warnings.catch_warnings(record=True) as told:
        for name in group:
            _started.put(name)
            try:
                results.append((name, draw(name), None))
            except Exception as error:  # one broken figure must not stop the others
                results.append((name, [], _portable(error)))
    return results, [(str(one.message), one.category) for one in told]


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(str(error))
    return error
