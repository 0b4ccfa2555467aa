"""The forms of data that `train` and `evaluate` take, and a look at a few of many images."""

from dataclasses import dataclass, replace
from os import PathLike

import keras
import numpy as np

from ._stream import Stream, is_stream

SAMPLE = 64  # images that stand for all of them where all would have to be read from disk


@dataclass(frozen=True, eq=False)
class Part:
    """The training images or the validation images.

    Args:
        images: `(N, H, W, C)`, an array, or a sequence that reads its images when they are asked
            for: anything with `len()`, `.shape`, `.dtype` and `images[rows]`.
        labels: `(N, …)`; a dict of them where outputs have labels of their own.
        weights: `(N, …)` float, how much each label counts, a dict of them, or `None`.
    """

    images: object
    labels: np.ndarray | dict
    weights: np.ndarray | dict | None = None

    def __len__(self):
        return len(self.images)

    def sample(self):
        """All images of an array; of images that are read from disk a few, evenly spread."""
        if not streams(self.images):
            return self.images
        rows = np.unique(np.linspace(0, len(self.images) - 1, SAMPLE).astype(int))
        return np.asarray(self.images[rows])

    def centred(self, size):
        """The middle of larger images, `size` high and wide; views, no copies."""
        return replace(self, images=centre(self.images, size))

    def cut(self, count):
        """The first so many images."""
        part = lambda array: None if array is None else array[:count]  # noqa: E731
        return Part(*keras.tree.map_structure(part, (self.images, self.labels, self.weights)))

    def of_outputs(self) -> dict:
        """A part for each output with labels of its own, by its name; else this one, as `None`.

        Weights that are not a dict are those of all.
        """
        if not isinstance(self.labels, dict):
            return {None: self}
        own = self.weights if isinstance(self.weights, dict) else None
        return {
            name: Part(self.images, labels, self.weights if own is None else own.get(name))
            for name, labels in self.labels.items()
        }


def streams(images) -> bool:
    """Tell whether images are read from disk when they are asked for."""
    return not isinstance(images, np.ndarray) or isinstance(images, np.memmap)


def centre(maps, size):
    """Cut the middle `(h, w)` out of `(N, H, W, …)`; a view. Of odd rests less at the top."""
    top, left = ((have - want) // 2 for have, want in zip(maps.shape[1:3], size, strict=True))
    return maps[:, top : top + size[0], left : left + size[1]]


def splits(data, *, outputs=1):
    """Take `(train, validation)` out of data; validation may be `None`.

    Args:
        data: A data set with `.train` and `.validation`, `((images, labels), (images, labels))`,
            or `(images, labels)`. A part may have weights as a third, or be a stream of batches.
        outputs: How many outputs the model has, which a list of labels may be for.
    """
    if hasattr(data, "train"):
        parts = [data.train, getattr(data, "validation", None)]
    elif is_stream(data):
        parts = [data, None]
    elif isinstance(data, tuple | list) and len(data) in (2, 3):
        nested = len(data) == 2 and (isinstance(data[0], tuple | list) or is_stream(data[0]))
        parts = list(data) if nested else [data, None]
    else:
        raise TypeError(
            f"data must be a data set with .train and .validation, a pair (images, labels), a "
            f"tf.data.Dataset or PyDataset of batches, or a pair of such parts; "
            f"received {_in_words(data)}."
        )
    return [None if part is None else as_part(part, outputs=outputs) for part in parts]


def as_part(part, *, outputs=1) -> "Part | Stream":
    """Make a part of `(images, labels)` or `(images, labels, weights)`, or of a stream of batches.

    Args:
        part: What was given.
        outputs: How many outputs the model has, which a list of labels may be for.
    """
    if is_stream(part):
        return Stream(part, as_part=lambda batch: as_part(batch, outputs=outputs))
    if not isinstance(part, tuple | list) or len(part) not in (2, 3):
        raise TypeError(
            f"each part of data must be a pair (images, labels), or (images, labels, weights); "
            f"received {_in_words(part)}."
        )
    images, labels, weights = (*part, None)[:3]
    if isinstance(images, dict) or is_stream(images):
        raise TypeError(
            f"images must be one array (N, H, W, C) or a sequence that reads it from disk; "
            f"received {_in_words(images)}."
        )
    lazy = all(hasattr(images, name) for name in ("shape", "dtype", "__getitem__", "__len__"))
    if not lazy or keras.ops.is_tensor(images):
        images = np.asarray(images)
    labels, weights = (arrays(each, len(images), outputs) for each in (labels, weights))
    return Part(images, labels, weights)


def arrays(given, count, outputs):
    """Make labels, or weights, an array, or a dict by the names or numbers of several outputs."""
    if isinstance(given, dict) and len(given) == outputs == 1:
        (given,) = given.values()
    if isinstance(given, dict):
        return {name: np.asarray(each) for name, each in given.items()}
    if isinstance(given, tuple | list) and len(given) == outputs > 1:
        arrays = [np.asarray(each) for each in given]
        if all(array.ndim and len(array) == count for array in arrays):
            return dict(enumerate(arrays))
    return None if given is None else np.asarray(given)


def weighted(part, sample_weight):
    """A part with the weights that were given beside it."""
    if sample_weight is None:
        return part
    if isinstance(part, Stream):
        raise ValueError(
            "sample_weight must be None for data that come in batches: have them give "
            "(images, labels, weights)."
        )
    if part.weights is not None:
        raise ValueError(
            "sample_weight must be None for data that have weights, (images, labels, weights): "
            "give one of the two."
        )
    several = isinstance(sample_weight, dict | list | tuple) and isinstance(part.labels, dict)
    outputs = len(part.labels) if several else 1
    return replace(part, weights=arrays(sample_weight, len(part), outputs))


def with_batches_of(stream, plan, batch_size):
    """A recipe with the batch size that a stream has already."""
    own = len(stream.first)
    if batch_size not in (None, own):
        raise ValueError(
            f"batch_size must be None for data that come in batches, here of {own}; "
            f"received {batch_size}."
        )
    return replace(plan, batch_size=own)


def _in_words(thing):
    if isinstance(thing, dict):
        keys = ", ".join(map(repr, thing))
        return f"a dict of {keys}: make a pair of it first, such as (item['image'], item['label'])"
    if isinstance(thing, str | PathLike):
        return (
            f"{str(thing)!r}: read a folder of pictures by kerascnn.datasets.from_directory("
            f"{str(thing)!r}, image_size=(height, width)), a named set by kerascnn.datasets.load"
        )
    parts = [name for name in ("train", "validation", "test") if hasattr(thing, name)]
    hint = f", which has parts: give its .{' or .'.join(parts)}" if parts else ""
    return type(thing).__name__ + hint
