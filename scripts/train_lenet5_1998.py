"""Train the shipped LeNet-5 of 1998 on MNIST.

    python scripts/train_lenet5_1998.py --data-dir DIR

DIR contains mnist.npz; without --data-dir, it is read from KERASCNN_DATA or downloaded by Keras. As
in LeCun et al. 1998, section II.B, images have 32x32 pixels, with the background at -0.1 and
strokes at 1.175, and the loss is Equation 9. DEVIATION: Adam instead of learning rates from the
curvature of each weight. The best epoch is selected on the validation images; then the test images
are evaluated once.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
from _card import SHIPPED, write_card

import kerascnn as kc
from kerascnn.layers import RBFLoss
from kerascnn.trained._trained import framed


def main():
    """Train the network, select the best epoch, evaluate it and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="a directory with mnist.npz")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()

    mnist = kc.datasets.load("mnist", data_dir=options.data_dir)
    lecun = kc.weights.MODES["lecun"]
    train, validation = (
        (lecun(framed(images, 32)), labels) for images, labels in (mnist.train, mnist.validation)
    )
    keras.utils.set_random_seed(options.seed)
    model = kc.build_lenet5(variant="1998", classifier_activation=None)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as run_dir:
        result = kc.train(
            model,
            (train, validation),
            recipe="adam",
            schedule="cosine",
            epochs=options.epochs,
            loss=RBFLoss(),
            input_range=(-0.1, 1.175),
            seed=options.seed,
            run_dir=run_dir,
        )
        seconds = time.monotonic() - started
        model = kc.build_lenet5(variant="1998")
        model.load_weights(Path(run_dir) / "best.weights.h5")

    write_card(
        options.out / "lenet5-1998_mnist",
        model,
        result,
        build={"variant": "1998"},
        preprocessing="lecun",
        class_names=mnist.class_names,
        tests=["mnist"],
        data_dir=options.data_dir,
        command=f"python scripts/train_lenet5_1998.py --epochs {options.epochs}",
        data="MNIST's first 55,000 training images; best epoch selected on the last 5,000",
        seed=options.seed,
        seconds=seconds,
        input="32x32x1, centered digit, background -0.1, strokes 1.175",
    )


if __name__ == "__main__":
    main()
