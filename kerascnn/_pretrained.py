"""A trained network for the command line: the one that is asked for, or one that is shipped."""

from dataclasses import dataclass

import keras
import numpy as np

from . import describe, models, weights
from ._graph import flatten
from ._pictures import middle, scaled_to

SHORT_SIDE = 224  # of ImageNet's crops
LONGEST = 2048  # pixels of a panorama's longer side
SMALL = 64  # twice that of CIFAR-10, whose pictures show less than a photo


@dataclass(frozen=True)
class Pretrained:
    """A model with all that is needed to show it a photo.

    Attributes:
        model: with its weights.
        name: "architecture/weights".
        preprocessing: from RGB in [0, 1] to the model's input.
        instead: why it is not the one that was asked for; `None`: it is.
    """

    model: keras.Model
    name: str
    preprocessing: weights.Preprocessing
    instead: str | None = None

    def fitted(self, picture: np.ndarray) -> np.ndarray:
        """Bring what the model sees of a picture to the size that it was trained on.

        Args:
            picture: (H, W, 3) in [0, 1].
        """
        height, width = self.model.input_shape[1:3]
        if height is not None:
            return scaled_to(self.view(picture), height, width)
        height, width = picture.shape[:2]
        scale = min(self.short_side / min(height, width), LONGEST / max(height, width))
        return scaled_to(picture, *(max(1, round(n * scale)) for n in picture.shape[:2]))

    def view(self, picture: np.ndarray) -> np.ndarray:
        """What the model sees of a picture: all of it, or the square in its middle."""
        return picture if self.model.input_shape[1] is None else middle(picture)

    @property
    def short_side(self) -> int:
        """The height at which the network sees a photo."""
        return SMALL if self.name.endswith("cifar10") else SHORT_SIDE

    def explained_layer(self, image: np.ndarray) -> str | None:
        """The last layer whose maps of an image, (H, W, 3), still tell places apart."""
        layers = describe(self.model, input_shape=image.shape).layers
        fine = [x.name for x in layers if len(x.output_shape) == 3 and min(x.output_shape[:2]) >= 7]
        return fine[-1] if fine else None

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """The probability of each class, (classes,), as the mean over the places of one image."""
        outputs = self.model.predict(inputs, verbose=0)[0]
        return outputs.reshape(-1, outputs.shape[-1]).mean(axis=0)

    @property
    def dream_layers(self) -> list[str]:
        """Layers in the middle, where dreams are neither dots nor whole objects."""
        maps = [n for n in flatten(self.model).nodes if n.shapes[0][1:3] != (1, 1)]
        convolutions = [n for n in maps if isinstance(n.operation, keras.layers.Conv2D)]
        first = len(convolutions) // 2
        return [n.name for n in convolutions[first : first + 3]]

    @property
    def class_names(self) -> list[str]:
        """The names of the classes; their numbers where the names cannot be had."""
        count = self.model.output_shape[-1]
        architecture, _, name = self.name.partition("/")
        for found in weights.available(architecture):
            if found.name == name and found.class_names:
                return list(found.class_names)
        if name == "imagenet":
            try:  # Keras downloads the list once, 35 kB
                ranked = keras.applications.imagenet_utils.decode_predictions(
                    np.arange(count, 0, -1, dtype="float32")[None], top=count
                )
                return [name.replace("_", " ") for _, name, _ in ranked[0]]
            except Exception:
                pass
        return [f"class {c}" for c in range(count)]


def pretrained(
    architecture: str, name: str, *, otherwise: str, include_top: bool = True
) -> Pretrained:
    """Build a network with a set of weights, or a shipped one where these cannot be had.

    Args:
        architecture: the builder's name without "build_".
        name: the name of a set of weights, or the path of a file for [0, 1].
        otherwise: "architecture/weights" of a set that the package ships.
        include_top: whether the dense layers are needed.

    Raises:
        ValueError: there is no such architecture or set.
        OSError: a file that cannot be read.
    """
    instead = None
    known = [s.name for s in weights.available(architecture)]
    try:
        model = _build(architecture, name, include_top)
    except OSError as error:
        if name not in known:  # a file of the user's own: no other will do
            raise
        reason = str(error).partition("received: ")[2].partition(" Try again")[0].rstrip(".")
        instead = f"{architecture}/{name} is not at hand ({reason or error})"
        architecture, _, name = otherwise.partition("/")
        model = _build(architecture, name, include_top)
        known = [name]
    if name in known:
        preprocessing = weights.preprocessing(architecture, name)
    else:
        preprocessing = weights.Preprocessing("unit", 1.0, 0.0)
    return Pretrained(model, f"{architecture}/{name}", preprocessing, instead)


def _build(architecture: str, name: str, include_top: bool) -> keras.Model:
    options: dict = {} if include_top else {"include_top": False}
    sets = [s for s in weights.available(architecture) if s.name == name]
    if sets and sets[0].variant:
        options["variant"] = sets[0].variant
    model = models.build(architecture, weights=name, **options)
    _, height, _, channels = model.input_shape
    if not include_top or height is None:
        return model
    if not any(isinstance(layer, keras.layers.Flatten) for layer in model.layers):
        # A net that pools globally can see all of a photo.
        return models.build(
            architecture, weights=name, input_shape=(None, None, channels), **options
        )
    return models.convolutionalize(model) if height < SMALL else model  # or piece by piece
