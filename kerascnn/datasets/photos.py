"""Photographs that are included in scikit-image, so that no download is needed."""

import numpy as np

from kerascnn._errors import unknown

from ._credit import Credit

SKIMAGE = "https://scikit-image.org/docs/stable/api/skimage.data.html"
CHELSEA = Credit("Stéfan van der Walt", "CC0 1.0", f"{SKIMAGE}#skimage.data.chelsea")
UNKNOWN = Credit("scikit-image", "unknown", SKIMAGE)
# Names as in skimage.data, credits from its docstrings. Images that skimage.data would have to
# download are left out, as are drawings and masks.
CREDITS = {
    "astronaut": Credit("NASA", "public domain", "https://flic.kr/p/r9qvLn"),
    "brick": Credit("CC0Textures", "CC0 1.0", "https://cc0textures.com/view.php?tex=Bricks25"),
    "camera": Credit("Lav Varshney", "CC0 1.0", f"{SKIMAGE}#skimage.data.camera"),
    "cat": CHELSEA,  # the cat's name
    "cell": Credit("Paul Müller et al.", "CC0 1.0", "https://doi.org/10.1364/OE.26.010729"),
    "chelsea": CHELSEA,
    "coffee": Credit("Rachel Michetti", "CC0 1.0", f"{SKIMAGE}#skimage.data.coffee"),
    "coins": Credit(
        "Brooklyn Museum",
        "no known copyright restrictions",
        "https://www.brooklynmuseum.org/opencollection/archives/image/51611",
    ),
    "grass": Credit(
        "linolafett", "CC0 1.0", "https://www.deviantart.com/linolafett/art/Grass-01-434853879"
    ),
    "gravel": Credit("CC0Textures", "CC0 1.0", "https://cc0textures.com/view.php?tex=Gravel04"),
    "hubble_deep_field": Credit(
        "NASA",
        "public domain",
        "http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/",
    ),
    "immunohistochemistry": Credit(
        "Center for Microscopy and Molecular Imaging",
        "no known copyright restrictions",
        f"{SKIMAGE}#skimage.data.immunohistochemistry",
    ),
    "moon": UNKNOWN,
    "page": UNKNOWN,
    "retina": Credit(
        "Mikael Häggström",
        "CC0 1.0",
        "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
    ),
    "rocket": Credit(
        "SpaceX",
        "public domain",
        "https://www.flickr.com/photos/spacexphotos/16511594820/in/photostream/",
    ),
    "text": Credit("Wikipedia", "public domain", "https://en.wikipedia.org/wiki/File:Corner.png"),
}


def photo_names() -> list[str]:
    """List the names of the photographs that `photo` accepts; none needs a download.

    >>> "cat" in photo_names()
    True
    """
    return list(CREDITS)


def photo(name: str) -> np.ndarray:
    """Load a photograph.

    Args:
        name: One of `photo_names()`.

    Returns:
        `(H, W, 3)` uint8 RGB in [0, 255], a new copy; gray images have three equal channels.

    Raises:
        ValueError: If there is no photograph with this name.

    >>> photo("cat").shape
    (300, 451, 3)
    """
    if name not in CREDITS:
        raise unknown("photo", name, CREDITS)
    import skimage.data

    image = getattr(skimage.data, name)()
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    return np.array(image, dtype=np.uint8)


def photo_credit(name: str) -> Credit:
    """Return the author, license and source of a photograph.

    Args:
        name: One of `photo_names()`.

    Returns:
        A named tuple `(by, rights, url)`.

    Raises:
        ValueError: If there is no photograph with this name.

    >>> photo_credit("camera")[:2]
    ('Lav Varshney', 'CC0 1.0')
    """
    if name not in CREDITS:
        raise unknown("photo", name, CREDITS)
    return CREDITS[name]
