"""The forms of data that `train` and `evaluate` take, and a look at a few of many images."""

from dataclasses import dataclass, replace

import keras
import numpy as np

SAMPLE = 64  # images that stand for all of them where all would have to be read from disk


@dataclass(frozen=True, eq=False)
class Part:
    """The training images or the validation images.

    Args:
        images: `(N, H, W, C)`, an array, or a sequence that reads its images when they are asked
            for: anything with `len()`, `.shape`, `.dtype` and `images[rows]`.
        labels: `(N, …)`.
        weights: `(N, …)` float, how much each label counts, or `None`.
    """

    images: object
    labels: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self):
        return len(self.labels)

    def sample(self):
        """All images of an array; of images that are read from disk a few, evenly spread."""
        if not streams(self.images):
            return self.images
        rows = np.unique(np.linspace(0, len(self.images) - 1, SAMPLE).astype(int))
        return np.asarray(self.images[rows])

    def centred(self, size):
        """The middle of larger images, `size` high and wide; views, no copies."""
        return replace(self, images=centre(self.images, size))


def streams(images) -> bool:
    """Tell whether images are read from disk when they are asked for."""
    return not isinstance(images, np.ndarray) or isinstance(images, np.memmap)


def centre(maps, size):
    """Cut the middle `(h, w)` out of `(N, H, W, …)`; a view. Of odd rests less at the top."""
    top, left = ((have - want) // 2 for have, want in zip(maps.shape[1:3], size, strict=True))
    return maps[:, top : top + size[0], left : left + size[1]]


def splits(data):
    """Take `(train, validation)` out of data; validation may be `None`.

    Args:
        data: A data set with `.train` and `.validation`, `((images, labels), (images, labels))`,
            or `(images, labels)`. A part may have weights as a third.
    """
    if hasattr(data, "train"):
        parts = [data.train, getattr(data, "validation", None)]
    elif isinstance(data, tuple | list) and len(data) in (2, 3):
        nested = len(data) == 2 and isinstance(data[0], tuple | list)
        parts = list(data) if nested else [data, None]
    else:
        raise TypeError(
            f"data must be a data set with .train and .validation, a pair (images, labels) or a "
            f"pair of such pairs; received {type(data).__name__}."
        )
    return [None if part is None else as_part(part) for part in parts]


def as_part(part) -> Part:
    """Make a part of `(images, labels)` or `(images, labels, weights)`."""
    if not isinstance(part, tuple | list) or len(part) not in (2, 3):
        raise TypeError(
            f"each part of data must be a pair (images, labels), or (images, labels, weights); "
            f"received {type(part).__name__}."
        )
    images, *others = part
    lazy = all(hasattr(images, name) for name in ("shape", "dtype", "__getitem__", "__len__"))
    if not lazy or keras.ops.is_tensor(images):
        images = np.asarray(images)
    return Part(images, *(None if other is None else np.asarray(other) for other in others))
