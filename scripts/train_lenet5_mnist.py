"""Train the shipped LeNet-5 on MNIST and half of scikit-learn's digits.

    python scripts/train_lenet5_mnist.py --data-dir DIR

DIR contains mnist.npz; without --data-dir, it is read from KERASCNN_DATA or downloaded by Keras.
The best epoch is selected on MNIST's validation images; then both test sets are evaluated once. The
weights and a JSON card that describes their training are written to kerascnn/weights/shipped/.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from _card import SHIPPED, write_card

import kerascnn as kc

DIGITS_COPIES = 8  # number of copies of each of the 899 digits among MNIST's 55,000


class Handwriting(keras.Layer):
    """Vary the slant, size, position, stroke width and sharpness of each digit.

    Input and output: `(N, 28, 28, 1)` float32 in [0, 1]. Values are drawn uniformly from ranges.
    """

    ROTATION = 10 * np.pi / 180  # ± radians
    SLANT = 0.2  # ± columns per row
    SCALE = 0.12  # ± relative to 1, separately for each direction
    SHIFT = 1.6  # ± pixels
    PEN = (-0.35, 0.45)  # stroke width, from the thinnest (-1) to the thickest (1)
    BLUR = (-0.5, 0.9)  # fraction of a blurred copy (sigma 1 pixel); below 0, images stay sharp

    def __init__(self, seed=0):
        super().__init__()
        self.random = keras.random.SeedGenerator(seed)
        x = np.arange(-2, 3)
        bell = np.exp(-(x[:, None] ** 2 + x**2) / 2)
        self.bell = (bell / bell.sum()).astype("float32")[..., None, None]

    def call(self, images):
        """Augment a batch."""
        return self._focus(self._pen(self._shape(images)))

    def _draw(self, low, high, images, *shape):
        size = (keras.ops.shape(images)[0], *shape)
        return keras.random.uniform(size, low, high, seed=self.random)

    def _shape(self, images):
        ops = keras.ops
        angle = self._draw(-self.ROTATION, self.ROTATION, images)
        slant = self._draw(-self.SLANT, self.SLANT, images)
        wide = 1 + self._draw(-self.SCALE, self.SCALE, images)
        tall = 1 + self._draw(-self.SCALE, self.SCALE, images)
        # The position of a new pixel (x, y) in the old image: rotation, slant, scale, shift.
        a, b = ops.cos(angle) * wide, (slant - ops.sin(angle)) * wide
        c, d = ops.sin(angle) * tall, ops.cos(angle) * tall
        middle = (images.shape[1] - 1) / 2
        right = middle - (a + b) * middle + self._draw(-self.SHIFT, self.SHIFT, images)
        down = middle - (c + d) * middle + self._draw(-self.SHIFT, self.SHIFT, images)
        none = ops.zeros_like(a)
        return ops.image.affine_transform(
            images, ops.stack([a, b, right, c, d, down, none, none], axis=1)
        )

    def _pen(self, images):
        ops = keras.ops
        amount = self._draw(*self.PEN, images, 1, 1, 1)
        thick = ops.max_pool(images, 3, 1, "same")
        thin = -ops.max_pool(-images, 3, 1, "same")
        towards = ops.where(amount > 0, thick, thin)
        return images + ops.abs(amount) * (towards - images)

    def _focus(self, images):
        ops = keras.ops
        amount = ops.maximum(self._draw(*self.BLUR, images, 1, 1, 1), 0)
        return images + amount * (ops.conv(images, self.bell, padding="same") - images)


def main():
    """Train the network, select the best epoch, evaluate it and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="a directory with mnist.npz")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()

    mnist = kc.datasets.load("mnist", data_dir=options.data_dir)
    digits = kc.datasets.load("digits")
    others = [digits.train, digits.validation] * DIGITS_COPIES
    images, labels = (np.concatenate(arrays) for arrays in zip(mnist.train, *others, strict=True))

    keras.utils.set_random_seed(options.seed)
    model = kc.build_lenet5()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as run_dir:
        result = kc.train(
            model,
            ((images, labels), mnist.validation),
            recipe="adam",
            learning_rate=2e-3,
            schedule="cosine",
            monitor="val_accuracy",
            epochs=options.epochs,
            augment=Handwriting(),
            seed=options.seed,
            run_dir=run_dir,
        )
        seconds = time.monotonic() - started
        model = kc.build_lenet5()
        model.load_weights(Path(run_dir) / "best.weights.h5")

    write_card(
        options.out / "lenet5_mnist",
        model,
        result,
        build={"variant": "modern"},
        class_names=mnist.class_names,
        tests=["mnist", "digits"],
        data_dir=options.data_dir,
        command=f"python scripts/train_lenet5_mnist.py --epochs {options.epochs}",
        data="MNIST's first 55,000 training images and scikit-learn's first 899 digits in "
        f"MNIST's convention, each {DIGITS_COPIES} times, augmented (class Handwriting in the "
        "script); best epoch selected on MNIST's last 5,000 training images",
        seed=options.seed,
        seconds=seconds,
        input="28x28x1 in [0, 1], bright strokes on a dark background",
    )


if __name__ == "__main__":
    main()
