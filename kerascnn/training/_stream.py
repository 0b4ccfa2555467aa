"""Data that come in batches, one after another: a `tf.data.Dataset`, a `PyDataset` and the like."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice

import keras
import numpy as np

ENDLESS = -1  # what tf.data calls a length without end; a length that it does not know is -2


def is_stream(data) -> bool:
    """Tell whether something gives batches one after another, rather than images by their rows."""
    plain = isinstance(data, tuple | list | dict | str | bytes) or keras.ops.is_tensor(data)
    return (
        not plain
        and (hasattr(data, "__iter__") or _by_number(data))
        and not (hasattr(data, "shape") and hasattr(data, "dtype"))
    )


def _by_number(data):
    return isinstance(data, keras.utils.PyDataset)


class Stream:
    """Batches `(images, labels)`, or with weights as a third, as often as they are asked for.

    Args:
        source: A `tf.data.Dataset` or a `keras.utils.PyDataset` of batches, or anything else that
            gives them anew each time it is iterated over.
        as_part: Makes a `Part` of a batch.

    Raises:
        ValueError: A generator, which can be gone through once only; batches without end.
    """

    def __init__(self, source, *, as_part):
        name = type(source).__name__
        if isinstance(source, Iterator):
            raise ValueError(
                f"data must be batches that can be gone through in each epoch; received a {name}, "
                f"which can be once: make a keras.utils.PyDataset of it, or a tf.data.Dataset by "
                f"tf.data.Dataset.from_generator."
            )
        self.source = source
        self.as_part = as_part
        self.steps = self._length()
        if self.steps == ENDLESS:
            raise ValueError(
                f"data must come to an end, where the epoch ends; received a {name} without one: "
                f"give data.take(steps), or a PyDataset with a length."
            )

    def _length(self):
        """The batches of an epoch; `None`: not known."""
        if _by_number(self.source):
            length = self.source.num_batches
            return ENDLESS if length is None else length
        if hasattr(self.source, "cardinality"):
            length = int(self.source.cardinality())
            return length if length >= ENDLESS else None
        return len(self.source) if hasattr(self.source, "__len__") else None

    def mapped(self, function):
        """The same batches, each changed by a function from a `Part` to a `Part`."""
        other = Stream(self.source, as_part=lambda batch: function(self.as_part(batch)))
        other.first = function(self.first)
        return other

    @cached_property
    def first(self):
        """A first batch, as a `Part`, to look at.

        Raises:
            ValueError: There is none.
        """
        for part in self.parts():
            return part
        raise ValueError("data must hold at least one batch; received none.")

    def __repr__(self):
        """What tells the data from others without reading them."""
        arrays = keras.tree.flatten((self.first.images, self.first.labels, self.first.weights))
        inside = ", ".join(
            f"{array.dtype} {tuple(array.shape[1:])}" for array in arrays if array is not None
        )
        length = "an unknown number of" if self.steps is None else self.steps
        return f"{type(self.source).__name__}: {length} batches of {inside}"

    def parts(self, *, epoch=0, seed=None, first=0):
        """The batches of an epoch, as `Part`s.

        Args:
            epoch: From 0 on.
            seed: Of the order of a `PyDataset`'s batches, with the epoch; `None`: as they come.
                All others come in their own order.
            first: The batch to begin with.
        """
        if _by_number(self.source):
            batches = self._numbered(epoch, seed, first)
        elif hasattr(self.source, "as_numpy_iterator"):
            batches = self.source.skip(first).as_numpy_iterator()
        else:
            batches = islice(self.source, first, None)
        for batch in batches:
            part = self.as_part(batch)
            if len(part):
                yield part

    def _numbered(self, epoch, seed, first):
        source = self.source
        source.on_epoch_begin()
        order = np.arange(source.num_batches)
        if seed is not None:
            order = np.random.default_rng((seed, epoch)).permutation(order)
        yield from _ahead(source.__getitem__, order[first:].tolist(), max(source.workers, 1))
        source.on_epoch_end()


def _ahead(function, arguments, workers):
    """Results in order, some of them computed at the same time and ahead."""
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
