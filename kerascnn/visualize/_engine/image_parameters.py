"""Parameters of generated images: their pixels or their spectrum.

Each class provides `start(noise) -> point`, `pictures(point)`, (N, H, W, C) in [0, 1], and
`project(point, step, slope)`, which keeps the point in the valid range.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from kerascnn._checks import check_number
from kerascnn._graph import Tensor

from .regularizers import GRAY, blur

TINY = 1e-4  # added to a standard deviation, as in xplique
START = 0.01  # standard deviation of the initial noise (lucid)
BLUR_EVERY = 4  # steps (Yosinski et al. 2015, arXiv:1506.06579, Table 1)

# The square root of the covariance of ImageNet's colors (lucid, "color_correlation_svd_sqrt"),
# with a column per direction, from lightness to hue, divided by the longest column.
COLORS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLORS = (COLORS / np.linalg.norm(COLORS, axis=0).max()).astype("float32")


@dataclass(frozen=True)
class Pixels:
    """Pixels, clipped to [0, 1], with the regularizers of Yosinski et al. 2015, section 3.

    Attributes:
        blur: standard deviation in pixels of a Gaussian blur after every fourth step.
        small_norm: percentage of pixels to set to gray after each step, those with the smallest
            norm Σ_c x_c², where x is the difference from gray.
        small_contribution: percentage of pixels to set to gray after each step, those with the
            smallest contribution to the objective, `|Σ_c x_c ∂S/∂x_c|`.

    Raises:
        ValueError: If a number is out of range.

    >>> import kerascnn as kc
    >>> model, pixels = kc.build_logistic_regression(), kc.visualize.Pixels(blur=0.5)
    >>> kc.visualize.maximize_activation(model, 3, parameters=pixels, steps=1).shape
    (1, 28, 28, 1)
    """

    blur: float = 0.0
    small_norm: float = 0.0
    small_contribution: float = 0.0

    def __post_init__(self) -> None:
        check_number("blur", self.blur)
        check_number("small_norm", self.small_norm, high=100.0)
        check_number("small_contribution", self.small_contribution, high=100.0)

    def start(self, noise: np.ndarray) -> Tensor:
        """Return gray with a little noise."""
        return ops.convert_to_tensor(GRAY + START * noise, "float32")

    def pictures(self, point: Tensor) -> Tensor:
        """Clip to [0, 1], since a step may leave this range."""
        return ops.clip(point, 0.0, 1.0)

    def project(self, point: Tensor, step: int, slope: Tensor) -> Tensor:
        """Blur, set unimportant pixels to gray, and clip."""
        if self.blur and step % BLUR_EVERY == 0:
            point = blur(point, self.blur)
        if self.small_norm:
            norm = ops.sum(ops.square(point - GRAY), axis=-1, keepdims=True)  # gray is 0
            point = without_least(point, norm, self.small_norm)
        if self.small_contribution:  # change of the score without the pixel, to first order
            change = ops.sum((point - GRAY) * slope, axis=-1, keepdims=True)
            point = without_least(point, ops.abs(change), self.small_contribution)
        return ops.clip(point, 0.0, 1.0)


def without_least(pictures: Tensor, worth: Tensor, percentile: float) -> Tensor:
    """Set pixels of (N, H, W, C) to gray if their worth (N, H, W, 1) is below a percentile."""
    least = ops.quantile(worth, percentile / 100, axis=(1, 2, 3), keepdims=True)
    return ops.where(worth < least, GRAY, pictures)


@dataclass(frozen=True)
class Fourier:
    """The spectrum of decorrelated colors (Olah et al. 2017, "Preconditioning"; lucid).

    A step changes all frequencies in the proportions of natural images instead of individual
    pixels, so the result is free of the checkerboard patterns of strided gradients. The parameters
    are the real and imaginary parts of the spectrum, (N, 2, C, H, W).

    >>> import kerascnn as kc
    >>> model, fourier = kc.build_logistic_regression(), kc.visualize.Fourier()
    >>> kc.visualize.maximize_activation(model, 3, parameters=fourier, steps=1).shape
    (1, 28, 28, 1)
    """

    def start(self, noise: np.ndarray) -> Tensor:
        """Return the spectrum of the noise."""
        height, width = noise.shape[1:3]
        spectrum = np.fft.fft2(np.moveaxis(noise, -1, 1)) * START * np.sqrt(2 / (height * width))
        return ops.convert_to_tensor(np.stack([spectrum.real, spectrum.imag], axis=1), "float32")

    def pictures(self, point: Tensor) -> Tensor:
        """Return to pixels: the inverse transform, colors, and a sigmoid to [0, 1]."""
        spectrum = point * (frequency_scale(*point.shape[-2:]) / 4)  # lucid, spatial.py
        values, _imaginary = ops.ifft2(ops.unstack(spectrum, 2, axis=1))
        values = ops.transpose(values, (0, 2, 3, 1))
        return ops.sigmoid(in_colors(values))

    def project(self, point: Tensor, step: int, slope: Tensor) -> Tensor:
        """Return the point unchanged, since every spectrum is valid."""
        return point


def in_colors(values: Tensor) -> Tensor:
    """Turn decorrelated colors (N, H, W, 3) into RGB; other numbers of channels stay."""
    if values.shape[-1] != 3:
        return values
    # A 1x1 convolution applies the matrix to each pixel.
    return ops.conv(values, COLORS.T[None, None], data_format="channels_last")


def frequency_scale(height: int, width: int) -> np.ndarray:
    """Return 1 / f, as in natural images, (H, W); the mean counts as the lowest frequency."""
    f = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))  # cycles per pixel
    return (np.sqrt(height * width) / np.maximum(f, 1 / max(height, width))).astype("float32")


@dataclass(frozen=True)
class Phase:
    """The phase of a spectrum whose magnitude is fixed (Fel et al. 2023, arXiv:2306.06805).

    Attributes:
        size: height and width in pixels.
    """

    size: tuple[int, int]

    def start(self, rng: np.random.Generator, channels: int) -> np.ndarray:
        """Draw phases (C, H, W), uniform from −π to π."""
        return rng.uniform(-np.pi, np.pi, (channels, *self.size)).astype("float32")

    def values(self, phase: Tensor, magnitude: Tensor) -> Tensor:
        """Return the real images (N, H, W, C) with this phase (N, C, H, W) and magnitude."""
        # φ(−k) = −φ(k), as of any real image; the indices −k are those k, backwards
        backwards = ops.flip(ops.flip(phase, -2), -1)  # Keras 3.10 flips one axis at a time
        phase = (phase - ops.roll(backwards, (1, 1), (-2, -1))) / 2
        spectrum = magnitude * ops.cos(phase), magnitude * ops.sin(phase)
        values, _imaginary = ops.ifft2(spectrum)  # Eq. 4: F⁻¹(r e^{iφ})
        return ops.transpose(values, (0, 2, 3, 1))

    def pictures(self, phase: Tensor, magnitude: Tensor) -> Tensor:
        """Return images in [0, 1]: RGB of decorrelated colors, standardized, and a sigmoid."""
        values = in_colors(self.values(phase, magnitude))
        axes = tuple(range(1, len(values.shape)))
        mean = ops.mean(values, axis=axes, keepdims=True)
        values = (values - mean) / (ops.std(values, axis=axes, keepdims=True) + TINY)
        return ops.sigmoid(values)


PARAMETERS = {"fourier": Fourier, "pixels": Pixels}
