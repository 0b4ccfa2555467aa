"""Image files on disk that behave like an array and are read on demand."""

import os
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kerascnn._checks import check_pair, check_range, is_whole
from kerascnn._errors import unknown
from kerascnn._picture_reader import MODES, PictureError, check, read

RESIZE = ("crop", "stretch")
DRAFT = 2  # a JPEG is decoded at no less than this many times the requested size


ADVICE = {  # by kind of problem
    "window": "Pass window=(black, white) to scale all images alike",
    "numbers": "Replace these values if they are meaningful",
    "pages": "Save the pages that you need as separate files",
}


class DoubtfulImage(UserWarning):
    """A problem with an image that others of the data set may have as well.

    Attributes:
        path: of the first image that has it.
        note: what the problem is.
        kind: a key of `ADVICE`.
    """

    def __init__(self, path: Path, note: str, kind: str) -> None:
        self.path, self.note, self.kind = path, note, kind
        super().__init__(self.line(ADVICE[kind]))

    def line(self, advice: str) -> str:
        """Return the warning with advice on what to do."""
        return f"image '{self.path}': {self.note}. {advice}; other images like it are not reported."


class ImageFiles:
    """Image files on disk that behave like an array, `(N, H, W, C)` float32 in [0, 1].

    Indexing reads only the selected images, in parallel, and returns an array: `images[3]`,
    `images[:32]`, `images[[5, 2, 7]]`. `np.asarray(images)` reads all of them.

    Images are rotated according to their EXIF orientation, converted to RGB or gray (on a white
    background if they are transparent) and resized with antialiasing; an image that already has the
    requested size keeps its values. A JPEG that is much larger is decoded at a reduced resolution,
    which is faster and hardly changes the result.

    Black is 0 in the file, and white is the largest value of its data type, or 1 for floats. Where
    this does not fit (signed integers, other floats, 12 bits stored in 16), the 0.5 and 99.5
    percentiles of the image are used instead, with a warning; use `window` to set both values for
    all images. NaN becomes black. If a file contains several pages or images, the first is read. An
    image may have at most 134 million pixels, a JPEG any number.

    Args:
        paths: The image files, in the order of the images; see `.paths`.
        image_size: Height and width in pixels, or one number for both.
        channels: 3, or 1 for gray.
        resize: `"crop"` keeps the aspect ratio and crops the image at its center; `"stretch"`
            keeps the whole image.
        window: The values in the files that become 0 and 1, such as (-1000, 400) for lungs in
            Hounsfield units. Images of less than eight bits are read as if they had eight.
        input_range: The values of black and white in the arrays: `(0, 255)` for a model that starts
            with a `Rescaling(1 / 255)`, `(-1, 1)` for Keras's MobileNetV2.

    Raises:
        ValueError: If an option is out of range.
        OSError: On reading, if a file is damaged or not an image.

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
        size = check_pair("image_size", image_size, of=" of pixels")
        if not is_whole(channels) or channels not in MODES:
            raise ValueError(f"channels must be 3 for RGB or 1 for gray; received {channels!r}.")
        if resize not in RESIZE:
            raise unknown("resize", resize, RESIZE)
        if window is not None:
            window = check_range("window", window)
        self.paths = tuple(Path(path) for path in paths)
        self.shape = (len(self.paths), *size, int(channels))
        self.resize = resize
        self.window = window
        self.input_range = check_range("input_range", input_range)
        self._said: set[str] = set()

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, rows):
        if rows is None or rows is Ellipsis or isinstance(rows, tuple):
            raise TypeError("images on disk are indexed by rows only: write images[rows][...].")
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
            raise ValueError("images on disk have no array to share: leave out copy=False.")
        return self[:].astype(dtype or self.dtype, copy=False)

    def __repr__(self):
        return f"<ImageFiles: {len(self):,} of {'x'.join(map(str, self.shape[1:]))}, on disk>"

    def check(self) -> None:
        """Read the beginning of each file, to check that it is an image.

        Raises:
            OSError: If a file is not an image. Damage further on is found when it is read.
        """
        _in_threads(_check, self.paths)

    def _read(self, out, path):
        """Read one image into `out` `(H, W, C)`; return notes on possible problems."""
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
        """Warn once about each kind of problem, naming the first image that has it."""
        for kind in ADVICE:
            doubtful = [(path, getattr(n, kind)) for path, n in zip(paths, notes, strict=True)]
            doubtful = [(path, note) for path, note in doubtful if note]
            if doubtful and kind not in self._said:
                self._said.add(kind)
                path, note = doubtful[0]
                warnings.warn(DoubtfulImage(path, note, kind), stacklevel=3)

    def warn_with(self, other: "ImageFiles") -> None:
        """Share warnings with `other`, so that each is issued once for both."""
        self._said = other._said


def _check(path):
    try:
        check(path)
    except PictureError as error:
        raise _unreadable(path, error) from None


def _unreadable(path, reason):
    return OSError(f"image '{path}' cannot be read ({reason}): replace or remove it.")


def _in_threads(work, *arguments):
    """Call `work` with each row of the arguments; Pillow releases the GIL while it decodes."""
    threads = min(len(arguments[0]), os.cpu_count() or 1)
    if threads < 2:
        return [work(*row) for row in zip(*arguments, strict=True)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, *arguments))
