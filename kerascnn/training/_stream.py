"""Data that come in batches: a `tf.data.Dataset`, a `PyDataset` and the like."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kerascnn._processor import in_a_line, is_of_the_backend

if TYPE_CHECKING:
    from ._data import Part

RAISED = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception): .*$", re.MULTILINE)
ENDLESS = -1  # an infinite length in tf.data; an unknown length is -2


def is_stream(data: Any) -> bool:
    """Return whether data are iterated in batches, rather than indexed by rows."""
    plain = isinstance(data, tuple | list | dict | str | bytes) or keras.ops.is_tensor(data)
    return (
        not plain
        and (hasattr(data, "__iter__") or _by_number(data))
        and not (hasattr(data, "shape") and hasattr(data, "dtype"))
    )


def _by_number(data: Any) -> bool:
    return isinstance(data, keras.utils.PyDataset)


class Stream:
    """Batches (images, labels), or with weights as a third, that can be iterated repeatedly.

    Args:
        source: a `tf.data.Dataset` or a `keras.utils.PyDataset` of batches, or another iterable
            that starts from the beginning each time.
        as_part: converts a batch to a `Part`.

    Raises:
        ValueError: For a generator, which can be iterated only once, and for infinite data.
    """

    def __init__(self, source: Any, *, as_part: "Callable[[Any], Part]") -> None:
        name = type(source).__name__
        if isinstance(source, Iterator) and not _by_number(source):  # ImageDataGenerator's are both
            raise ValueError(
                f"data must be batches that can be iterated in each epoch; received a {name}, "
                f"which can be iterated only once: use a keras.utils.PyDataset, or create a "
                f"tf.data.Dataset with tf.data.Dataset.from_generator."
            )
        self.source: Any = source
        self.as_part = as_part
        self.steps = self._length()
        if self.steps == ENDLESS:
            raise ValueError(
                f"data must be finite, since they define an epoch; received an infinite {name}: "
                f"pass data.take(steps), or a PyDataset with a length."
            )

    def _length(self) -> int | None:
        """Return the number of batches in an epoch, or `None` if unknown."""
        if _by_number(self.source):
            length = self.source.num_batches
            return ENDLESS if length is None else length
        if hasattr(self.source, "cardinality"):
            length = int(self.source.cardinality())
            return length if length >= ENDLESS else None
        return len(self.source) if hasattr(self.source, "__len__") else None

    def mapped(self, function: "Callable[[Part], Part]") -> "Stream":
        """Apply a function to each batch."""
        other = Stream(self.source, as_part=lambda batch: function(self.as_part(batch)))
        other.first = function(self.first)
        return other

    @cached_property
    def first(self) -> "Part":
        """The first batch, for checks.

        Raises:
            ValueError: If there is none.
        """
        for part in self.parts():
            return part
        raise ValueError("data must contain at least one batch; received none.")

    def __repr__(self) -> str:
        """Describe the data without reading all of them."""
        arrays = keras.tree.flatten((self.first.images, self.first.labels, self.first.weights))
        inside = ", ".join(
            f"{array.dtype} {tuple(array.shape[1:])}" for array in arrays if array is not None
        )
        length = "an unknown number of" if self.steps is None else self.steps
        return f"{type(self.source).__name__}: {length} batches of {inside}"

    def parts(self, *, epoch: int = 0, seed: int | None = None, first: int = 0) -> "Iterator[Part]":
        """Iterate over the batches of an epoch.

        Args:
            epoch: the epoch, counted from 0.
            seed: seed, with the epoch, of the order of a `PyDataset`'s batches; `None`: their own
                order, in which all other data come.
            first: the batch to begin with.
        """
        if _by_number(self.source):
            batches = self._numbered(epoch, seed, first)
        elif hasattr(self.source, "as_numpy_iterator"):
            batches = _readable(self.source.skip(first).as_numpy_iterator())
        else:
            batches = islice(self.source, first, None)
        for batch in batches:
            part = self.as_part(batch)
            if len(part):
                yield part

    def _numbered(self, epoch: int, seed: int | None, first: int) -> Iterator[Any]:
        source = self.source
        source.on_epoch_begin()
        order = np.arange(source.num_batches)
        if seed is not None:
            order = np.random.default_rng((seed, epoch)).permutation(order)
        yield from _ahead(source.__getitem__, order[first:].tolist(), max(source.workers, 1))
        source.on_epoch_end()


def _readable(batches: Iterable) -> Iterator[Any]:
    """Raise what went wrong in a `tf.data.Dataset` in one line; TensorFlow adds many."""
    iterator = iter(batches)
    while True:
        try:
            batch = next(iterator)
        except StopIteration:
            return
        except Exception as error:
            if not is_of_the_backend(error):
                raise
            raised = RAISED.findall(str(error))  # by the user's function
            said = in_a_line(error).removesuffix("[[]]").strip()
            reason = raised[-1] if raised else f"{type(error).__name__}: {said}"
            raise ValueError(
                f"data must be batches that can be read; reading them raised {reason:.300}."
            ) from error
        yield batch


def _ahead(function: Callable, arguments: Iterable, workers: int) -> Iterator[Any]:
    """Yield results in order, and compute some of them ahead, in threads."""
    if workers == 1:
        yield from map(function, arguments)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        for argument in arguments:
            waiting.append(pool.submit(function, argument))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
