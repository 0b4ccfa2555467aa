"""What every data set looks like once it is loaded."""

from dataclasses import dataclass

import numpy as np

from ._image_files import ImageFiles

Split = tuple[np.ndarray | ImageFiles, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels in three parts that share no image.

    Each part is a tuple `(images, labels)`. Images are `(N, H, W, C)` float32 in [0, 1]: an array,
    or `ImageFiles`, which are read when they are asked for. Labels are, by what is to be learnt:

    - classification: `(N,)` integer class indices into `class_names`;
    - segmentation: `(N, H, W)` integer, a class index for each pixel;
    - detection: `(N, M, 5)` float32, a row `class, x, y, width, height` for each of at most M
      objects: the class as a number, the centre and the size of the box in image sizes. Rows that
      hold no object are last, with class -1.

    Args:
        name: What `kerascnn.datasets.load` calls the data set, or the folder that it comes from.
        train: The part to learn from.
        validation: The part to choose a model, an epoch or an option with; `None`: there is none.
        test: The part to report, looked at once; `None`: there is none.
        class_names: The name of class 0, 1, …
    """

    name: str
    train: Split
    validation: Split | None
    test: Split | None
    class_names: tuple[str, ...]

    def __repr__(self):
        sizes = ", ".join(
            f"{len(getattr(self, part)[1]):,} {part}"
            for part in ("train", "validation", "test")
            if getattr(self, part) is not None
        )
        images, labels = self.train
        shape = _times(images.shape[1:])
        if labels.ndim > 1:
            shape += f", labels {_times(labels.shape[1:])}"
        return f"<Dataset {self.name!r}: {sizes}; {shape}, {len(self.class_names)} classes>"


def _times(shape):
    return "x".join(map(str, shape))
