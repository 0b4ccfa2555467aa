"""The material of the figures: networks, images and measurements from the package."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import numpy as np

from kerascnn import datasets
from kerascnn._picture_reader import LUMA
from kerascnn._text import text as _

CROPS = 1500
COLOR_PHOTOS = (
    "astronaut", "chelsea", "coffee", "hubble_deep_field", "immunohistochemistry", "retina",
    "rocket",
)  # fmt: skip
GRAY_PHOTOS = ("brick", "camera", "coins", "grass", "gravel", "moon", "page", "text")


_rerun: ContextVar[dict | None] = ContextVar("rerun", default=None)  # new results by name or key


@contextmanager
def rerunning(rerun: bool) -> Iterator[None]:
    """If `rerun`, run each experiment again, once, when it is used within a `with` block."""
    token = _rerun.set({} if rerun else None)
    try:
        yield
    finally:
        _rerun.reset(token)


def rerun_results() -> dict | None:
    """Return the results computed within this `rerunning` block; `None` outside of one."""
    return _rerun.get()


def measured(name: str):
    """Return an experiment's `Result`: the shipped record, or a new run within `rerunning`."""
    from kerascnn import experiments

    results = _rerun.get()
    if results is None:
        return experiments.recorded(name)
    if name not in results:
        results[name] = getattr(experiments, name)()
    return results[name]


def how_measured(result) -> str:
    """Return when, where and how long an experiment ran, for the note of a figure."""
    return _(
        "Measured on {date} in {minutes} min on {processor}.",
        date=result.machine["date"],
        minutes=np.format_float_positional(result.seconds / 60, 2, fractional=False, trim="-"),
        processor=result.machine["processor"],
    )


@cache
def trained(architecture: str = "lenet5", weights: str = "mnist", **options: object):
    """Build a network with weights from the package, once for all figures.

    Figures must not modify it.
    """
    from kerascnn import models

    return models.build(architecture, weights=weights, **options)


def digit_images(*classes: int) -> np.ndarray:
    """Return one test digit per class, (N, 28, 28, 1), none of which the network was trained on."""
    images, labels = datasets.load("digits").part("test")
    return np.stack([images[np.flatnonzero(labels == c)[0]] for c in classes])


def resized(name: str, height: int, width: int, part: tuple = (slice(None), slice(None))):
    """Resize a photo, or a part of it, to (height, width, 3) float32 in [0, 1]."""
    from skimage.transform import resize

    picture = datasets.photo(name)[part]
    picture = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)
    return resize(picture, (height, width), anti_aliasing=True).astype(np.float32)


def square(photo: np.ndarray, side: int) -> np.ndarray:
    """Crop and resize the center of a photo (H, W, 3) in [0, 1] to (side, side, 3) float32."""
    from skimage.transform import resize

    height, width = photo.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = photo[top : top + short, left : left + short]
    return resize(part, (side, side), anti_aliasing=True).astype(np.float32)


def gray_square(photo: np.ndarray, side: int) -> np.ndarray:
    """Convert the center of a photo (H, W, 3) in [0, 1] to gray, (side, side) float64 in [0, 1]."""
    return (square(photo, side).astype(float) @ LUMA)[..., 0].clip(0, 1)


@cache
def crops(size: int) -> np.ndarray:
    """Crop squares at many positions and scales from the photos: (N, size, size, 3) in [0, 1]."""
    rng = np.random.default_rng(0)
    photos = [datasets.photo(name) for name in (*COLOR_PHOTOS, *GRAY_PHOTOS)]
    cut = []
    for nth in range(CROPS):
        picture = photos[nth % len(photos)]
        step = rng.integers(1, 1 + min(6, min(picture.shape[:2]) // size))  # pixels averaged
        top, left = (rng.integers(0, n - size * step + 1) for n in picture.shape[:2])
        square = picture[top : top + size * step, left : left + size * step]
        square = square.reshape(size, step, size, step, -1).mean(axis=(1, 3))
        cut.append(np.broadcast_to(square, (size, size, 3)))
    return (np.stack(cut) / 255).astype(np.float32)
