"""Pictures on disk that look like an array: they are read when they are asked for."""

import math
import os
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from numbers import Real
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerascnn._errors import unknown
from kerascnn._picture_reader import MODES, PictureError, check, read

RESIZE = ("crop", "stretch")
DRAFT = 2  # a JPEG is decoded at no less than this many times the wanted size


class ImageFiles:
    """Pictures on disk as a sequence that looks like an array `(N, H, W, C)` float32 in [0, 1].

    Indexing reads just the pictures asked for, several at a time, and gives an array: `images[3]`,
    `images[:32]`, `images[[5, 2, 7]]`. `np.asarray(images)` reads all of them.

    A picture is turned upright as its camera noted, made RGB or grey (transparent parts white) and
    resized with antialiasing; one that has the wanted size keeps its values. Of a JPEG that is much
    larger only a part of the detail is decoded, which is faster and hardly changes the result.

    Black is 0 in the file and white the largest value of its data type, 1 for floats. Where these
    are not a picture's (signed numbers, other floats, 12 bits in a file of 16) its own percentiles,
    0.5 and 99.5, take their place, and a warning says so; `window` sets them for all pictures. NaN
    is black. Of several pages or pictures the first is read. A picture has at most 134 million
    pixels, a JPEG any number.

    Args:
        paths: The picture files; `.paths` keeps them in their order.
        image_size: Height and width in pixels, or one number for both.
        channels: 3, or 1 for grey.
        resize: `"crop"` keeps the aspect ratio and cuts off what is too much on both sides;
            `"stretch"` keeps everything.
        window: Two values of the files that become 0 and 1, such as (-1000, 400) for lungs in
            Hounsfield units.
        input_range: What black and white become in the arrays: `(0, 255)` for a model that begins
            with a `Rescaling(1 / 255)`, `(-1, 1)` for Keras's MobileNetV2.

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
        window: tuple[float, float] | None = None,
        input_range: tuple[float, float] = (0.0, 1.0),
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
        check_window("window", window)
        if input_range is None:
            raise ValueError("input_range must be two numbers, of black and white; received None.")
        check_window("input_range", input_range)
        self.paths = tuple(Path(path) for path in paths)
        self.shape = (len(self.paths), *size, channels)
        self.resize = resize
        self.window = window
        self.input_range = tuple(map(float, input_range))
        self._said = set()

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, rows):
        if rows is None or rows is Ellipsis or isinstance(rows, tuple):
            raise TypeError("pictures on disk are indexed by rows only: write images[rows][...].")
        rows = np.arange(len(self))[rows]  # slices, lists, masks and negative numbers as in NumPy
        images = np.empty((rows.size, *self.shape[1:]), np.float32)
        paths = [self.paths[row] for row in rows.flat]
        self._warn(_in_threads(self._read, images, paths), paths)
        low, high = self.input_range
        if (low, high) != (0, 1):
            images *= high - low
            images += low
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
        """Read one picture into `out` `(H, W, C)`; returns what is doubtful."""
        _, height, width, channels = self.shape

        def fit(image):
            if self.resize == "crop":
                return ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
            return image.resize((width, height), Image.Resampling.BILINEAR)

        try:
            out[:], notes = read(
                path,
                fit,
                channels=channels,
                at_least=DRAFT * max(height, width),
                window=self.window,
            )
        except PictureError as error:
            raise _unreadable(path, error) from None
        return notes

    def _warn(self, notes, paths):
        """Say each kind of doubt once, with the first picture that gives it."""
        advice = {
            "window": "Give window=(black, white) to show all pictures alike",
            "numbers": "Replace them if they mean something",
            "pages": "Save the pages that you mean by themselves",
        }
        for kind, what_to_do in advice.items():
            doubtful = [(path, getattr(n, kind)) for path, n in zip(paths, notes, strict=True)]
            doubtful = [(path, note) for path, note in doubtful if note]
            if doubtful and kind not in self._said:
                self._said.add(kind)
                path, note = doubtful[0]
                warnings.warn(
                    f"picture '{path}': {note}. {what_to_do}; of other pictures this is not said.",
                    stacklevel=3,
                )


def check_window(name, window):
    """Refuse what is not two finite numbers, the lower first."""
    right = window is None or (
        isinstance(window, tuple | list)
        and len(window) == 2
        and all(isinstance(end, Real) and math.isfinite(end) for end in window)
        and window[0] < window[1]
    )
    if not right:
        raise ValueError(
            f"{name} must be two numbers, the value of black and a larger one of white; "
            f"received {window!r}."
        )


def _check(path):
    try:
        check(path)
    except PictureError as error:
        raise _unreadable(path, error) from None


def _unreadable(path, reason):
    return OSError(f"picture '{path}' cannot be read ({reason}): replace or remove it.")


def _in_threads(work, *arguments):
    """Do `work` for each row of the arguments; Pillow lets other threads run while it decodes."""
    threads = min(len(arguments[0]), os.cpu_count() or 1)
    if threads < 2:
        return [work(*row) for row in zip(*arguments, strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, *arguments))
