"""Photographs that are included in scikit-image, so that no download is needed."""

import numpy as np

from kerascnn._errors import unknown

# Names as in skimage.data; for sources and licences see skimage/data/README.txt and skimage's
# documentation. Images that skimage.data would have to download are left out, as are drawings and
# masks.
PHOTOS = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "cell",
    "chelsea",  # the name of the same cat
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
    """List the names of the photographs that `photo` accepts; none needs a download.

    >>> "cat" in photo_names()
    True
    """
    return list(PHOTOS)


def photo(name: str) -> np.ndarray:
    """Load a photograph.

    Args:
        name: One of `photo_names()`.

    Returns:
        `(H, W, 3)` uint8 RGB in [0, 255], a new copy; grey images have three equal channels.

    Raises:
        ValueError: If there is no photograph of this name.

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
