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
import numpy as np
from _card import SHIPPED, write_card

import kerascnn as kc

SIZE = {"width": 0.0625, "input_shape": [None, None, 1]}
# DEVIATION: no dropout. With so few filters, what a network predicts without it differs too much
# from what it learns with it.
UNET = {**SIZE, "padding": "same", "dropout": 0.0}
CELLS = {  # what the card says
    "class_names": ["background", "cell"],
    "data": "320 images of `cells` with seed 1; best epoch selected on the validation images of "
    "seed 0; U-Net's weight map with w0 = 5, sigma = 3 pixels, without class weights",
    "tests": ["cells"],
    "input": "(H, W, 1) in [0, 1], bright cells on a dark background",
}
NETS = {  # the builder's arguments; the training; the data
    "unet/cells": (
        {**UNET, "classes": 2},
        {"learning_rate": 2e-3, "epochs": 8, "batch_size": 8},
        CELLS,
    ),
    "fusionnet/cells": (
        {**SIZE, "classes": 2, "classifier_activation": "softmax"},
        {"learning_rate": 4e-3, "epochs": 24, "batch_size": 8},
        CELLS,
    ),
    "unet/nuclei": (
        {**UNET, "classes": 2},
        {"learning_rate": 2e-3, "epochs": 10, "batch_size": 16},
        {
            "class_names": ["background", "nucleus"],
            "data": "256 random crops of 128x128, mirrored and turned, of the left half of an image"
            " of the 2018 Data Science Bowl (package stardist); best epoch selected on the upper "
            "right quarter; U-Net's weight map with w0 = 5, sigma = 3 pixels",
            "tests": ["nuclei"],
            "input": "(H, W, 1) in [0, 1], bright nuclei on a dark background",
        },
    ),
    "unet/brain_tissue": (
        {**UNET, "classes": 3},
        {"learning_rate": 2e-3, "epochs": 10, "batch_size": 4},
        {
            "class_names": ["other", "grey matter", "white matter"],
            "data": "three of five blocks of horizontal slices of the MNI152 template, mirrored at "
            "random (package nilearn); best epoch selected on the second block",
            "tests": ["brain_tissue"],
            "input": "(H, W, 1) in [0, 1], T1-weighted, without the skull, horizontal, front at "
            "the top",
        },
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
        for count, seed in ((320, 1), (200, 0))
    ]
    return tuple(
        (images, (instances > 0).astype("int32"), weighted(instances))
        for images, instances in (parts[0].train, parts[1].validation)
    )


def weighted(instances):
    """U-Net's weight map (Ronneberger 2015, Eq. 2), for cells that are closer than in its data."""
    return kc.datasets.weight_map(instances, w0=5, sigma=3, class_weights=(1, 1))


def nuclei():
    """Random crops of the training quarters, mirrored and turned, and the validation quarter."""
    data = kc.datasets.load("nuclei", labels="instances")
    rng = np.random.default_rng(0)
    crops = []
    for _ in range(256):
        which, turns, mirrored = rng.integers(2), rng.integers(4), rng.integers(2)
        top, left = rng.integers(129, size=2)
        crop = [part[which, top : top + 128, left : left + 128] for part in data.train]
        crop = [np.rot90(part[:, ::-1] if mirrored else part, turns) for part in crop]
        crops.append(crop)
    images, instances = (np.stack(each) for each in zip(*crops, strict=True))
    return tuple(
        (images, (instances > 0).astype("int32"), weighted(instances))
        for images, instances in ((images, instances), data.validation)
    )


def brain_tissue():
    """The training slices, half of them mirrored, and the validation slices."""
    data = kc.datasets.load("brain_tissue")
    mirrored = np.random.default_rng(0).random(len(data.train[0])) < 0.5
    train = [part.copy() for part in data.train]
    for part in train:
        part[mirrored] = part[mirrored][:, :, ::-1]
    return tuple(train), data.validation


DATA = {"cells": cells, "nuclei": nuclei, "brain_tissue": brain_tissue}

if __name__ == "__main__":
    main()
