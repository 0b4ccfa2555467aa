"""Compare the cost of generating and reading data with that of training, as a Markdown table.

    python benchmarks/data.py

The candidates alternate; ratios are those of their medians. A training step is a call of
`model.train_on_batch`, forward and backward, on a batch in memory.
"""

import os
import tempfile
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

BATCH = 16
PICTURES = 64


def step(model, images, labels, **options):
    model.compile("adam", "sparse_categorical_crossentropy")
    return partial(model.train_on_batch, images, labels, **options)


def cells():
    import numpy as np

    import kerascnn as kc
    from kerascnn.datasets import cells

    images, masks = kc.datasets.load("cells", count=BATCH).train
    _, instances = kc.datasets.load("cells", count=BATCH, labels="instances").train
    draw = partial(cells._draw, size=128, labels="cells", noise=0.03)
    blocks = BATCH // cells.BLOCK
    model = kc.build_unet(
        input_shape=(128, 128, 1), padding="same", width=0.125, weights=None, classes=2
    )
    seconds = take_turns(
        {
            "make": lambda: [draw(np.random.default_rng(i)) for i in range(blocks)],
            "weigh": lambda: kc.datasets.weight_map(instances),
            "step": step(model, images, masks),
        }
    )
    what = f"{BATCH} `cells`, 128x128"
    against = "against a training step of U-Net, width 1/8"
    made = seconds["make"] / seconds["step"]
    yield f"{what}, {against}", f"{made:.2f}", "0.25"
    both = (seconds["make"] + seconds["weigh"]) / seconds["step"]
    yield f"{what}, with `weight_map`, {against}", f"{both:.2f}", "0.50"


def scenes():
    import numpy as np

    import kerascnn as kc
    from kerascnn.datasets import boxes, shapes

    images, labels = kc.datasets.load("shapes", count=shapes.BLOCK).train
    model = kc.build_lenet5(input_shape=(32, 32, 3), classes=6)
    seconds = take_turns(
        {
            "make": lambda: shapes._draw(np.random.default_rng(0), 32, 0.03, 0.15),
            "step": step(model, images, labels),
        }
    )
    ratio = seconds["make"] / seconds["step"]
    yield f"{shapes.BLOCK} `shapes`, 32x32, against a training step of LeNet-5", f"{ratio:.2f}", "1"

    images, labels = kc.datasets.load("boxes", count=BATCH).train
    model = kc.build_resnet20(input_shape=(112, 112, 3), classes=6)
    seconds = take_turns(
        {
            "make": lambda: boxes._draw(np.random.default_rng(0), 112, 5, 0.03, 0.15),
            "step": step(model, images, np.maximum(labels[:, 0, 0], 0)),
        }
    )
    ratio = seconds["make"] / seconds["step"]
    yield f"{BATCH} `boxes`, 112x112, against a training step of ResNet-20", f"{ratio:.2f}", "0.25"


def files():
    import keras
    from PIL import Image

    import kerascnn as kc

    photo = Image.fromarray(kc.datasets.photo("astronaut"))
    with tempfile.TemporaryDirectory() as folder:
        for i in range(PICTURES):
            path = Path(folder, "ab"[i % 2], f"{i}.jpg")
            path.parent.mkdir(exist_ok=True)
            photo.resize((640 + i, 480)).save(path, quality=90)
        images, _ = kc.datasets.from_directory(folder, image_size=112, validation=0).train
        peer = keras.utils.image_dataset_from_directory(
            folder, image_size=(112, 112), batch_size=PICTURES, crop_to_aspect_ratio=True, verbose=0
        )
        seconds = take_turns({"ours": lambda: images[:], "peer": lambda: next(iter(peer))})
    what = f"{PICTURES} JPEG files of 640x480 to 112x112"
    against = "against keras.utils.image_dataset_from_directory"
    yield f"{what}, {against}", f"{seconds['ours'] / seconds['peer']:.2f}", "1"


def main():
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    for part in (cells, scenes, files):
        for row in part():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
