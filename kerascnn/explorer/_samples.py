"""Samples: pictures of the user's that a page brings along, with their classes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from kerascnn._markup import data_uri

LEVELS = 255.0  # of a picture with 8 bits
DARK = 2.0  # a maximum up to this one may also be of pictures in [0, 1] that were resized

Samples = tuple[list[np.ndarray], np.ndarray | None]


def check_samples(samples: Any, inputs: list[dict], shapes: list[tuple]) -> Samples:
    """Check samples, and return an array for each input, and the labels.

    Args:
        samples: as for `export`.
        inputs: described by `describe_inputs`.
        shapes: of the inputs, without the batch.

    Raises:
        ValueError: other shapes, ranges or numbers of pictures.
    """
    images, labels = (
        samples if isinstance(samples, tuple) and len(samples) == 2 else (samples, None)
    )
    many = list(images) if isinstance(images, list | tuple) and len(inputs) > 1 else [images]
    if len(many) != len(inputs):
        raise ValueError(
            f"samples must have an array for each of {len(inputs)} inputs; received {len(many)}."
        )
    checked = [_pictures(*each) for each in zip(many, inputs, shapes, strict=True)]
    counts = {len(each) for each in checked}
    if labels is not None:
        labels = np.asarray(labels)
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise ValueError(
                f"samples must have labels (N,) of class indices; received {labels.dtype} "
                f"{labels.shape}."
            )
        counts.add(len(labels))
    if len(counts) > 1:
        raise ValueError(f"samples must be as many everywhere; received {sorted(counts)}.")
    return checked, labels


def _pictures(images: Any, described: dict, shape: tuple) -> np.ndarray:
    """Pictures as float32 in [0, 1], or numbers as they are.

    A network that rescales 0 … 255 itself is usually trained on pictures in this range.
    """
    try:
        images = np.asarray(images)
    except ValueError:
        raise ValueError("samples must all have the same shape.") from None
    if described["kind"] == "digit" and images.shape[1:] == (28, 28, 1) != shape:
        frame = (shape[0] - 28) // 2
        images = np.pad(images, [(0, 0), (frame, frame), (frame, frame), (0, 0)])
    if images.shape[1:] != shape or images.dtype.kind not in "fiu":
        raise ValueError(
            f"samples must be ({', '.join(map(str, ('N', *shape)))}); received {images.dtype} "
            f"{images.shape}."
        )
    if described["kind"] == "numbers":
        if not np.isfinite(images).all():
            raise ValueError("samples must be finite numbers; received NaN or infinity.")
        return images.astype("float32")
    if images.dtype == np.uint8:
        return images.astype("float32") / LEVELS
    low, high = (images.min(), images.max()) if images.size else (0, 1)
    rescaled = described["scale"] == [LEVELS] and not any(described["offset"])
    if rescaled and low >= 0 and DARK < high <= LEVELS:
        return (images / LEVELS).astype("float32")
    if not (low >= 0 and high <= 1):  # NaN too
        raise ValueError(
            f"samples must be pictures in [0, 1]{', in [0, 255]' * rescaled}, or uint8; received "
            f"{low:.4g} to {high:.4g}. "
            "Pass them as they are before preprocessing, such as images / 255; preprocessing= says "
            "how they become the network's input."
        )
    return images.astype("float32")


def entries(
    samples: Samples, inputs: list[dict], names: Sequence[str] | None, classes: int | None
) -> list[dict]:
    """What the page has of each sample: its label, its class and its pictures.

    Args:
        samples: checked by `check_samples`.
        inputs: described by `describe_inputs`.
        names: of the classes, if they have any.
        classes: how many there are; `None` if the network does not classify.

    Raises:
        ValueError: a label that is not the index of a class.
    """
    arrays, labels = samples
    found = []
    for nth in range(len(arrays[0])):
        data = [_data(each[nth], one) for each, one in zip(arrays, inputs, strict=True)]
        entry: dict[str, Any] = {"data": data[0] if len(inputs) == 1 else data}
        if labels is not None:
            klass = int(labels[nth])
            if classes is not None and not 0 <= klass < classes:
                raise ValueError(
                    f"samples must have labels from 0 to {classes - 1}; received {klass}."
                )
            entry |= {"class": klass, "label": str(klass) if names is None else names[klass]}
        found.append(entry)
    return found


def _data(picture: np.ndarray, described: dict) -> str | list[float]:
    """A picture as a PNG, or numbers."""
    if described["kind"] == "numbers":
        return [float(f"{value:.6g}") for value in picture.ravel()]
    levels = np.round(picture * LEVELS).astype(np.uint8)
    image = Image.fromarray(levels[..., 0] if picture.shape[-1] == 1 else levels)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return data_uri(file.getvalue(), "png")
