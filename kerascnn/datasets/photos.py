"""Photographs that come inside scikit-image's wheel: no download."""

import numpy as np

from kerascnn._errors import unknown

# Names as in skimage.data; sources and licences: skimage/data/README.txt and its documentation.
# What skimage.data would have to download is left out, and so are drawings and masks.
PHOTOS = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "cell",
    "chelsea",  # the cat again, by her name
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "page",
    "retina",
    "rocket",
    "text",
)


def photo_names() -> list[str]:
    """List the pictures that `photo` knows; all of them are offline.

    >>> "cat" in photo_names()
    True
    """
    return list(PHOTOS)


def photo(name: str) -> np.ndarray:
    """Load a photograph.

    Args:
        name: One of `photo_names()`.

    Returns:
        `(H, W, 3)` uint8 RGB in 0…255, a fresh copy; grey pictures have three equal channels.

    Raises:
        ValueError: There is no such picture.

    >>> photo("cat").shape
    (300, 451, 3)
    """
    if name not in PHOTOS:
        raise unknown("photo", name, PHOTOS)
    import skimage.data

    image = getattr(skimage.data, name)()
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    return np.array(image, dtype=np.uint8)
