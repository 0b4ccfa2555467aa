"""Pictures on disk that look like an array: they are read when they are asked for."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerascnn._errors import unknown

MODES = {1: "L", 3: "RGB"}  # Pillow's, by channels
WIDE = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # grey pictures with 16 bits
RESIZE = ("crop", "stretch")
DRAFT = 2  # a JPEG is decoded at no less than this many times the wanted size


class ImageFiles:
    """Pictures on disk as a sequence that looks like an array `(N, H, W, C)` float32 in [0, 1].

    Indexing reads just the pictures asked for, several at a time, and gives an array: `images[3]`,
    `images[:32]`, `images[[5, 2, 7]]`. `np.asarray(images)` reads all of them.

    A picture is turned upright as its camera noted, made RGB or grey (transparency is dropped) and
    resized with antialiasing; one that has the wanted size keeps its values. Of a JPEG that is much
    larger only a part of the detail is decoded, which is faster and hardly changes the result.

    Args:
        paths: The picture files; `.paths` keeps them in their order.
        image_size: Height and width in pixels, or one number for both.
        channels: 3, or 1 for grey.
        resize: `"crop"` keeps the aspect ratio and cuts off what is too much on both sides;
            `"stretch"` keeps everything.

    Raises:
        ValueError: An option out of its range.
        OSError: While reading: a file that is no picture or is damaged; it is named.

    >>> import skimage
    >>> photos = ImageFiles(Path(skimage.data_dir).glob("c*.png"), image_size=(48, 64))
    >>> photos[:2].shape, photos[0].dtype.name
    ((2, 48, 64, 3), 'float32')
    """

    dtype = np.dtype(np.float32)
    ndim = 4

    def __init__(
        self,
        paths: Iterable[str | PathLike],
        *,
        image_size: int | tuple[int, int],
        channels: int = 3,
        resize: str = "crop",
    ):
        size = image_size if isinstance(image_size, tuple | list) else (image_size,) * 2
        if len(size) != 2 or not all(isinstance(n, int | np.integer) and n > 0 for n in size):
            raise ValueError(
                f"image_size must be (height, width) or one number for both, in whole pixels from "
                f"1 on; received {image_size!r}."
            )
        if channels not in MODES:
            raise ValueError(f"channels must be 3 for RGB or 1 for grey; received {channels!r}.")
        if resize not in RESIZE:
            raise unknown("resize", resize, RESIZE)
        self.paths = tuple(Path(path) for path in paths)
        self.shape = (len(self.paths), *size, channels)
        self.resize = resize

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, rows):
        if rows is None or rows is Ellipsis or isinstance(rows, tuple):
            raise TypeError("pictures on disk are indexed by rows only: write images[rows][...].")
        rows = np.arange(len(self))[rows]  # slices, lists, masks and negative numbers as in NumPy
        images = np.empty((rows.size, *self.shape[1:]), np.float32)
        _in_threads(self._read, images, [self.paths[row] for row in rows.flat])
        return images.reshape(*rows.shape, *self.shape[1:])

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("pictures on disk have no array to share: leave out copy=False.")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __repr__(self):
        return f"<ImageFiles: {len(self):,} of {'x'.join(map(str, self.shape[1:]))}, on disk>"

    def check(self) -> None:
        """Read the beginning of each file.

        Raises:
            OSError: One is no picture. Damage farther on shows when the picture is read.
        """
        _in_threads(_check, self.paths)

    def _read(self, out, path):
        """Read one picture into `out` `(H, W, C)`."""
        _, height, width, channels = self.shape
        try:
            with Image.open(path) as image:
                image.draft(None, (DRAFT * max(height, width),) * 2)
                ImageOps.exif_transpose(image, in_place=True)
                image, white = _plain(image, MODES[channels])
                if self.resize == "crop":
                    image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
                else:
                    image = image.resize((width, height), Image.Resampling.BILINEAR)
                out[:] = np.asarray(image, np.float32).reshape(height, width, -1) / white
        except Exception as error:  # Pillow's readers raise many kinds
            raise _unreadable(path, error) from None


def _plain(image, mode):
    """Make a picture grey or RGB; returns it and the value of white."""
    if image.mode in WIDE:
        return Image.fromarray(np.asarray(image).astype(np.float32)), 2**16 - 1
    if image.mode == "F":
        raise ValueError("float values have no known range")
    if "transparency" in image.info:  # Pillow warns if a palette's transparency is dropped at once
        image = image.convert("RGBA")
    return image.convert(mode), 2**8 - 1


def _check(path):
    try:
        with Image.open(path):
            pass
    except Exception as error:
        raise _unreadable(path, error) from None


def _unreadable(path, error):
    reason = "no known kind" if isinstance(error, Image.UnidentifiedImageError) else error
    return OSError(f"picture '{path}' cannot be read ({reason}): replace or remove it.")


def _in_threads(work, *arguments):
    """Do `work` for each row of the arguments; Pillow lets other threads run while it decodes."""
    threads = min(len(arguments[0]), os.cpu_count() or 1)
    if threads < 2:
        for row in zip(*arguments, strict=True):
            work(*row)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, *arguments):
            pass
