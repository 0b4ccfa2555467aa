"""Conversion between RGB images in [0, 1] and the input that a model's weights expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn._errors import unknown

from ._available import available

ROUNDING = 1e-3  # images may exceed [0, 1] by this much


@dataclass(frozen=True)
class Preprocessing:
    """Invertible preprocessing of images, channel by channel: input = scale · image + offset.

    Call it with RGB images (N, H, W, C) float in [0, 1] to compute the input of the model, and call
    `inverse` to convert an input back into images. Both are differentiable, return an array for an
    array and a tensor for a tensor, and do not modify their argument.

    Attributes:
        name: "unit", "signed", "lecun", "torch", "caffe" or "0-255".
        scale, offset: one number, or one for each of the model's channels.
        bgr: whether the model's channels are in the order blue, green, red.

    >>> import numpy as np, kerascnn as kc
    >>> signed = kc.weights.MODES["signed"]
    >>> inputs = signed(np.full((1, 2, 2, 3), 0.75))
    >>> float(inputs.max()), float(signed.inverse(inputs).max())
    (0.5, 0.75)
    """

    name: str
    scale: float | Sequence[float]
    offset: float | Sequence[float]
    bgr: bool = False

    @property
    def clip_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The model's input for black and for white, for each channel: the range of images."""
        offset = np.atleast_1d(np.asarray(self.offset, "float32"))
        return offset, offset + np.asarray(self.scale, "float32")

    def __call__(self, images: Any) -> Any:
        """Convert images to the input of the model.

        Args:
            images: (N, H, W, C) float in [0, 1], RGB; or (H, W, C).

        Raises:
            TypeError: If the images are integers, such as those from 0 to 255.
            ValueError: If the number of channels is wrong or a value is not in [0, 1]; the values
                of symbolic tensors are not checked.
        """
        images = self._checked(images)
        self._check_range(images)
        scale, offset = self._numbers_for(images)
        return self._turned(images) * scale + offset

    def inverse(self, inputs: Any) -> Any:
        """Convert the input of the model back to images.

        Args:
            inputs: (N, H, W, C) float, in the format that the model expects; or (H, W, C).

        Returns:
            RGB images, in [0, 1] where the input is within `clip_bounds`.
        """
        inputs = self._checked(inputs)
        scale, offset = self._numbers_for(inputs)
        return self._turned((inputs - offset) / scale)

    def _checked(self, images: Any) -> Any:
        """Check an array or tensor; convert anything else to an array."""
        if not hasattr(images, "dtype"):
            images = np.asarray(images)
        kind = keras.backend.standardize_dtype(images.dtype)
        if "float" not in kind:
            raise TypeError(
                f"images must be float, RGB in [0, 1]; received {kind}. Divide 8-bit values by 255."
            )
        channels = np.size(self.scale) if np.ndim(self.scale) else np.size(self.offset)
        if channels > 1 and (len(images.shape) < 3 or images.shape[-1] != channels):
            raise ValueError(
                f"images must be (N, H, W, {channels}); received {tuple(images.shape)}."
            )
        return images

    def _check_range(self, images: Any) -> None:
        """Refuse values outside [0, 1], such as 8-bit images or images that are preprocessed."""
        try:
            values = images if isinstance(images, np.ndarray) else ops.convert_to_numpy(images)
        except Exception:  # each backend has its own error for a symbolic tensor
            return
        if values.size == 0:
            return
        low, high = float(values.min()), float(values.max())
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # NaN too
            raise ValueError(
                f"images must be RGB in [0, 1] for the preprocessing {self.name!r}; received "
                f"{low:.4g} to {high:.4g}. Divide 8-bit values by 255; for images that are already "
                f"preprocessed, use the inverse of their mode: {', '.join(map(repr, MODES))}."
            )

    def _numbers_for(self, images: Any) -> list[Any]:
        """Return scale and offset in the data type of the images."""
        numbers = [np.asarray(x, "float32") for x in (self.scale, self.offset)]
        if isinstance(images, np.ndarray):
            return [x.astype(images.dtype) for x in numbers]
        return [ops.cast(x, keras.backend.standardize_dtype(images.dtype)) for x in numbers]

    def _turned(self, images: Any) -> Any:
        if not self.bgr:
            return images
        return images[..., ::-1] if isinstance(images, np.ndarray) else ops.flip(images, axis=-1)


MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet, RGB
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])  # of ImageNet, BGR from 0 to 255
#: The ways to prepare images, by name.
MODES = {
    p.name: p
    for p in (
        Preprocessing("unit", 1.0, 0.0),  # [0, 1]
        Preprocessing("signed", 2.0, -1.0),  # [-1, 1]
        Preprocessing("lecun", 1.275, -0.1),  # [-0.1, 1.175]: LeCun et al. 1998, section II.B
        Preprocessing("torch", tuple(1 / STD), tuple(-MEAN / STD)),
        Preprocessing("caffe", 255.0, tuple(-CAFFE_MEAN), bgr=True),
        Preprocessing("0-255", 255.0, 0.0),  # of models that rescale their input themselves
    )
}
MODES["0-1"] = MODES["unit"]  # as `visualize` names it


def preprocessing(architecture: str, weights: str, variant: str | None = None) -> Preprocessing:
    """Return the preprocessing of RGB images in [0, 1] that a set of weights was trained with.

    Args:
        architecture: the name of the builder without `build_`.
        weights: the name of a set of weights for it; see `available`.
        variant: the variant of the architecture; `None` for the default.

    Returns:
        A `Preprocessing`, to call with images; its `inverse` converts the model's input back.

    Raises:
        ValueError: If there is no such set.

    >>> import kerascnn as kc
    >>> preprocess = kc.weights.preprocessing("vgg16", "imagenet")
    >>> preprocess(np.ones((1, 1, 1, 3))).round(3).ravel().tolist()
    [151.061, 138.221, 131.32]
    """
    known = available(architecture)
    sets = [s for s in known if s.name == weights]
    if not known:
        raise unknown(
            "architecture", architecture, dict.fromkeys(s.architecture for s in available())
        )
    if not sets:
        names = dict.fromkeys(s.name for s in known)
        raise unknown(f"weights of {architecture}", weights, names)
    for found in sets:
        if found.of_variant(variant):
            return MODES[found.preprocessing]
    raise unknown("variant", variant, [s.variant for s in sets])
