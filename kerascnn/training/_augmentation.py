"""Random changes of the training images, as in the papers, independent for each image."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from kerascnn._checks import check_count, check_number, check_pair
from kerascnn._processor import in_a_line

from ._data import Part
from ._recipes import Augmentation
from ._run_config import name_of

SHARE = 16  # 224 of 256 pixels leave 16 on each side, a sixteenth (Krizhevsky 2012, Section 4.1)
PIXELS = 1_000_000  # number of pixels for the principal components of the colors


def changed_by(augment: Callable, images: Any, **options: Any) -> Any:
    """Augment a batch.

    Raises:
        ValueError: If this fails, or does not return a batch.
    """
    try:
        changed = augment(images, **options)
    except Exception as error:
        raise ValueError(
            f"augment must change a batch of images; {name_of(augment)!r} raised "
            f"{type(error).__name__}: {in_a_line(error):.200}."
        ) from error
    if not (hasattr(changed, "shape") and hasattr(changed, "dtype")):
        received = "None" if changed is None else f"a {type(changed).__name__}"
        raise ValueError(
            f"augment must return images (N, H, W, C), changed or not; received {received} from "
            f"{name_of(augment)!r}."
        )
    return changed


@keras.saving.register_keras_serializable(package="kerascnn")
class PadCropFlip(keras.Layer):
    """Crop a random window from each image, and mirror half of them.

    "4 pixels are padded on each side, and a 32x32 crop is randomly sampled from the padded image
    or its horizontal flip" (He 2015, arXiv:1512.03385, Section 4.2); with `size` and no padding
    the "random 224x224 patches (and their horizontal reflections)" of Krizhevsky 2012, Section
    4.1. Each image of a batch has its own window; Keras's RandomCrop uses the same for all.

    Input: `(N, H, W, C)` float. Output: `(N, *size, C)`.

    Args:
        padding: Zeros on each side, in pixels.
        flip: Whether to mirror half of the images left to right.
        seed: Random seed, a non-negative integer.
        size: (height, width) of the window. If `None`, that of the image.

    Raises:
        ValueError: If a number is out of range.

    >>> import numpy as np
    >>> PadCropFlip(padding=1)(np.ones((5, 8, 8, 3), "float32"), training=True).shape
    TensorShape([5, 8, 8, 3])
    """

    def __init__(
        self,
        padding: int = 4,
        flip: bool = True,
        seed: int = 0,
        size: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.padding = check_count("padding", padding, 0)
        self.flip = flip
        self.seed = check_count("seed", seed, 0)
        self.size = None if size is None else check_pair("size", size)
        self.random = keras.random.SeedGenerator(self.seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Change a batch; in inference mode, only crop larger images to the middle."""
        p = self.padding
        height, width = self.size or images.shape[1:3]
        if not training:
            top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
            return images[:, top : top + height, left : left + width]
        count = ops.shape(images)[0]
        images = ops.pad(images, [[0, 0], [p, p], [p, p], [0, 0]])
        rows = self._places(count, images.shape[1] - height + 1) + ops.arange(height)
        columns = self._places(count, images.shape[2] - width + 1) + ops.arange(width)
        if self.flip:
            mirrored = self._places(count, 2) == 1
            columns = ops.where(mirrored, ops.flip(columns, axis=1), columns)
        images = ops.take_along_axis(images, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(images, columns[:, None, :, None], axis=2)

    def _places(self, count: int, choices: int) -> Any:
        """Draw an integer for each image, (N, 1)."""
        draw = keras.random.uniform((count, 1), 0, choices, seed=self.random)
        return ops.minimum(ops.cast(draw, "int32"), choices - 1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape with the size of the window."""
        return (input_shape[0], *(self.size or input_shape[1:3]), input_shape[3])

    def get_config(self) -> dict:
        """Return the arguments that create the same layer."""
        more = {name: getattr(self, name) for name in ("padding", "flip", "seed", "size")}
        return {**super().get_config(), **more}


@keras.saving.register_keras_serializable(package="kerascnn")
class PrincipalColors(keras.Layer):
    """Shift the colors of each image along the principal components of all pixels.

    [p1, p2, p3] [a1 λ1, a2 λ2, a3 λ3]ᵀ is added to each pixel, where p and λ are the eigenvectors
    and eigenvalues of the covariance matrix of the pixels' colors, and each a is drawn once per
    image from a Gaussian of mean 0 (Krizhevsky 2012, Section 4.1).

    Input and output: `(N, H, W, C)` float in the range of the images that the eigenvalues were
    computed from; the output may leave that range. `PrincipalColors.of(images)` computes them.

    Args:
        values: λ, C numbers.
        vectors: p as columns, C x C numbers.
        deviation: Standard deviation of each a.
        seed: Random seed, a non-negative integer.

    Raises:
        ValueError: If a number is out of range.

    >>> import numpy as np
    >>> gray = np.linspace(0, 1, 8).reshape(2, 2, 2, 1) * np.ones(3)
    >>> layer = PrincipalColors.of(gray)  # one component: equal shifts of all channels
    >>> bool(np.ptp(layer(gray, training=True) - gray, axis=-1).max() < 1e-6)
    True
    """

    def __init__(
        self,
        values: npt.ArrayLike,
        vectors: npt.ArrayLike,
        deviation: float = 0.1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.values = np.asarray(values, "float32")
        self.vectors = np.asarray(vectors, "float32")
        # "mean zero and standard deviation 0.1"
        self.deviation = check_number("deviation", deviation)
        self.seed = check_count("seed", seed, 0)
        self.random = keras.random.SeedGenerator(self.seed)

    @classmethod
    def of(cls, images: npt.ArrayLike, **options: Any) -> "PrincipalColors":
        """Create the layer for images `(N, H, W, C)`, from at most a million of their pixels."""
        images = np.asarray(images)
        images = images[:: -(-images[..., 0].size // PIXELS)]
        pixels = images.reshape(-1, images.shape[-1]).astype("float64")
        values, vectors = np.linalg.eigh(np.cov(pixels, rowvar=False).reshape(2 * pixels.shape[1:]))
        return cls(values, vectors, **options)

    def call(self, images: Any, training: bool = False) -> Any:
        """Change a batch; in inference mode, return it as it is."""
        if not training:
            return images
        shape = (ops.shape(images)[0], len(self.values))
        a = keras.random.normal(shape, 0, self.deviation, seed=self.random)
        shift = ops.matmul(a * self.values, self.vectors.T)
        return images + ops.cast(shift[:, None, None, :], images.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the same shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return the arguments that create the same layer."""
        numbers = {"values": self.values.tolist(), "vectors": self.vectors.tolist()}
        more = {"deviation": self.deviation, "seed": self.seed}
        return {**super().get_config(), **numbers, **more}


def named(name: Augmentation, part: Part, size: tuple) -> keras.Layer | None:
    """Create the augmentation of a recipe.

    Args:
        name: one of `AUGMENTATIONS` in _recipes.py.
        part: the training images.
        size: (height, width) of the model's input.
    """
    if name == "none":
        return None
    have = part.images.shape[1:3]
    if name == "pad_crop_flip":
        return PadCropFlip(padding=4)
    if have != size:
        crop = PadCropFlip(padding=0, size=size)
    else:
        crop = PadCropFlip(padding=max(1, max(size) // SHARE))
    if name == "crop_flip":
        return crop
    return keras.Sequential([crop, PrincipalColors.of(part.sample())])
