"""What is optimised when a picture is made: its pixels, or its spectrum.

Each gives `start(noise) -> point`, `pictures(point)`, (N, H, W, C) in [0, 1], and
`project(point, step, slope)`, which keeps the point where pictures are.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from kerascnn._checks import check_number

from .regularizers import GREY, blur

START = 0.01  # the standard deviation of the noise at the start (lucid)
BLUR_EVERY = 4  # steps (Yosinski et al. 2015, arXiv:1506.06579, Table 1)

# The square root of the covariance of ImageNet's colours (lucid, "color_correlation_svd_sqrt"):
# a column for each direction, from light to hue, divided by the longest of them.
COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLOURS = (COLOURS / np.linalg.norm(COLOURS, axis=0).max()).astype("float32")


@dataclass(frozen=True)
class Pixels:
    """The pixels themselves, kept within [0, 1] (Yosinski et al. 2015, section 3).

    Attributes:
        blur: standard deviation, in pixels, of a blur after every fourth step.
        small_norm, small_contribution: a percentage: after each step so many pixels of an image
            become grey, those nearest to it, Σ_c x_c², and those without which the objective would
            change least, |Σ_c x_c ∂S/∂x_c|, with x counted from grey. What is left is what matters.

    Raises:
        ValueError: a number that is out of range.
    """

    blur: float = 0.0
    small_norm: float = 0.0
    small_contribution: float = 0.0

    def __post_init__(self) -> None:
        check_number("blur", self.blur)
        check_number("small_norm", self.small_norm, high=100.0)
        check_number("small_contribution", self.small_contribution, high=100.0)

    def start(self, noise: np.ndarray) -> object:
        """Grey with a little noise."""
        return ops.convert_to_tensor(GREY + START * noise, "float32")

    def pictures(self, point: object) -> object:
        """Clipped, since a step may lead out of the range."""
        return ops.clip(point, 0.0, 1.0)

    def project(self, point: object, step: int, slope: object) -> object:
        """Blur, let pixels go that matter little, and clip."""
        if self.blur and step % BLUR_EVERY == 0:
            point = blur(point, self.blur)
        if self.small_norm:
            norm = ops.sum(ops.square(point - GREY), axis=-1, keepdims=True)  # grey is their 0
            point = without_least(point, norm, self.small_norm)
        if self.small_contribution:  # what the score would change by without it, to first order
            change = ops.sum((point - GREY) * slope, axis=-1, keepdims=True)
            point = without_least(point, ops.abs(change), self.small_contribution)
        return ops.clip(point, 0.0, 1.0)


def without_least(pictures: object, worth: object, percentile: float) -> object:
    """Pictures (N, H, W, C), grey where the worth (N, H, W, 1) is below its percentile in each."""
    least = ops.quantile(worth, percentile / 100, axis=(1, 2, 3), keepdims=True)
    return ops.where(worth < least, GREY, pictures)


@dataclass(frozen=True)
class Fourier:
    """The spectrum of decorrelated colours (Olah et al. 2017, "Preconditioning"; lucid).

    A step changes all frequencies by amounts that natural pictures have, not pixels one by one,
    so the result is free from the checkerboards that strided gradients leave. The point is the
    spectrum's real and imaginary part, (N, 2, C, H, W).
    """

    def start(self, noise: np.ndarray) -> object:
        """The spectrum of noise."""
        height, width = noise.shape[1:3]
        spectrum = np.fft.fft2(np.moveaxis(noise, -1, 1)) * START * np.sqrt(2 / (height * width))
        return ops.convert_to_tensor(np.stack([spectrum.real, spectrum.imag], axis=1), "float32")

    def pictures(self, point: object) -> object:
        """Back to pixels: the inverse transform, colours, and a sigmoid into [0, 1]."""
        spectrum = point * (frequency_scale(*point.shape[-2:]) / 4)  # lucid, spatial.py
        values, _imaginary = ops.ifft2(ops.unstack(spectrum, 2, axis=1))
        values = ops.transpose(values, (0, 2, 3, 1))
        if values.shape[-1] == 3:
            # 1x1: in each pixel the matrix
            values = ops.conv(values, COLOURS.T[None, None], data_format="channels_last")
        return ops.sigmoid(values)

    def project(self, point: object, step: int, slope: object) -> object:
        """Every spectrum is a picture."""
        return point


def frequency_scale(height: int, width: int) -> np.ndarray:
    """1 / f, as in natural pictures, with the mean treated as the lowest frequency; (H, W)."""
    f = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))  # cycles per pixel
    return (np.sqrt(height * width) / np.maximum(f, 1 / max(height, width))).astype("float32")


PARAMETERS = {"fourier": Fourier, "pixels": Pixels}
