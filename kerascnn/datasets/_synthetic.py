"""Shared by the synthetic data sets: splits of any size from one seed, smooth noise, placement.

Images are generated in blocks. The random numbers of a block depend only on (seed, split, block),
and a block is always generated completely, so that image 7 is the same whatever the number of
images.
"""

import numpy as np
from scipy import fft

from kerascnn._checks import check_count

from ._dataset import Dataset

HELD_OUT = 5  # validation and test data are a fifth of the size of the training data


def dataset(name, draw, *, count, seed, class_names) -> Dataset:
    """Make a data set with `draw(rng) -> (images, labels)`, which generates a block of images."""
    count, seed = check_count("count", count), check_count("seed", seed, least=0)
    held_out = -(-count // HELD_OUT)
    train, validation, test = (
        _part(draw, size, (seed, i)) for i, size in enumerate((count, held_out, held_out))
    )
    return Dataset(name, train, validation, test, class_names)


def _empty(block: np.ndarray, count: int) -> np.ndarray:
    return np.empty((count, *block.shape[1:]), block.dtype)


def _part(draw, count, key) -> tuple[np.ndarray, np.ndarray]:
    """Generate blocks until there are `count` images."""
    start = block = 0
    part: tuple[np.ndarray, np.ndarray] | None = None
    while part is None or start < count:
        images, labels = draw(np.random.default_rng((*key, block)))
        if part is None:
            part = _empty(images, count), _empty(labels, count)
        for whole_part, a in zip(part, (images, labels), strict=True):
            whole_part[start : start + len(a)] = a[: count - start]
        start, block = start + len(images), block + 1
    return part


def smooth_noise(rng, count, size, *grains):
    """Generate smooth random fields `(count, size, size)` float32 with mean 0: blurred white noise.

    Since the cosine transform of white noise is white noise, only the few frequencies that pass the
    blur are generated. The distribution of their amplitudes does not matter: the sum of so many is
    normally distributed.

    Args:
        rng: A NumPy generator.
        count: Number of fields.
        size: Height and width in pixels.
        *grains: Pairs of the standard deviation of a field and the standard deviation, in pixels,
            of the Gaussian that blurs it; the fields of all pairs are added.
    """
    spectra = [_spectrum(size, strength, sigma) for strength, sigma in grains]
    power = np.zeros([max(len(spectrum) for spectrum in spectra)] * 2, np.float32)
    for spectrum in spectra:
        power[: len(spectrum), : len(spectrum)] += spectrum**2
    noise = rng.random((count, *power.shape), np.float32) - np.float32(0.5)
    noise *= np.sqrt(12 * power)  # the uniform numbers have a variance of 1/12
    return fft.idctn(noise, s=(size, size), axes=(1, 2), norm="ortho")


def _spectrum(size, strength, sigma):
    """Compute the amplitude of each frequency of a field, `(k, k)`."""
    passed = low_pass(size, sigma)
    passed = passed[passed > 1e-3]
    spectrum = np.outer(passed, passed)
    spectrum[0, 0] = 0  # the mean
    return spectrum * (strength * size / np.linalg.norm(spectrum))


def low_pass(size, sigma):
    """Return the response of a Gaussian at each cosine frequency, `(size,)` float32."""
    frequency = np.pi * np.arange(size) / size
    return np.exp(-((sigma * frequency) ** 2) / 2).astype(np.float32)


def first_fit(candidates, radius, centers, radii):
    """Choose, for each image, the first place where a new object does not overlap the others.

    Args:
        candidates: `(N, T, 2)` places, in order of preference.
        radius: `(N,)` radius of the new object.
        centers: `(N, k, 2)` centers of the existing objects.
        radii: `(N, k)` radii of the existing objects; minus infinity for no object.

    Returns:
        The chosen places `(N, 2)`, and whether one was found, `(N,)`.
    """
    dy, dx = (candidates[:, :, None, i] - centers[:, None, :, i] for i in (0, 1))
    fits = (np.hypot(dy, dx) >= radius[:, None, None] + radii[:, None]).all(axis=2)
    rows = np.arange(len(fits))
    best = fits.argmax(axis=1)
    return candidates[rows, best], fits[rows, best]
