"""Images that the layers of a network do not take are refused in a line, by train and evaluate."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.training import evaluate, train

ANY = (None, None, 1)


@pytest.mark.parametrize(
    ("build", "size", "message"),
    [
        (
            lambda: kc.build_unet(padding="same", input_shape=ANY, width=0.05),
            33,
            "Use 32x32 or 48x48",
        ),
        (lambda: kc.build_fusionnet(input_shape=ANY, width=0.05), 20, "Use 16x16 or 32x32"),
        (lambda: kc.build_unet(input_shape=ANY, width=0.05), 33, "is empty .* Use 188x188"),
        (lambda: kc.build_unet(input_shape=ANY, width=0.05), 256, "Use 252x252 or 268x268"),
        (
            lambda: kc.build_vgg16(input_shape=(32, 32, 1), classes=2, width=0.05),
            33,
            r"images must be \(N, 32, 32, 1\) for this model; received \([12], 33, 33, 1\)",
        ),
    ],
    ids=["unet", "fusionnet", "small for a valid unet", "valid unet", "vgg"],
)
def test_the_nearest_sizes_are_named(build, size, message):
    model = build()
    images = np.zeros((2, size, size, 1), "float32")
    labels = np.zeros((2, size, size), int) if len(model.output_shape) == 4 else np.array([0, 1])
    labels[1:] = 1
    for refuse in (
        lambda: train(model, (images, labels), batch_size=1, epochs=1, verbose=0),
        lambda: train(model, batched(images, labels), epochs=1, verbose=0),
        lambda: evaluate(model, (images, labels)),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            refuse()
        assert "\n" not in str(caught.value)


def batched(images, labels):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(1)
