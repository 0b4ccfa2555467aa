"""A trained network for the command line: the one that is asked for, or one that is shipped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import keras
import numpy as np

from kerascnn import describe, models, visualize, weights
from kerascnn._graph import flatten
from kerascnn._sizes import check_size_of
from kerascnn.visualize._style_transfer import content_loss, gram, style_loss
from kerascnn.weights._download import RemoteFile

from ._pictures import grey, middle, scaled_to

SHORT_SIDE = 224  # of ImageNet's crops
LONGEST = 2048  # pixels of a panorama's longer side
FINE = 7  # places along each side of maps that tell them apart, as VGG16's and ResNet's have
SMALL = 64  # twice that of CIFAR-10, whose pictures show less than a photo
STYLE_TO_CONTENT = 50  # from 15 to 100 it looks painted, by each network that was at hand
TINY = 1e-12  # keeps a black style from dividing by zero


@dataclass(frozen=True)
class Pretrained:
    """A model with all that is needed to show it a photo.

    Attributes:
        model: with its weights.
        name: "architecture/weights".
        preprocessing: from RGB in [0, 1] to the model's input.
        instead: why it is not the one that was asked for; `None`: it is.
        note: what is known or assumed of a file of weights.
    """

    model: keras.Model
    name: str
    preprocessing: weights.Preprocessing
    instead: str | None = None
    note: str | None = None

    def fitted(self, picture: np.ndarray) -> np.ndarray:
        """Bring what the model sees of a picture to the size, and grey, that it was trained on.

        Args:
            picture: (H, W, 3) in [0, 1].

        Raises:
            ValueError: it is so narrow that no maps are left of it.
        """
        height, width, channels = self.model.input_shape[1:]
        if height is None:
            sides = picture.shape[:2]
            scale = min(self.short_side / min(sides), LONGEST / max(sides))
            height, width = (max(1, round(side * scale)) for side in sides)
            try:
                check_size_of(self.model, (1, height, width, channels))
            except ValueError:
                raise ValueError(
                    f"the picture must be less narrow: {self.name} sees its {sides[1]}x{sides[0]} "
                    f"pixels as {width}x{height}, of which its layers leave nothing. Cut a part "
                    f"that is at most {LONGEST // self.short_side} times as long as it is wide."
                ) from None
        fitted = scaled_to(self.view(picture), height, width)
        return fitted if channels == 3 else grey(fitted)

    def view(self, picture: np.ndarray) -> np.ndarray:
        """What the model sees of a picture: all of it, or the square in its middle."""
        return picture if self.model.input_shape[1] is None else middle(picture)

    @property
    def short_side(self) -> int:
        """The height at which the network sees a photo."""
        return SMALL if self.name.endswith("cifar10") else SHORT_SIDE

    def explained_layer(self, image: np.ndarray) -> str | None:
        """The last layer whose maps of an image, (H, W, 3), still tell places apart; no pooling."""
        layers = describe(self.model, input_shape=image.shape).layers
        maps = [x for x in layers if len(x.output_shape) == 3 and "Pooling" not in x.kind]
        fine = [x.name for x in maps if min(x.output_shape[:2]) >= FINE]
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
    def content_layers(self) -> list[str]:
        """The second convolution of the last stage but one; of VGG the paper's, block4_conv2."""
        stages = self._stages
        return stages[max(0, len(stages) - 2)][:2][-1:] if stages else []

    @property
    def style_layers(self) -> list[str]:
        """The first convolution of each stage; of VGG the paper's, block1_conv1 … block5_conv1."""
        return [stage[0] for stage in self._stages]

    def style_weight(
        self,
        content: np.ndarray,
        style: np.ndarray,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
    ) -> float:
        """How much the style must count, for maps of any size, to be seen beside the content.

        Both losses are measured against a network that sees nothing: that of the style then
        counts STYLE_TO_CONTENT times that of the content.

        Args:
            content, style: (1, H, W, 3) in [0, 1].
            content_layers, style_layers: names of layers.
        """

        def maps(picture: np.ndarray, layers: Sequence[str]) -> list[np.ndarray]:
            seen = visualize.activations(self.model, self.preprocessing(picture), list(layers))
            return list(seen.values())

        contents = np.mean([content_loss(m, 0) for m in maps(content, content_layers)])
        styles = np.mean([style_loss(gram(m), 0) for m in maps(style, style_layers)])
        return float(STYLE_TO_CONTENT * contents / max(styles, TINY))

    @cached_property
    def _stages(self) -> list[list[str]]:
        """The convolutions between one reduction of the maps and the next."""
        stages: dict[object, list[str]] = {}
        shape = [n or SHORT_SIDE for n in self.model.input_shape[1:]]
        for row in describe(self.model, input_shape=tuple(shape)).layers:
            if row.kind == "Conv2D":
                stages.setdefault(row.stride_product, []).append(row.name)
        return list(stages.values())

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
    architecture: str,
    name: str,
    *,
    otherwise: str,
    include_top: bool = True,
    preprocessing: str | None = None,
    options: Mapping = MappingProxyType({}),
) -> Pretrained:
    """Build a network with a set of weights, or a shipped one where these cannot be had.

    Args:
        architecture: the builder's name without "build_".
        name: the name of a set of weights, or the path of a file; an official one is known by
            its hash.
        otherwise: "architecture/weights" of a set that the package ships.
        include_top: whether the dense layers are needed.
        preprocessing: the name of the input that the weights expect; `None`: that of the set,
            and "unit" for a file of the user's own.
        options: further arguments of the builder, that the weights were made with.

    Raises:
        ValueError: there is no such architecture or set.
        OSError: a file that cannot be read.
    """
    found, instead, note = _set_of(architecture, name), None, None
    try:
        model = _build(architecture, name, found, include_top, options)
    except OSError as error:
        if found is None or found.name != name:  # a file of the user's own: no other will do
            raise
        reason = str(error).partition("received: ")[2].partition(" Try again")[0].rstrip(".")
        instead = f"{architecture}/{name} is not at hand ({reason or error})"
        architecture, _, name = otherwise.partition("/")
        found, preprocessing = _set_of(architecture, name), None
        model = _build(architecture, name, found, include_top, {})
    if found is None:
        note = "preprocessing unit is assumed; if it is another, give --preprocessing"
    elif found.name != name:
        note = (
            f"{name} is, by its hash, that of {found.source}; preprocessing {found.preprocessing}"
        )
        name = found.name
    if preprocessing is not None:
        note = f"preprocessing {preprocessing}, as you say"
    else:
        preprocessing = "unit" if found is None else found.preprocessing
    return Pretrained(model, f"{architecture}/{name}", weights.MODES[preprocessing], instead, note)


def _set_of(architecture: str, name: str) -> weights.WeightSet | None:
    """The set of this name, or the official one that a file belongs to; `None`: none."""
    sets = weights.available(architecture)
    path = Path(name).expanduser()
    for found in sets:
        if found.name == name:
            return found
    for found in sets if path.is_file() else ():
        if isinstance(found, weights.OfficialSet):
            files = set(found.files.values())
            if any(RemoteFile(file, "", digest).is_at(path) for file, digest in files):
                return found
    return None


def _build(
    architecture: str,
    name: str,
    found: weights.WeightSet | None,
    include_top: bool,
    options: Mapping,
) -> keras.Model:
    if "include_top" in options:
        raise ValueError("--option include_top is chosen by what is made; leave it out.")
    options = dict(options) if include_top else {**options, "include_top": False}
    if found is not None and found.variant:
        options["variant"] = found.variant
    try:
        model = models.build(architecture, weights=name, **options)
    except ValueError:
        if include_top or not Path(name).expanduser().is_file():
            raise
        # The file of a whole net: what it has below the top.
        whole = models.build(architecture, weights=name, **options | {"include_top": True})
        model = models.build(architecture, **options)
        for layer in model.layers:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    _, height, _, channels = model.input_shape
    if channels not in ((1, 3) if include_top else (3,)):
        raise ValueError(
            f"the model must see RGB{' or grey' * include_top} pictures; "
            f"received {architecture}, of {channels} channel{'s' * (channels > 1)}."
        )
    if not include_top or height is None:
        return model
    if not any(isinstance(layer, keras.layers.Flatten) for layer in model.layers):
        # A net that pools globally can see all of a photo.
        free = models.build(architecture, **options | {"input_shape": (None, None, channels)})
        free.set_weights(model.get_weights())
        return free
    if height >= SMALL or channels == 1:  # digits fill their picture
        return model
    return models.convolutionalize(model)  # or piece by piece
