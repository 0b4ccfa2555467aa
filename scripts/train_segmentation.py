"""Train a segmentation network that the package ships.

    python scripts/train_segmentation.py unet/cells

The epoch is chosen on the validation images; the test images are looked at once, after that. With
--run-dir a training that was stopped goes on.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
from _card import SHIPPED, write_card

import kerascnn as kc

IMAGES = {"input_shape": [None, None, 1], "classes": 2}
CELLS = {  # what the weights in the test images' place say: seed 0 is for the test
    "class_names": ["background", "cell"],
    "data": "1,000 images of `cells` with seed 1; best epoch selected on the validation images of "
    "seed 0; U-Net's weight map with w0 = 5, sigma = 3 pixels, without class weights",
    "tests": ["cells"],
    "input": "(H, W, 1) in [0, 1], bright cells on a dark background",
}
NETS = {  # the builder's arguments; the training; the data
    "unet/cells": (
        {"padding": "same", "width": 0.0625, **IMAGES},
        {"learning_rate": 2e-3, "epochs": 10, "batch_size": 16},
        CELLS,
    ),
    "fusionnet/cells": (
        {"width": 0.0625, "classifier_activation": "softmax", **IMAGES},
        {"learning_rate": 2e-3, "epochs": 20, "batch_size": 16},
        CELLS,
    ),
}


def main():
    """Train, choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NETS)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-dir", type=Path, help="where a stopped training goes on")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    architecture, _, name = options.name.partition("/")
    build, training, words = NETS[options.name]
    training = training | ({"epochs": options.epochs} if options.epochs else {})

    started = time.monotonic()
    keras.utils.set_random_seed(options.seed)
    model = kc.models.build(architecture, **build)
    with tempfile.TemporaryDirectory() as temporary:
        run_dir = options.run_dir or Path(temporary)
        result = kc.train(
            model,
            DATA[name](),
            recipe="adam",
            schedule="cosine",
            monitor="val_loss",
            **training,
            seed=options.seed,
            run_dir=run_dir,
            verbose=2,
        )
        model.load_weights(run_dir / "best.weights.h5")
    write_card(
        options.out / f"{architecture}_{name}",
        model,
        result,
        build=build,
        command=f"python scripts/train_segmentation.py {options.name}",
        seed=options.seed,
        seconds=time.monotonic() - started,
        half=True,
        **words,
    )


def cells():
    """Cells with weights that separate those that touch, and the validation images of seed 0."""
    parts = [
        kc.datasets.load("cells", labels="instances", count=count, seed=seed)
        for count, seed in ((1000, 1), (200, 0))
    ]
    return tuple(
        (images, (instances > 0).astype("int32"), weighted(instances))
        for images, instances in (parts[0].train, parts[1].validation)
    )


def weighted(instances):
    """U-Net's weight map (Ronneberger 2015, Eq. 2), for cells that are closer than in its data."""
    return kc.datasets.weight_map(instances, w0=5, sigma=3, class_weights=(1, 1))


DATA = {"cells": cells}

if __name__ == "__main__":
    main()
