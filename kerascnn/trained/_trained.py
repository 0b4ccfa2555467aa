"""A model with everything needed to show it a photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from PIL import Image, ImageOps

from kerascnn import describe, weights
from kerascnn._fusion import avoid_wrong_fusions
from kerascnn._graph import flatten
from kerascnn._picture_reader import LUMA, as_picture
from kerascnn._sizes import check_size_of
from kerascnn.datasets import to_mnist_convention
from kerascnn.datasets._mnist_convention import is_dark_on_bright
from kerascnn.visualize._engine.layers import last_maps

from ._class_number import class_number
from ._explain import Explanation, explain
from ._probabilities import classes_of, to_probabilities

SHORT_SIDE = 224  # size of the usual crops for ImageNet
LONGEST = 2048  # maximum length of a panorama's longer side in pixels
FINE = 7  # minimum size of maps with useful positions, as in VGG16 and ResNet
MNIST = "mnist"  # images as returned by `to_mnist_convention`, …
DIGIT = 28  # … of this size
SHOWN = ("size", "short_side", "convention", "reading")  # attributes that `save` keeps
PHOTO_OF_DIGIT = 128  # pixels; enough to show a digit well


@dataclass(frozen=True, kw_only=True, repr=False)
class Trained:
    """A trained model with everything needed to show it a photo, as returned by `load`.

    Attributes:
        model: the model with its weights.
        name: name for titles, such as "vgg16/cifar10".
        preprocessing: preprocessing from RGB in [0, 1] to the model's input.
        class_names: class names, by index; empty if unknown.
        size: height and width to resize pictures to; `None`: that of the model's input. A smaller
            input takes their middle.
        short_side: length in pixels to resize the shorter side to, if the model accepts any size.
        convention: "mnist" if pictures must be converted to MNIST's format; otherwise `None`.
        folder: folder with the training images, if recorded by the run.
        reading: options of `datasets.from_directory` with which these images were read and split.
        data_hash: hash of the training and validation data, from config.json.
        instead: reason why it is not the requested network; `None` if it is.
        note: notes on its weights, such as what was assumed.

    >>> import kerascnn as kc
    >>> net = kc.trained.load("lenet5", weights="mnist")
    >>> net
    <Trained 'lenet5/mnist': images 28x28x1 as in MNIST, preprocessing 'unit', 10 classes>
    >>> int(net.probabilities(kc.datasets.load("digits").test[0][:1]).argmax())
    8
    """

    model: keras.Model
    name: str
    preprocessing: weights.Preprocessing
    class_names: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    short_side: int = SHORT_SIDE
    convention: str | None = None
    folder: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    data_hash: str | None = None
    instead: str | None = None
    note: str | None = None

    def __repr__(self) -> str:
        height, width = self._size
        channels = self.model.input_shape[-1]
        free = height is None or width is None
        seen = f"any size, {channels} channels" if free else f"{height}x{width}x{channels}"
        if self.convention is not None:
            seen += f" as in {self.convention.upper()}"
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        instead = f"; {self.instead}" if self.instead else ""
        return (
            f"<Trained {self.name!r}: images {seen}, preprocessing {self.preprocessing.name!r}"
            f"{classes}{instead}>"
        )

    def fitted(self, picture: np.ndarray) -> np.ndarray:
        """Crop and resize a picture as in training; convert it to gray if the model expects that.

        Args:
            picture: (H, W, 3), float in [0, 1] or uint8.

        Returns:
            (h, w, C) float32 in [0, 1].

        Raises:
            ValueError: If the shape or range is wrong, or it is too narrow for the model.
        """
        picture = as_picture(picture)
        (height, width), channels = self._size, self.model.input_shape[-1]
        if self.convention == MNIST:
            digit = to_mnist_convention((picture @ LUMA)[None, ..., 0])
            return self._middle(framed(digit, height or DIGIT)[0])
        if height is None or width is None:
            height, width = self._size_for(picture.shape[:2])
        image = Image.fromarray(np.uint8(np.round(picture * 255)))
        bring = Image.Image.resize if self._stretches else ImageOps.fit
        image = bring(image, (width, height), Image.Resampling.BILINEAR)
        fitted = self._middle(np.asarray(image, np.float32) / 255)
        return fitted if channels == 3 else fitted @ LUMA

    def view(self, picture: np.ndarray) -> np.ndarray:
        """Return the part of a picture that the model sees, at full resolution, (h, w, 3).

        This is the whole picture, or its middle in the proportions of the model's input. For
        MNIST's format, it is the converted digit.
        """
        picture = as_picture(picture)
        height, width = self._size
        if self.convention == MNIST:
            return np.repeat(self.fitted(picture), 3, axis=-1)
        if height is None or width is None:
            return picture
        tall, wide = rows, columns = picture.shape[:2]
        if not self._stretches:
            tall = max(1, min(rows, round(columns * height / width)))
            wide = max(1, min(columns, round(rows * width / height)))
        own = self.model.input_shape[1:3]
        if None not in own:  # it may see only the middle
            tall, wide = (max(1, round(n)) for n in (tall * own[0] / height, wide * own[1] / width))
        return middle(picture, tall, wide)

    def doubts(self, picture: np.ndarray) -> str | None:
        """Describe how a picture is changed beyond its size, in one line; `None` if it is not."""
        if self.convention != MNIST:
            return None
        inverted = is_dark_on_bright((as_picture(picture) @ LUMA)[..., 0])
        return (
            f"{'dark ink on bright paper: inverted and ' if inverted else ''}"
            "converted to MNIST's format (20x20 box, centered by mass)"
        )

    def inputs(self, fitted: np.ndarray) -> np.ndarray:
        """Preprocess a fitted picture (h, w, C) to a batch (1, h, w, C) for the model."""
        return self._preprocessed(fitted[None])

    def prepared(self, images: np.ndarray) -> np.ndarray:
        """Preprocess images of a data set, which have the size of the model's input.

        Args:
            images: (N, H, W, C) float in [0, 1]. Those of MNIST are padded with black for a larger
                input; photos of digits are converted to MNIST's format.
        """
        if self.convention == MNIST:
            size = self._size[0] or DIGIT
            if images.shape[1] != DIGIT:
                images = to_mnist_convention(images[..., 0])
            images = framed(images, size)
        if tuple(images.shape[1:3]) == tuple(self._size):
            images = self._middle(images)
        return self._preprocessed(images)

    def _preprocessed(self, images: np.ndarray) -> np.ndarray:
        """Preprocess images, and round them for a model that takes integers, such as uint8.

        Raises:
            ValueError: If the model takes integers, and the preprocessing is not to 0 … 255.
        """
        dtype = self.model.inputs[0].dtype
        if keras.backend.is_float_dtype(dtype):
            return self.preprocessing(images)
        if not np.allclose(np.ravel(self.preprocessing.clip_bounds), (0, 255)):
            raise ValueError(
                f"preprocessing must be '0-255' for a model that takes {dtype} images; "
                f"{self.name} has {self.preprocessing.name!r}."
            )
        return np.round(self.preprocessing(images)).astype(dtype)

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Compute the probability of each class, (classes,), averaged over positions if any.

        If the model returns logits, softmax is applied; of log_softmax, the exponentials are
        returned. A single unit is the second of two classes: a sigmoid, or a logit if there are two
        class names.

        Raises:
            ValueError: If the outputs are a dict, or no scores of classes, as of a tanh or a
                single linear unit without class names.
        """
        avoid_wrong_fusions(self.model)
        outputs = self.model.predict(inputs, verbose=0)
        return to_probabilities(outputs, self.model, self.name, self.class_names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes; "class 0" and so on if they are unknown."""
        if self.class_names:
            return self.class_names
        return tuple(f"class {c}" for c in range(max(classes_of(self.model) or 0, 2)))

    def explained_layer(self, fitted: np.ndarray) -> str:
        """Return the layer of the heatmaps of an image (h, w, C) if none is specified.

        Like the default of `kerascnn.visualize.grad_cam`, it is before the final pooling and the
        scores, and the whole image passes through it. The last such layer with fine maps is
        preferred, since those of small images have few positions at the end.
        """
        graph = flatten(self.model)
        layers = describe(self.model, input_shape=fitted.shape).layers
        first = next((i for i, x in enumerate(layers) if x.macs), len(layers))
        maps = [x for x in layers[first:] if len(x.output_shape) == 3]
        fine = {x.name for x in maps if min(n or 0 for n in x.output_shape[:2]) >= FINE}
        return last_maps(graph, graph.outputs[:1], fine).name

    def explain(
        self,
        picture: np.ndarray,
        method: str = "grad_cam",
        *,
        target: int | str | None = None,
        layer: str | None = None,
    ) -> Explanation:
        """Show where in a picture the model sees a class.

        Args:
            picture: (H, W, 3) RGB, float in [0, 1] or uint8, of any size.
            method: one of `kerascnn.trained.METHODS`.
            target: name or index of the class; `None`: the most probable one.
            layer: layer, for methods that use one; `None`: that of `explained_layer`.

        Returns:
            An `Explanation` with the part of the picture that the model sees, the heatmap, the
            class and its probability.

        Raises:
            TypeError: If the picture is the path of a file.
            ValueError: If the method, class or layer is unknown, the picture does not fit, or the
                model gives no probabilities of classes; see `probabilities`.

        >>> import kerascnn as kc
        >>> net = kc.trained.load("lenet5", weights="mnist")
        >>> digit = 1 - kc.datasets.load("digits").test[0][0].repeat(3, axis=-1)  # dark on bright
        >>> net.explain(digit).label
        '8'
        """
        if isinstance(target, str):
            target = class_number(target, self.names)
        elif target is not None and not 0 <= target < len(self.names):
            raise ValueError(
                f"target must be a class from 0 to {len(self.names) - 1}, or its name; "
                f"received {target!r}."
            )
        return explain(self, as_picture(picture), method, target, layer)

    @property
    def seen_shape(self) -> tuple[int, int, int]:
        """The (H, W, C) to read images of a folder in; large enough for photos of digits."""
        height, width = self._size
        if self.convention == MNIST:
            height = width = PHOTO_OF_DIGIT
        return height or self.short_side, width or self.short_side, self.model.input_shape[-1]

    @property
    def _stretches(self) -> bool:
        """Whether the training images were stretched to the input size instead of cropped."""
        return self.reading.get("resize") == "stretch"

    @property
    def _size(self) -> tuple[int | None, int | None]:
        return self.size or self.model.input_shape[1:3]

    def _middle(self, image: np.ndarray) -> np.ndarray:
        """Crop images (…, h, w, C) to the model's input, as the validation images in training."""
        height, width = self.model.input_shape[1:3]
        return middle(image, height or image.shape[-3], width or image.shape[-2])

    def _size_for(self, sides: tuple[int, int]) -> tuple[int, int]:
        """Return height and width to resize a picture to, for a model of any size."""
        scale = min(self.short_side / min(sides), LONGEST / max(sides))
        height, width = (max(1, round(side * scale)) for side in sides)
        try:
            check_size_of(self.model, (1, height, width, self.model.input_shape[-1]))
        except ValueError:
            raise ValueError(
                f"the image is too narrow: {self.name} resizes its {sides[1]}x{sides[0]} pixels "
                f"to {width}x{height}, which is too small for its layers. Crop it so that its "
                f"length is at most {LONGEST // self.short_side} times its width."
            ) from None
        return height, width


def middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the middle of images (…, h, w, C)."""
    top, left = (image.shape[-3] - height) // 2, (image.shape[-2] - width) // 2
    return image[..., top : top + height, left : left + width, :]


def framed(images: np.ndarray, size: int) -> np.ndarray:
    """Pad images (N, H, W, C) with black on all sides to (N, size, size, C)."""
    height, width = (size - n for n in images.shape[1:3])
    sides = [(0, 0), (height // 2, height - height // 2), (width // 2, width - width // 2), (0, 0)]
    return np.pad(images, sides)


def check_model(model: keras.Model, name: str, include_top: bool = True) -> None:
    """Reject a model that does not take images.

    Raises:
        ValueError: If the number of inputs, axes or channels does not fit.
    """
    shape = model.input_shape
    if len(model.inputs) != 1 or len(shape) != 4:
        raise ValueError(f"the model must have one image input (N, H, W, C); {name} takes {shape}.")
    if shape[1] in (1, 3) and shape[-1] not in (1, 3, None):
        raise ValueError(
            f"the model must take images (N, H, W, C), with the channels last; {name} takes "
            f"{shape}, with the channels first. Build it with data_format='channels_last' and load "
            "the same weights."
        )
    if shape[-1] not in ((1, 3) if include_top else (3,)):
        raise ValueError(
            f"the model must take RGB{' or gray' * include_top} images; "
            f"received {name}, which takes {shape[-1]} channel{'s' * (shape[-1] > 1)}."
        )
