"""Slices of a brain with a class for each pixel: the MNI152 template.

The package nilearn includes the T1-weighted template of the ICBM152 2009a atlas without the skull,
197x233x189 voxels of 1 mm, and its maps of gray and white matter (Fonov 2011, "Unbiased average
age-appropriate atlases for pediatric studies", NeuroImage 54).
"""

import numpy as np

from ._credit import Credit
from ._dataset import Dataset
from ._packaged import EXTRA, packaged

CREDIT = Credit(
    "V. S. Fonov et al., ICBM152 2009a; in the package nilearn",
    "unknown",  # as nilearn's description of the template says
    "https://doi.org/10.1016/j.neuroimage.2010.07.033",
)
CLASS_NAMES = ("other", "grey matter", "white matter")
FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
FULL = 255  # the value of a probability of 1, and of the brightest tissue
SIZE = (240, 208)  # multiples of 16 around 233x197
BRAIN = 0.01  # fraction of a slice that must be gray or white matter
BLOCKS = ("train", "validation", "train", "test", "train")  # from the neck to the crown
GAP = 3  # slices between two blocks that are left out


def load(*, data_dir=None) -> Dataset:
    """Load horizontal slices of a brain, and the tissue of each pixel.

    A pixel is gray matter, white matter or something else, such as the fluid around the brain:
    whatever is most probable in the atlas. The slices are split by region, since neighbors are
    nearly the same picture: five blocks from the neck to the crown, of which the second is the
    validation data, the fourth the test data and the others the training data. Three slices
    between two blocks are left out. Slices without brain are left out as well.

    The front of the head is at the top of the slices, its left side at the left. They have 1 mm
    pixels and a black border, so that height and width can be halved four times.

    Args:
        data_dir: Ignored, since the volume is included in the package nilearn.

    Returns:
        A `Dataset` with images `(N, 240, 208, 1)` and classes `(N, 240, 208)` int32.

    Raises:
        ImportError: If nilearn or nibabel is not installed.
    """
    t1, grey, white = map(_volume, ("t1", "gm", "wm"))
    other = np.maximum(FULL - grey.astype(int) - white, 0)
    tissue = np.stack([other, grey, white]).argmax(axis=0).astype(np.int32)
    images = _slices(t1.astype(np.float32) / FULL)[..., None]
    masks = _slices(tissue)
    brain = np.flatnonzero((masks > 0).mean(axis=(1, 2)) >= BRAIN)
    rows = {part: [] for part in BLOCKS}
    for part, block in zip(BLOCKS, np.array_split(brain, len(BLOCKS)), strict=True):
        last = block[-1] == brain[-1]
        rows[part].extend(block if last else block[:-GAP])
    train, validation, test = (
        (images[rows[part]], masks[rows[part]]) for part in ("train", "validation", "test")
    )
    return Dataset("brain_tissue", train, validation, test, CLASS_NAMES)


def _volume(name):
    """Read a volume, (x, y, z) from left to right, back to front and bottom to top."""
    path = packaged("brain_tissue", "nilearn", "datasets", "data", FILE.format(name))
    try:
        import nibabel
    except ImportError:
        raise ImportError(
            f"the data set 'brain_tissue' needs nibabel, which is not installed: install it with "
            f"{EXTRA}."
        ) from None
    return np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)


def _slices(volume):
    """Return horizontal slices, (z, H, W), with a black border around them."""
    slices = volume.transpose(2, 1, 0)[:, ::-1]
    extra = [(want - have) for want, have in zip(SIZE, slices.shape[1:], strict=True)]
    return np.pad(slices, ((0, 0), *((n // 2, n - n // 2) for n in extra)))
