"""What do the skips of FCN achieve? (lecture map, D13)."""

from collections.abc import Mapping, Sequence
from functools import partial

import keras
import numpy as np

from kerascnn import datasets, metrics, models

from ._experiment import experiment
from ._photographs import trained

STRIDES = (32, 16, 8)  # of the finest map that is classified, in pixels
SOURCE = "cifar10"  # the weights of VGG16
DENSE = {"fc1": "fc6", "fc2": "fc7"}  # VGG16's dense layers, and their names in FCN
Weights = Mapping[str, list[np.ndarray]]  # of each layer


@experiment
def fcn_skips(
    *,
    images: int = 160,
    size: int = 96,
    width: float = 0.125,
    epochs: int = 5,
    batch_size: int = 4,
    learning_rate: float = 1e-3,
    shown: int = 0,
    seeds: Sequence[int] = (0, 1, 2),
) -> dict:
    """Turn the shipped VGG16 into FCN-32s, and this into FCN-16s and FCN-8s, on images of cells.

    FCN-32s starts with the weights of VGG16, FCN-16s with those of FCN-32s, and FCN-8s with those
    of FCN-16s; the scores of new skips start at 0 (Long et al. 2015, section 4.3). As a control,
    FCN-32s is also trained for as long as all three together, with the first seed and the same
    learning rates. The cells are smaller than the stride of FCN-32s: their radius is 7 to 12
    pixels.

    Args:
        images: Number of training images; a fifth as many are for testing.
        size: Height and width of the images in pixels.
        width: Factor by which to multiply VGG16's number of filters. The shipped VGG16 has a
            quarter; below it, only its strongest filters are used.
        epochs: Number of epochs of each network.
        batch_size: Images per step.
        learning_rate: Initial learning rate of Adam, with a cosine schedule for each network.
        shown: Index of the test image whose masks are recorded.
        seeds: Random seeds of shuffling; the weights are VGG16's.

    Returns:
        A `Result` with `iou` (net, seed), the IoU of the cells on the test images; `longer`, that
        of FCN-32s trained for as long as all three; `masks` (net, row), the mask of one image and
        the first seed, each row of pixels as a hexadecimal number; and `nets`.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("fcn_skips")["iou"].shape
    (3, 3)
    """
    data = datasets.load("cells", count=images, size=size)
    part, (tests, truth) = in_color(data.train), in_color(data.part("test"))
    start = strongest(vgg16_weights(), width)
    learn = partial(
        trained,
        part=part,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule="cosine",
    )
    iou, longer, masks = np.zeros((len(STRIDES), len(seeds))), 0.0, []
    for nth, seed in enumerate(seeds):
        weights, coarse = start, {}
        for row, stride in enumerate(STRIDES):
            model = learn(partial(net, stride, width, weights), seed=seed).model
            weights = weights_of(model)
            coarse = coarse or weights
            found = predicted(model, tests)
            iou[row, nth] = metrics.iou(truth, found, classes=2)[1]
            if nth == 0:
                masks.append([as_number(line) for line in found[shown]])
        if nth == 0:
            for _ in STRIDES[1:]:
                model = learn(partial(net, STRIDES[0], width, coarse), seed=seed).model
                coarse = weights_of(model)
            longer = metrics.iou(truth, predicted(model, tests), classes=2)[1]
    nets = [f"FCN-{stride}s" for stride in STRIDES]
    return {"iou": iou, "longer": longer, "masks": masks, "nets": nets}


def net(stride: int, width: float, weights: Weights, classes: int = 2) -> keras.Model:
    """Build an FCN for a VGG16 for images of 32x32, with the weights of the layers of these names.

    DEVIATION: no dropout, as in the small U-Nets.
    """
    model = models.build(
        f"fcn{stride}s",
        width=width,
        hidden=1024,
        window=1,
        dropout=0.0,
        classes=classes,
        input_shape=(None, None, 3),
    )
    for layer in model.layers:
        if layer.name in weights:
            layer.set_weights(weights[layer.name])
    return model


def weights_of(model: keras.Model) -> Weights:
    """Return the weights of each layer, without the bilinear ones, whose size differs."""
    return {
        layer.name: layer.get_weights()
        for layer in model.layers
        if layer.trainable and layer.weights
    }


def vgg16_weights() -> Weights:
    """Return the weights of the shipped VGG16 as convolutions, without its classes."""
    source = models.convolutionalize(models.build("vgg16", weights=SOURCE))
    layers = weights_of(source)
    return {DENSE.get(name, name): layers[name] for name in layers if name != "predictions"}


def strongest(weights: Weights, width: float) -> Weights:
    """Keep the filters with the largest sums of absolute weights (Li et al. 2017, section 3.1).

    Args:
        weights: of layers in a row, each a kernel (h, w, channels, filters) and a bias.
        width: of the network that they are for; the first layers have 64 filters before scaling.
    """
    full, kept, small = weights["block1_conv1"][1].size, slice(None), {}
    for name, (kernel, bias) in weights.items():
        kernel = kernel[:, :, kept]
        count = round(bias.size * 64 * width / full)
        order = np.argsort(-np.abs(kernel).sum(axis=(0, 1, 2)), kind="stable")
        kept = np.sort(order[:count])
        small[name] = [kernel[..., kept], bias[kept]]
    return small


def in_color(part):
    """Repeat gray images three times, as channels."""
    images, labels = part
    return np.repeat(images, 3, axis=-1), labels


def predicted(model, images):
    """Return the class of each pixel, (N, H, W)."""
    return model.predict(images, batch_size=8, verbose=0).argmax(axis=-1)


def as_number(row):
    """Write a row of zeros and ones as a hexadecimal number.

    >>> as_number([0, 0, 0, 1, 1, 0, 1, 0])
    '1a'
    """
    return f"{int(''.join(map(str, row)), 2):0{-(-len(row) // 4)}x}"
