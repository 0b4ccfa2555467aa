"""A data set by its name, or pictures in folders, as a network takes them."""

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
    """Read pictures in folders.

    Args:
        folder: with a folder for each class.
        shape: (H, W, C) that the network takes.
        **options: see `kerascnn.datasets.from_directory`.
    """
    from kerascnn import datasets

    return datasets.from_directory(
        Path(folder).expanduser(),
        image_size=shape[:2],
        channels=shape[2],
        **options,
    )


def in_levels(loaded: "Dataset") -> "Dataset":
    """Bring arrays in [0, 1] to 0 … 255, for a model that rescales them."""
    parts = {name: getattr(loaded, name) for name in ("train", "validation", "test")}
    levels: dict[str, Any] = {
        name: part and (255 * part[0], part[1]) for name, part in parts.items()
    }
    return replace(loaded, **levels)


def say_size(loaded: "Dataset") -> None:
    """Say at which size pictures of a folder are seen, and which size the first one has."""
    images: Any = loaded.train[0]
    size = "x".join(map(str, images.shape[1:]))
    classes = ", ".join(loaded.class_names[:5]) + ", …" * (len(loaded.class_names) > 5)
    first = images.paths[0]
    there = picture_size(first)
    own = "" if size.startswith(f"{there}x") else f"; '{first.name}' has {there}"
    click.echo(f"pictures are seen at {size}{own}. Classes: {classes}.", err=True)


def picture_size(path: Path) -> str:
    """The size of a picture file, height by width as in all shapes."""
    from kerascnn._picture_reader import PictureError, read

    try:
        image, _notes = read(path, lambda image: image)
    except PictureError:  # is said where it is read
        return "an unknown size"
    return "x".join(map(str, image.shape[:2]))
