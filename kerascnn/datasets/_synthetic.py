"""What the made data sets share: parts of any size from one seed, smooth noise, places.

Images are made in blocks. A block's randomness depends on (seed, part, block) only, and all of it
is drawn whatever part of the block is kept: image 7 stays image 7 when more images are asked for.
"""

import numpy as np
from scipy import fft

from kerascnn._checks import check_count

from ._dataset import Dataset

HELD_OUT = 5  # validation and test: a fifth of the training images each


def dataset(name, draw, *, count, seed, class_names) -> Dataset:
    """Make a data set with `draw(rng) -> (images, labels)`, which makes one block of images."""
    count, seed = check_count("count", count), check_count("seed", seed, least=0)
    held_out = -(-count // HELD_OUT)
    train, validation, test = (
        _part(draw, size, (seed, i)) for i, size in enumerate((count, held_out, held_out))
    )
    return Dataset(name, train, validation, test, class_names)


def _part(draw, count, key):
    """Draw blocks until there are `count` images."""
    start = block = 0
    while start < count:
        images, labels = draw(np.random.default_rng((*key, block)))
        if not block:
            part = tuple(np.empty((count, *a.shape[1:]), a.dtype) for a in (images, labels))
        for whole_part, a in zip(part, (images, labels), strict=True):
            whole_part[start : start + len(a)] = a[: count - start]
        start, block = start + len(images), block + 1
    return part


def smooth_noise(rng, count, size, *grains):
    """Random smooth fields `(count, size, size)` float32 with mean 0: white noise, blurred.

    The cosine transform of white noise is white noise again, so that only the few frequencies which
    a blur leaves over are drawn. A sum of so many random numbers is normal whatever they are.

    Args:
        rng: A NumPy generator.
        count: How many.
        size: Height and width in pixels.
        *grains: Standard deviation of the field, and of the Gaussian that blurs it in pixels; the
            fields of several pairs are added.
    """
    spectra = [_spectrum(size, strength, sigma) for strength, sigma in grains]
    power = np.zeros([max(len(spectrum) for spectrum in spectra)] * 2, np.float32)
    for spectrum in spectra:
        power[: len(spectrum), : len(spectrum)] += spectrum**2
    noise = rng.random((count, *power.shape), np.float32) - np.float32(0.5)
    noise *= np.sqrt(12 * power)  # 1/12 is the variance of what was drawn
    return fft.idctn(noise, s=(size, size), axes=(1, 2), norm="ortho")


def _spectrum(size, strength, sigma):
    """Amplitudes of the frequencies of one field, `(k, k)`."""
    passed = low_pass(size, sigma)
    passed = passed[passed > 1e-3]
    spectrum = np.outer(passed, passed)
    spectrum[0, 0] = 0  # the mean
    return spectrum * (strength * size / np.linalg.norm(spectrum))


def low_pass(size, sigma):
    """What a Gaussian leaves of each frequency of the cosine transform, `(size,)` float32."""
    frequency = np.pi * np.arange(size) / size
    return np.exp(-((sigma * frequency) ** 2) / 2).astype(np.float32)


def first_fit(candidates, radius, centres, radii):
    """Choose, image by image, the first place where a new object keeps off those that are there.

    Args:
        candidates: `(N, T, 2)` places, the best first.
        radius: `(N,)` of the new object.
        centres: `(N, k, 2)` of the objects that are there.
        radii: `(N, k)`, theirs; minus infinity where there is none.

    Returns:
        The places `(N, 2)`, and whether there was one, `(N,)`.
    """
    dy, dx = (candidates[:, :, None, i] - centres[:, None, :, i] for i in (0, 1))
    fits = (np.hypot(dy, dx) >= radius[:, None, None] + radii[:, None]).all(axis=2)
    rows = np.arange(len(fits))
    best = fits.argmax(axis=1)
    return candidates[rows, best], fits[rows, best]
