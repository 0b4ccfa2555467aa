"""Data sets by name, or images in folders, in the form that a network expects."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kerascnn.datasets import Dataset


def from_folder(
    folder: str,
    shape: tuple[int, int, int],
    **options: Any,
) -> "Dataset":
    """Read images from folders.

    Args:
        folder: contains a folder for each class.
        shape: (H, W, C) of the network's input.
        **options: options of `kerascnn.datasets.from_directory`.
    """
    from kerascnn import datasets

    return datasets.from_directory(
        Path(folder).expanduser(),
        image_size=shape[:2],
        channels=shape[2],
        **options,
    )


def in_levels(loaded: "Dataset") -> "Dataset":
    """Scale arrays in [0, 1] to 0 … 255, for a model that rescales its input."""
    parts = {name: getattr(loaded, name) for name in ("train", "validation", "test")}
    levels: dict[str, Any] = {
        name: part and (255 * part[0], part[1]) for name, part in parts.items()
    }
    return replace(loaded, **levels)


def say_size(loaded: "Dataset") -> None:
    """Print the size to which the images of a folder are resized, and the size of the first one."""
    images: Any = loaded.train[0]
    size = "x".join(map(str, images.shape[1:]))
    classes = ", ".join(loaded.class_names[:5]) + ", …" * (len(loaded.class_names) > 5)
    first = images.paths[0]
    there = picture_size(first)
    own = "" if size.startswith(f"{there}x") else f"; '{first.name}' has {there}"
    click.echo(f"images are resized to {size}{own}. Classes: {classes}.", err=True)


def picture_size(path: Path) -> str:
    """Return the size of an image file as "height x width"."""
    from kerascnn._picture_reader import PictureError, read

    try:
        image, _notes = read(path, lambda image: image)
    except PictureError:  # reported when the image is read
        return "an unknown size"
    return "x".join(map(str, image.shape[:2]))
