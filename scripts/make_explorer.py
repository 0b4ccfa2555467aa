"""Make the page of LeNet-5 in docs/, with the replay of a training.

    python scripts/make_explorer.py --data-dir DIR

DIR holds mnist.npz; without --data-dir it comes from KERASCNN_DATA or Keras's download. The
training is short: the page stays small, and what can be seen happens in the first epochs.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np

import kerascnn as kc

PAGE = Path(__file__).parents[1] / "docs" / "lenet5.html"
IMAGES = 12_000  # of MNIST's training images
EPOCHS = 6
SAMPLES = 2  # of each digit


def main() -> None:
    """Train, export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="a directory with mnist.npz")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()

    mnist = kc.datasets.load("mnist", data_dir=options.data_dir)
    keras.utils.set_random_seed(0)
    model = kc.build_lenet5()
    with tempfile.TemporaryDirectory() as folder:
        run = kc.train(
            model,
            (tuple(part[:IMAGES] for part in mnist.train), mnist.validation),
            recipe="adam",
            epochs=EPOCHS,
            batch_size=128,
            run_dir=folder,
            keep_every=1,
        )
        images, labels = mnist.test
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == k)[:SAMPLES] for k in range(10)]))
        page = kc.explorer.export(
            model,
            options.out,
            class_names=mnist.class_names,
            samples=(images[chosen], labels[chosen]),
            checkpoints=run,
            title="LeNet-5",
        )
    accuracy = kc.evaluate(model, mnist).accuracy
    print(f"{page}: {page.stat().st_size:,} bytes, {accuracy:.2%} of MNIST's test images")


if __name__ == "__main__":
    main()
