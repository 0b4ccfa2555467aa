"""Slices of a brain with a class for each pixel: the MNI152 template.

The package nilearn includes the T1-weighted template of the ICBM152 2009a atlas without the skull,
197x233x189 voxels of 1 mm, and its maps of gray and white matter (Fonov 2011, "Unbiased average
age-appropriate atlases for pediatric studies", NeuroImage 54).

As an average of 152 brains, the template is free of noise, and its tissues are equally bright
everywhere. Slices of a scanner are not, so both can be added as in the simulated brains of
BrainWeb (https://brainweb.bic.mni.mcgill.ca/faq.html; Kwan 1999, IEEE Transactions on Medical
Imaging 18).
"""

import numpy as np

from kerascnn._checks import check_count, check_number

from . import _synthetic
from ._credit import Credit
from ._dataset import Dataset
from ._packaged import EXTRA, packaged

CREDIT = Credit(
    "V. S. Fonov et al., ICBM152 2009a; in the package nilearn",
    "unknown",  # as nilearn's description of the template says
    "https://doi.org/10.1016/j.neuroimage.2010.07.033",
)
CLASS_NAMES = ("other", "gray matter", "white matter")
WHITE = 2
FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
FULL = 255  # the value of a probability of 1, and of the brightest tissue
SIZE = (240, 208)  # multiples of 16 around 233x197
BRAIN = 0.01  # fraction of a slice that must be gray or white matter
BLOCKS = ("train", "validation", "train", "test", "train")  # from the neck to the crown
GAP = 3  # slices between two blocks that are left out
SMOOTH = SIZE[0] / 4  # standard deviation, in pixels, of the Gaussian that blurs a field


def load(
    *, data_dir=None, inhomogeneity: float = 0.0, noise: float = 0.0, seed: int = 0
) -> Dataset:
    """Load horizontal slices of a brain, and the tissue of each pixel.

    A pixel is gray matter, white matter or something else, such as the fluid around the brain:
    whatever is most probable in the atlas. The slices are split by region, since neighbors are
    nearly the same picture: five blocks from the neck to the crown, of which the second is the
    validation data, the fourth the test data and the others the training data. Three slices
    between two blocks are left out. Slices without brain are left out as well.

    The front of the head is at the top of the slices, its left side at the left. They have 1 mm
    pixels and a black border, so that height and width can be halved four times.

    With an inhomogeneity a and a noise s, a slice x becomes ::

        |f x + s w (n1 + i n2)| / (1 + a / 2), at most 1

    where f is a smooth random field of this slice, scaled to the range from 1 - a/2 to 1 + a/2
    over the brain; n1 and n2 are normally distributed, so that the noise is Rician; and w is the
    mean brightness of white matter, the brightest tissue. The division keeps the values in [0, 1].
    The percentages are those of BrainWeb, whose simulated brains have inhomogeneities of 0.2 and
    0.4 and noise of 0.01 to 0.09; BrainWeb's fields have this range over the whole brain, not over
    each slice, and are estimated from scans.

    Args:
        data_dir: Ignored, since the volume is included in the package nilearn.
        inhomogeneity: Range of the field that multiplies the brightness, from 0 to 1.
        noise: Standard deviation of the noise, as a fraction of the brightness of white matter,
            from 0 to 1.
        seed: Random seed of the fields and the noise, a non-negative integer. The field of a slice
            is the same for any inhomogeneity and noise.

    Returns:
        A `Dataset` with images `(N, 240, 208, 1)` and classes `(N, 240, 208)` int32.

    Raises:
        ImportError: If nilearn or nibabel is not installed.
        ValueError: If an option is out of range.
    """
    inhomogeneity = check_number("inhomogeneity", inhomogeneity, 0, 1)
    noise = check_number("noise", noise, 0, 1)
    seed = check_count("seed", seed, least=0)
    t1, grey, white = map(_volume, ("t1", "gm", "wm"))
    other = np.maximum(FULL - grey.astype(int) - white, 0)
    tissue = np.stack([other, grey, white]).argmax(axis=0).astype(np.int32)
    images = _slices(t1.astype(np.float32) / FULL)[..., None]
    masks = _slices(tissue)
    brain = np.flatnonzero((masks > 0).mean(axis=(1, 2)) >= BRAIN)
    if inhomogeneity or noise:
        deviation = noise * images[masks == WHITE].mean()
        for z in brain:
            rng = np.random.default_rng((seed, int(z)))
            images[z] = _scanned(rng, images[z], inhomogeneity, deviation)
    rows = {part: [] for part in BLOCKS}
    for part, block in zip(BLOCKS, np.array_split(brain, len(BLOCKS)), strict=True):
        last = block[-1] == brain[-1]
        rows[part].extend(block if last else block[:-GAP])
    train, validation, test = (
        (images[rows[part]], masks[rows[part]]) for part in ("train", "validation", "test")
    )
    return Dataset("brain_tissue", train, validation, test, CLASS_NAMES)


def _scanned(rng, image, inhomogeneity, deviation):
    """Multiply a slice (H, W, 1) by a smooth field, and add Rician noise."""
    height, width = SIZE
    field = _synthetic.smooth_noise(rng, 1, height, (1.0, SMOOTH))[0, :, :width, None]
    low, high = field[image > 0].min(), field[image > 0].max()
    field = 1 + inhomogeneity * ((field - low) / (high - low) - 0.5)  # outside, the image is 0
    real, imaginary = deviation * rng.standard_normal((2, *image.shape), np.float32)
    magnitude = np.hypot(field * image + real, imaginary)
    return np.minimum(magnitude / (1 + inhomogeneity / 2), 1)


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
