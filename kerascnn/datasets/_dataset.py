"""What every data set looks like once it is loaded."""

from dataclasses import dataclass

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels in three parts that share no image.

    Each part is a tuple `(images, labels)`: images `(N, H, W, C)` float32 in [0, 1],
    labels `(N,)` integer class indices into `class_names`.

    Args:
        name: What `kerascnn.datasets.load` calls the data set.
        train: The part to learn from.
        validation: The part to choose a model, an epoch or an option with.
        test: The part to report, looked at once.
        class_names: The name of class 0, 1, …
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]

    def __repr__(self):
        sizes = ", ".join(
            f"{len(getattr(self, part)[1]):,} {part}" for part in ("train", "validation", "test")
        )
        shape = "x".join(map(str, self.train[0].shape[1:]))
        return f"<Dataset {self.name!r}: {sizes}; {shape}, {len(self.class_names)} classes>"
