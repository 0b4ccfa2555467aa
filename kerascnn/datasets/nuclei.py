"""Fluorescent nuclei with a mask for each, an image of the Data Science Bowl 2018.

The package stardist includes one image of 512x512 pixels and its instance masks (Caicedo 2019,
"Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl", Nature Methods 16).
"""

import numpy as np

from kerascnn._errors import unknown

from ._credit import Credit
from ._dataset import Dataset
from ._packaged import packaged

CREDIT = Credit(
    "J. C. Caicedo et al., 2018 Data Science Bowl; in the package stardist",
    "unknown",
    "https://doi.org/10.1038/s41592-019-0612-7",
)
CLASS_NAMES = ("background", "nucleus")
QUARTERS = {"train": ((0, 0), (1, 0)), "validation": ((0, 1),), "test": ((1, 1),)}  # row, column
WHITE = 99.8  # percentile of the training pixels, as in StarDist's examples
LABELS = ("nuclei", "instances")


def load(*, data_dir=None, labels: str = "nuclei") -> Dataset:
    """Load nuclei in a fluorescence microscope, and their masks.

    The image is split by region, since neighboring pixels are nearly the same picture: its left
    half, two images, is the training data, the upper right quarter the validation data and the
    lower right quarter the test data.

    0 in the file becomes 0, and the 99.8 percentile of the training pixels becomes 1; the few
    brighter pixels are 1 as well.

    Args:
        data_dir: Ignored, since the image is included in the package stardist.
        labels: Contents of the masks. `"nuclei"`: 0 for background, 1 for nuclei; `"instances"`:
            the number of the nucleus, starting from 1 in each image.

    Returns:
        A `Dataset` with images `(N, 256, 256, 1)` and masks `(N, 256, 256)` int32.

    Raises:
        ValueError: If the option is unknown.
        ImportError: If stardist is not installed.
    """
    if labels not in LABELS:
        raise unknown("labels", labels, LABELS)
    image, mask = (
        _read(packaged("nuclei", "stardist", "data", "images", file))
        for file in ("img2d.tif", "mask2d.tif")
    )
    images = {part: _cut(image, places) for part, places in QUARTERS.items()}
    white = np.percentile(images["train"], WHITE)

    def split(part: str):
        pixels = np.clip(images[part] / white, 0, 1).astype(np.float32)[..., None]
        instances = np.stack([_renumbered(one) for one in _cut(mask, QUARTERS[part])])
        masks = instances if labels == "instances" else (instances > 0).astype(np.int32)
        return pixels, masks

    return Dataset("nuclei", split("train"), split("validation"), split("test"), CLASS_NAMES)


def _read(path):
    from tifffile import imread

    return imread(path)


def _cut(image, places):
    """Cut quarters out of an image."""
    height, width = (side // 2 for side in image.shape)
    return np.stack(
        [image[r * height : (r + 1) * height, c * width : (c + 1) * width] for r, c in places]
    )


def _renumbered(instances):
    """Number the instances that are left, starting from 1."""
    numbers, new = np.unique(instances, return_inverse=True)
    new = new.reshape(instances.shape)
    return (new if numbers[0] == 0 else new + 1).astype(np.int32)
