"""Small random transformations of an image before each step, for robustness."""

from dataclasses import dataclass, replace

import numpy as np
from keras import ops

from kerascnn._checks import check_count, check_number
from kerascnn._graph import Tensor

from .regularizers import GRAY


@dataclass(frozen=True)
class Moves:
    """Limits of the random transformation of an image before each step.

    The transformation suppresses patterns that depend on individual pixels (Olah et al. 2017,
    "Transformation robustness").

    Attributes:
        jitter: maximum shift in pixels; `None`: 1/16 of the shorter side.
        scale: maximum relative change of size.
        rotation: maximum rotation about the center, in degrees.

    Raises:
        ValueError: If a number is out of range.

    >>> import numpy as np, kerascnn as kc
    >>> moves = kc.visualize.Moves(jitter=2, scale=0, rotation=0)
    >>> moves.draw(np.random.default_rng(0), 5, (28, 28)).shape
    (5, 8)
    """

    jitter: int | None = None
    scale: float = 0.1
    rotation: float = 10.0

    def __post_init__(self) -> None:
        if self.jitter is not None:
            check_count("jitter", self.jitter, least=0)
        check_number("scale", self.scale, high=0.9)
        check_number("rotation", self.rotation, high=180.0)

    def of_size(self, size: tuple[int, int]) -> "Moves":
        """Set the jitter in pixels for images of a height and width."""
        return replace(self, jitter=min(size) // 16) if self.jitter is None else self

    def __bool__(self) -> bool:
        return bool(self.jitter or self.scale or self.rotation)

    def draw(self, rng: np.random.Generator, count: int, size: tuple[int, int]) -> np.ndarray:
        """Draw random transformations for images of a height and width.

        Returns:
            (count, 8) float32: a0, a1, a2, b0, b1, b2, 0, 0. The output pixel in column x and row y
            is the input pixel in column a0·x + a1·y + a2 and row b0·x + b1·y + b2.
        """
        jitter = self.of_size(size).jitter or 0
        shift = rng.integers(-jitter, jitter, (count, 2), endpoint=True)
        factor = rng.uniform(1 - self.scale, 1 + self.scale, count)
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation, count))
        cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
        turn = np.moveaxis(np.array([[cos, -sin], [sin, cos]]), -1, 0)  # (count, 2, 2)
        middle = (np.array(size[::-1]) - 1) / 2
        offset = middle - turn @ middle + shift
        rows = np.concatenate([turn, offset[:, :, None]], axis=2).reshape(count, 6)
        return np.pad(rows, [(0, 0), (0, 2)]).astype("float32")

    def __call__(self, pictures: Tensor, moves: Tensor) -> Tensor:
        """Transform each image of (N, H, W, C) by its row in `moves` (N, 8), and fill with gray."""
        moved = ops.image.affine_transform(
            pictures - GRAY,
            moves,
            interpolation="bilinear",
            fill_mode="constant",
            fill_value=0.0,
            data_format="channels_last",
        )
        return moved + GRAY


@dataclass(frozen=True)
class Crops:
    """Random parts of an image, resized to what the network takes, with a little noise.

    Attributes:
        mean, deviation: of the side of a part, as a fraction of the image's.
        noise: standard deviation of the noise, relative to the range of the images.
    """

    mean: float = 0.5
    deviation: float = 0.1
    noise: float = 0.1

    def draw(
        self, rng: np.random.Generator, count: int, size: tuple[int, int], seen: tuple[int, int]
    ) -> np.ndarray:
        """Draw parts of images of a height and width.

        Args:
            rng: source of random numbers.
            count: number of parts.
            size: height and width of the images.
            seen: height and width of what the network takes.

        Returns:
            Rows as of `Moves.draw`, (count, 8), of which the upper left corner is the part.
        """
        side = np.clip(rng.normal(self.mean, self.deviation, count), 0.05, 1.0)
        top, left = (rng.uniform(0, (1 - side) * (n - 1)) for n in size)
        down, right = (side * (n - 1) / max(m - 1, 1) for n, m in zip(size, seen, strict=True))
        zero = np.zeros(count)
        rows = np.stack([right, zero, left, zero, down, top, zero, zero], axis=1)
        return rows.astype("float32")
