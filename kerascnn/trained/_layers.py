"""Default layers of a trained network for DeepDream and style transfer."""

from collections.abc import Sequence

import keras
import numpy as np

from kerascnn import describe, visualize
from kerascnn._graph import MisfitError, flatten
from kerascnn._sizes import shapes_on_the_way
from kerascnn.visualize._deep_dream import octave_sizes
from kerascnn.visualize._style_transfer import content_loss, gram, style_loss

from ._trained import SHORT_SIDE, Trained

STYLE_TO_CONTENT = 50  # from 15 to 100, results look painted with all networks that were tried
OCTAVES, OCTAVE_SCALE = 4, 1.4  # google/deepdream, dream.ipynb
TINY = 1e-12  # keeps a black style from dividing by zero


def dream_layers(model: keras.Model) -> list[str]:
    """Return layers in the middle, where dreams are neither dots nor whole objects."""
    maps = [n for n in flatten(model).nodes if n.shapes[0][1:3] != (1, 1)]
    convolutions = [n for n in maps if isinstance(n.operation, keras.layers.Conv2D)]
    first = len(convolutions) // 2
    return [n.name for n in convolutions[first : first + 3]]


def fitting_octaves(model: keras.Model, sides: tuple[int, int], layers: Sequence[str]) -> int:
    """Return the largest number of octaves, up to the notebook's, that all layers accept.

    Args:
        model: a model with one image input.
        sides: height and width of the picture.
        layers: names of layers.
    """
    graph, images = flatten(model), model.inputs[0]
    keys = tuple(graph.node(name).outputs[0] for name in layers)
    for octaves in range(OCTAVES, 1, -1):
        smallest, *_ = octave_sizes(sides, octaves, OCTAVE_SCALE)
        seen = keras.KerasTensor((None, *smallest, images.shape[-1]), images.dtype)
        try:
            shapes_on_the_way(graph, [seen], keys)
        except MisfitError:
            continue
        return octaves
    return 1


def content_layers(model: keras.Model) -> list[str]:
    """Return the second convolution of the second-to-last stage; in VGG, block4_conv2 (paper)."""
    stages = _stages(model)
    return stages[max(0, len(stages) - 2)][:2][-1:] if stages else []


def style_layers(model: keras.Model) -> list[str]:
    """Return the first convolution of each stage; in VGG, block1_conv1 … block5_conv1 (paper)."""
    return [stage[0] for stage in _stages(model)]


def style_weight(
    net: Trained,
    content: np.ndarray,
    style: np.ndarray,
    content_layers: Sequence[str],
    style_layers: Sequence[str],
) -> float:
    """Compute a weight of the style that makes it visible beside the content, for any network.

    Both losses are compared with those for maps of zeros: the weighted loss of the style is then
    STYLE_TO_CONTENT times that of the content.

    Args:
        net: a trained network.
        content, style: (1, H, W, 3) in [0, 1].
        content_layers, style_layers: names of layers.
    """

    def maps(picture: np.ndarray, layers: Sequence[str]) -> list[np.ndarray]:
        seen = visualize.activations(net.model, net.preprocessing(picture), list(layers))
        return list(seen.values())

    contents = np.mean([content_loss(m, 0) for m in maps(content, content_layers)])
    styles = np.mean([style_loss(gram(m), 0) for m in maps(style, style_layers)])
    return float(STYLE_TO_CONTENT * contents / max(styles, TINY))


def _stages(model: keras.Model) -> list[list[str]]:
    """Group the convolutions into stages, each with maps of one size."""
    stages: dict[object, list[str]] = {}
    shape = [n or SHORT_SIDE for n in model.input_shape[1:]]
    for row in describe(model, input_shape=tuple(shape)).layers:
        if row.kind == "Conv2D":
            stages.setdefault(row.stride_product, []).append(row.name)
    return list(stages.values())
