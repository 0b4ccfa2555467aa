"""The forms of data that `train` and `evaluate` accept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Literal

import keras
import numpy as np

from kerascnn._checks import check_range
from kerascnn._errors import warn

from ._recipes import Recipe
from ._stream import Stream, is_stream

SAMPLE = 64  # images that are looked at if reading all of them from disk would take long

Data = Any  # see the docstring of `train`
InputRange = tuple[float, float] | Literal["auto"] | None
Labels = Any  # an array, or a dict of arrays by the name or index of an output


@dataclass(frozen=True, eq=False)
class Part:
    """Images with their labels, for training or validation.

    Attributes:
        images: (N, H, W, C), an array, or a sequence that reads its images on demand: anything
            with `len()`, `.shape`, `.dtype` and `images[rows]`.
        labels: (N, …); a dict if outputs have labels of their own.
        weights: (N, …) float, the weight of each label, a dict, or `None`.
    """

    images: Any
    labels: Labels
    weights: Labels = None

    def __len__(self) -> int:
        return len(self.images)

    def sample(self) -> np.ndarray:
        """Return all images of an array, or a few images on disk, evenly spread."""
        if not reads_on_demand(self.images):
            return self.images
        rows = np.unique(np.linspace(0, len(self.images) - 1, SAMPLE).astype(int))
        return np.asarray(self.images[rows])

    def centered(self, size: tuple[int, int]) -> "Part":
        """Crop images to their middle, as views, and labels and weights of their pixels."""
        whole = self.images.shape[1:3]

        def cropped(array: np.ndarray | None) -> np.ndarray | None:
            if array is None or array.shape[1:3] != whole:
                return array
            return center(array, size)

        parts = self.images, self.labels, self.weights
        return Part(*keras.tree.map_structure(cropped, parts))

    def cut(self, count: int) -> "Part":
        """Take the first few images."""
        part = lambda array: None if array is None else array[:count]  # noqa: E731
        return Part(*keras.tree.map_structure(part, (self.images, self.labels, self.weights)))

    def of_outputs(self) -> "dict[str | int | None, Part]":
        """Return a part for each output with labels of its own, by name; else {None: this part}.

        Weights that are not a dict apply to all outputs.
        """
        if not isinstance(self.labels, dict):
            return {None: self}
        own = self.weights if isinstance(self.weights, dict) else None
        return {
            name: Part(self.images, labels, self.weights if own is None else own.get(name))
            for name, labels in self.labels.items()
        }


def range_of(
    given: InputRange, data: Data, *parts: "Part | Stream | None"
) -> tuple[float, float] | None:
    """Return the range of the images: as given, or that in which they were read, or [0, 1].

    Args:
        given: the argument `input_range` of `train` or `evaluate`.
        data: the data; a data set from `from_directory` records how it was read.
        parts: the parts of the data that are used.

    Raises:
        ValueError: If the images were read in another range than given, or in different ones.
    """
    found = [(getattr(data, "reading", None) or {}).get("input_range")]
    found += [getattr(part.images, "input_range", None) for part in parts if isinstance(part, Part)]
    read = sorted({check_range("input_range", one) for one in found if one is not None})
    if len(read) > 1:
        raise ValueError(
            f"data must be read in one input_range; received {' and '.join(map(str, read))}."
        )
    if given is None:
        return None
    if isinstance(given, str):
        if given != "auto":
            raise ValueError(
                f"input_range must be 'auto', None or two numbers, such as (0, 255); "
                f"received {given!r}."
            )
        return read[0] if read else (0.0, 1.0)
    wanted = check_range("input_range", given)
    if read and wanted != read[0]:
        raise ValueError(
            f"input_range must be {read[0]}, in which the images were read; received {wanted}. "
            f"Leave it out, or read the images with from_directory(..., input_range={wanted})."
        )
    return wanted


def reads_on_demand(images: Any) -> bool:
    """Return whether images are read from disk when they are indexed."""
    return not isinstance(images, np.ndarray) or isinstance(images, np.memmap)


def center(maps: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Crop (N, H, W, …) to the middle (h, w), as a view; an odd rest is larger at the bottom."""
    top, left = ((have - want) // 2 for have, want in zip(maps.shape[1:3], size, strict=True))
    return maps[:, top : top + size[0], left : left + size[1]]


def splits(data: Data, *, outputs: int = 1) -> "tuple[Part | Stream, Part | Stream | None]":
    """Return the training part and the validation part of data; the latter may be `None`.

    Args:
        data: a data set with `.train` and `.validation`, ((images, labels), (images, labels)), or
            (images, labels). A part may have weights as a third, or be a stream of batches.
        outputs: number of outputs of the model, which a list of labels may be for.

    Raises:
        TypeError: If the data have another form.
    """
    if hasattr(data, "train"):
        parts = [data.train, getattr(data, "validation", None)]
    elif is_stream(data) or _are_lists(data):
        parts = [data, None]
    elif isinstance(data, tuple | list) and len(data) in (2, 3):
        nested = isinstance(data[0], tuple | list) or is_stream(data[0])
        pairs = isinstance(data[0], tuple) or (isinstance(data[0], list) and len(data) == 2)
        if pairs and isinstance(data, list):
            raise TypeError(
                f"data must be a tuple (train, validation) or one part (images, labels); received "
                f"a list of {len(data)}, which may be batches: pass a tuple, or, for batches, a "
                f"tf.data.Dataset."
            )
        parts = list(data) if nested and len(data) == 2 else [data, None]
    else:
        raise TypeError(
            f"data must be a data set with .train and .validation, a pair (images, labels), a "
            f"tf.data.Dataset or PyDataset of batches, or a tuple of two such parts; "
            f"received {_in_words(data)}."
        )
    fit, validation = parts
    if validation is not None:
        validation = as_part(validation, outputs=outputs)
    return as_part(fit, outputs=outputs), validation


def _are_lists(data: Any) -> bool:
    """Return whether data are a list of images and their labels, rather than two parts."""
    if not (isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], list)):
        return False
    images, labels = data
    if not isinstance(labels, tuple | list):
        return hasattr(labels, "shape")
    scalars = all(np.isscalar(one) or getattr(one, "shape", None) == () for one in labels)
    return scalars or len(images) not in (2, 3)


def as_part(part: Data, *, outputs: int = 1) -> "Part | Stream":
    """Convert (images, labels), (images, labels, weights) or a stream of batches to a part.

    Args:
        part: the data.
        outputs: number of outputs of the model, which a list of labels may be for.

    Raises:
        TypeError: If the data have another form.
    """
    if is_stream(part):
        return Stream(part, as_part=lambda batch: _as_part(batch, outputs))
    return _as_part(part, outputs)


def _as_part(part: Any, outputs: int) -> Part:
    if not isinstance(part, tuple | list) or len(part) not in (2, 3):
        raise TypeError(
            f"each part of data must be a pair (images, labels), or (images, labels, weights); "
            f"received {_in_words(part)}."
        )
    images: Any
    images, labels, weights = (*part, None)[:3]
    if isinstance(images, dict) or is_stream(images):
        raise TypeError(
            f"images must be one array (N, H, W, C) or a sequence that reads it from disk; "
            f"received {_in_words(images)}."
        )
    lazy = all(hasattr(images, name) for name in ("shape", "dtype", "__getitem__", "__len__"))
    if not lazy or keras.ops.is_tensor(images):
        images = _stacked(images)
    labels, weights = (arrays(each, len(images), outputs) for each in (labels, weights))
    return Part(images, labels, weights)


def _stacked(images: Any) -> np.ndarray:
    try:
        return np.asarray(images)
    except ValueError:
        shapes = dict.fromkeys(str(tuple(getattr(one, "shape", ()))) for one in images)
        raise ValueError(
            f"images must be of one size, (N, H, W, C); received {len(images)} arrays of the "
            f"shapes {', '.join([*shapes][:3])}: resize or crop them first."
        ) from None


def arrays(given: Any, count: int, outputs: int) -> Labels:
    """Convert labels or weights to an array, or to a dict by the name or index of an output."""
    if isinstance(given, dict) and len(given) == outputs == 1:
        (given,) = given.values()
    if isinstance(given, dict):
        return {name: np.asarray(each) for name, each in given.items() if each is not None}
    if isinstance(given, tuple | list) and len(given) == outputs > 1:
        several = {i: np.asarray(each) for i, each in enumerate(given) if each is not None}
        if several and all(array.ndim and len(array) == count for array in several.values()):
            return several
    return None if given is None else np.asarray(given)


def weighted(part: "Part | Stream", sample_weight: Labels) -> "Part | Stream":
    """Add the weights that were given as an argument.

    Raises:
        ValueError: If the data already have weights, or come in batches.
    """
    if sample_weight is None:
        return part
    if isinstance(part, Stream):
        raise ValueError(
            "sample_weight must be None for data that come in batches: let each batch be "
            "(images, labels, weights)."
        )
    if part.weights is not None:
        raise ValueError(
            "sample_weight must be None for data that have weights, (images, labels, weights): "
            "pass one of the two."
        )
    several = isinstance(sample_weight, dict | list | tuple) and isinstance(part.labels, dict)
    outputs = len(part.labels) if several else 1
    return replace(part, weights=arrays(sample_weight, len(part), outputs))


def with_batches_within(part: Part, plan: Recipe, batch_size: int | None) -> Recipe:
    """Reduce the batch size, given or of a recipe, to the number of images, with a warning."""
    if not 0 < len(part) < plan.batch_size:
        return plan
    origin = f" as in the recipe {plan.name!r}" * (batch_size is None)
    warn(
        f"batch_size is {len(part)}, the number of training images, instead of {plan.batch_size}"
        f"{origin}; a smaller one takes more steps per epoch."
    )
    return replace(plan, batch_size=len(part))


def with_batches_of(stream: Stream, plan: Recipe, batch_size: int | None) -> Recipe:
    """Give a recipe the batch size of a stream.

    Raises:
        ValueError: If another batch size was asked for.
    """
    own = len(stream.first)
    if batch_size not in (None, own):
        raise ValueError(
            f"batch_size must be None for data that come in batches, here of {own} images; "
            f"received {batch_size}."
        )
    return replace(plan, batch_size=own)


def _in_words(thing: object) -> str:
    if isinstance(thing, dict):
        keys = ", ".join(map(repr, thing))
        return f"a dict of {keys}: convert it to a pair, such as (item['image'], item['label'])"
    if isinstance(thing, str | PathLike):
        return (
            f"{str(thing)!r}: read a folder of images with kerascnn.datasets.from_directory("
            f"{str(thing)!r}, image_size=(height, width)), a data set with kerascnn.datasets.load"
        )
    parts = [name for name in ("train", "validation", "test") if hasattr(thing, name)]
    hint = f", which has parts: pass its .{' or .'.join(parts)}" if parts else ""
    return type(thing).__name__ + hint
