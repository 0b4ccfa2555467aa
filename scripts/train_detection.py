"""Train the detection network that the package ships.

    python scripts/train_detection.py yolov1/boxes

The epoch is chosen on the validation images of seed 0; its test images are looked at once, after
that. With --run-dir a training that was stopped goes on.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from _card import SHIPPED, write_card

import kerascnn as kc

NAME = "yolov1/boxes"
BUILD = {"variant": "small", "boxes": 2, "classes": 6, "input_shape": [112, 112, 3]}
TRAINING = {"learning_rate": 3e-3, "epochs": 8, "batch_size": 16}
IMAGES, COPIES = 1500, 4  # copies of each image, turned and mirrored at random


def main():
    """Train, choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=[NAME])
    parser.add_argument("--epochs", type=int, default=TRAINING["epochs"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-dir", type=Path, help="where a stopped training goes on")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()

    started = time.monotonic()
    train = turned(*kc.datasets.load("boxes", count=IMAGES, seed=1).train)
    data = kc.datasets.load("boxes")
    keras.utils.set_random_seed(options.seed)
    model = kc.build_yolov1(**BUILD)
    with tempfile.TemporaryDirectory() as temporary:
        run_dir = options.run_dir or Path(temporary)
        result = kc.train(
            model,
            (train, data.part("validation")),
            recipe="adam",
            schedule="cosine",
            monitor="val_loss",
            **TRAINING | {"epochs": options.epochs},
            seed=options.seed,
            run_dir=run_dir,
            verbose=2,
        )
        model.load_weights(run_dir / "best.weights.h5")
    write_card(
        options.out / NAME.replace("/", "_"),
        model,
        result,
        build=BUILD,
        class_names=list(data.class_names),
        tests=["boxes"],
        command=f"python scripts/train_detection.py {NAME}",
        data=f"{IMAGES} images of `boxes` with seed 1, each {COPIES} times, turned and mirrored; "
        "best epoch selected on the validation images of seed 0",
        seed=options.seed,
        seconds=time.monotonic() - started,
        input="(112, 112, 3) RGB in [0, 1], shapes that contrast with a calm background",
        half=True,
    )


def turned(images, labels):
    """Turn and mirror copies of square images and their boxes, each in one of eight ways."""
    images, labels = (np.concatenate(COPIES * [part]) for part in (images, labels))
    ways = np.random.default_rng(0).integers((4, 2), size=(len(images), 2))
    for image, boxes, (quarters, mirrored) in zip(images, labels, ways, strict=True):
        there = boxes[boxes[:, 0] >= 0]
        if mirrored:
            image[:] = image[:, ::-1].copy()
            there[:, 1] = 1 - there[:, 1]
        image[:] = np.rot90(image, quarters).copy()
        for _ in range(quarters):  # what was on the right is at the top
            there = np.column_stack([there[:, 0], there[:, 2], 1 - there[:, 1], there[:, [4, 3]]])
        boxes[: len(there)] = there
    return images, labels


if __name__ == "__main__":
    main()
