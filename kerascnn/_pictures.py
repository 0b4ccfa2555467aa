"""Picture files in and out, for the command line."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ._files import replacing

PICTURES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff")


def read_picture(path: str | Path, size: int | None = None) -> np.ndarray:
    """Read a picture upright, transparent parts white.

    Args:
        path: of a file in any format that Pillow knows.
        size: the longer side in pixels that it is brought down to; `None`: as it is.

    Returns:
        (H, W, 3) float32, RGB in [0, 1].

    Raises:
        OSError: there is no such file, or it is no picture, damaged, or too large.
    """
    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)
            if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off
                image = Image.fromarray(np.uint8(np.asarray(image) >> 8))
            if image.has_transparency_data:
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image.convert("RGBA"))
            image = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "not a picture that can be read"
        raise OSError(
            f"'{path}' must be a picture, such as a JPEG or PNG; received: {reason}."
        ) from error
    if size is not None and max(image.size) > size:
        sides = [max(1, round(side * size / max(image.size))) for side in image.size]
        image = image.resize(sides, Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def scaled_to(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a picture, (H, W, 3) in [0, 1], without aliasing."""
    image = Image.fromarray(np.uint8(np.round(picture * 255)))
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def grey(picture: np.ndarray) -> np.ndarray:
    """Take the colours out of a picture, (H, W, 3) to (H, W, 1), both in [0, 1]."""
    return picture @ np.float32([[0.299], [0.587], [0.114]])  # luma, ITU-R BT.601


def middle(picture: np.ndarray) -> np.ndarray:
    """Cut the square out of the middle of a picture."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def write_picture(picture: np.ndarray, path: Path) -> None:
    """Write a picture, (H, W, 3) in [0, 1]; its format follows from the path's ending.

    Raises:
        ValueError: an ending of no picture format.
        OSError: the folder cannot be written.
    """
    image = Image.fromarray(np.uint8(np.round(np.clip(picture, 0, 1) * 255)))
    with replacing(path) as new:
        image.save(new, quality=95)


def check_output(path: Path, *inputs: str | None, formats: Collection[str] = PICTURES) -> Path:
    """Refuse, before the work, a path that a picture cannot be written to.

    Args:
        path: the output.
        inputs: files that must stay.
        formats: the endings that can be written, without the dot.

    Raises:
        ValueError: it names no picture format, or one of the inputs.
        OSError: its folder does not exist.
    """
    if path.suffix.lower().removeprefix(".") not in formats:
        raise ValueError(
            f"the output must end as a picture does, such as .png or .jpg; received '{path}'."
        )
    if any(path.resolve() == Path(one).resolve() for one in inputs if one):
        raise ValueError(f"the output must be another file than the input; received '{path}'.")
    if not path.parent.is_dir():
        raise OSError(f"the output's folder must exist; received '{path.parent}'.")
    return path
