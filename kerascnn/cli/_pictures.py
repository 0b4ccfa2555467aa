"""Reading and writing image files for the command line."""

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from PIL import Image

from kerascnn._files import replacing
from kerascnn._picture_reader import LUMA, PictureError, read

from ._checks import check_folder

PICTURES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff")


def read_picture(
    path: str | Path,
    size: int | None = None,
    *,
    window: tuple[float, float] | None = None,
    say: Callable[[str], object] = lambda _note: None,
) -> np.ndarray:
    """Read an image upright, with transparent parts in white.

    Args:
        path: file in any format that Pillow or tifffile can read.
        size: longer side in pixels to which larger images are reduced; `None` reduces only images
            of more than 16 million pixels, by a whole factor.
        window: values of black and white in the file; `None` uses the range of its data type, or
            percentiles of the values.
        say: function to call with a line about anything ambiguous.

    Returns:
        (H, W, 3) float32, RGB in [0, 1].

    Raises:
        OSError: If the file does not exist, is not an image, is damaged or is too large.
    """

    def fit(image: Image.Image) -> Image.Image:
        if size is None or max(image.size) <= size:
            return image
        sides = [max(1, round(side * size / max(image.size))) for side in image.size]
        return image.resize(sides, Image.Resampling.LANCZOS)

    try:
        picture, notes = read(path, fit, window=window)
    except PictureError as error:
        raise OSError(
            f"'{path}' must be an image, such as a JPEG or PNG; received: {error}."
        ) from error
    if notes.window:
        say(f"'{path}': {notes.window}. For others, use --window BLACK WHITE.")
    if notes.numbers:
        say(f"'{path}': {notes.numbers}.")
    if notes.pages:
        say(f"'{path}': {notes.pages}. To use another, save it as a separate file.")
    return np.array(picture)


def grey(picture: np.ndarray) -> np.ndarray:
    """Convert an image to gray, (H, W, 3) to (H, W, 1), both in [0, 1]."""
    return picture @ LUMA


def middle(picture: np.ndarray) -> np.ndarray:
    """Crop the central square of an image."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def write_picture(picture: np.ndarray, path: Path) -> None:
    """Write an image, (H, W, 3) in [0, 1], in the format given by the file extension.

    Raises:
        ValueError: If the extension is not that of an image format.
        OSError: If the folder is not writable.
    """
    image = Image.fromarray(np.uint8(np.round(np.clip(picture, 0, 1) * 255)))
    with replacing(path) as new:
        image.save(new, quality=95)


def check_output(path: Path, *inputs: str | None, formats: Collection[str] = PICTURES) -> Path:
    """Reject a path that an image cannot be written to before any work is done.

    Args:
        path: path of the output.
        inputs: files that must not be overwritten.
        formats: the extensions that can be written, without the dot.

    Raises:
        ValueError: If the extension is not that of an image format, or the path is one of the
            inputs.
        OSError: If the folder does not exist or is not writable.
    """
    if path.suffix.lower().removeprefix(".") not in formats:
        endings = ", ".join(f".{one}" for one in formats)
        raise ValueError(f"the output must end in one of {endings}; received '{path}'.")
    if any(path.resolve() == Path(one).resolve() for one in inputs if one):
        raise ValueError(f"the output must differ from the inputs; received '{path}'.")
    check_folder(path)
    return path
