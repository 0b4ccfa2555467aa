"""Train a segmentation network that the package ships.

    python scripts/train_segmentation.py unet/cells

The epoch is chosen on the validation images, or is the last if there are none; the test images are
looked at once, after that. With --run-dir a training that was stopped goes on.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from _card import SHIPPED, write_card

import kerascnn as kc
from kerascnn.experiments import _fcn_skips

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
SCANS = 16  # of each slice of a brain
SPAN = {"inhomogeneity": 0.6, "noise": 0.05}  # largest of a scan
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
        {"learning_rate": 2e-3, "epochs": 8, "batch_size": 8},
        {
            "class_names": ["other", "gray matter", "white matter"],
            "data": f"{SCANS} random crops of 160x160 from each slice of three of five blocks of "
            "the MNI152 template (package nilearn), mirrored and turned, from no inhomogeneity and "
            f"noise to {SPAN['inhomogeneity']} and {SPAN['noise']}; the last epoch",
            "tests": ["brain_tissue"],
            "input": "(H, W, 1) in [0, 1], T1-weighted, without the skull, horizontal, front at "
            "the top",
        },
    ),
    "fcn8s/cells": (
        {
            "width": 0.125,
            "hidden": 1024,
            "window": 1,
            "dropout": 0.0,
            "classes": 2,
            "input_shape": [None, None, 3],
        },
        {"learning_rate": 1e-3, "epochs": 5, "batch_size": 4},
        CELLS
        | {
            "data": "160 images of `cells` of 96x96 with seed 0; weights of vgg16/cifar10, whose "
            "strongest half of the filters is kept, then FCN-32s, FCN-16s and FCN-8s, each trained "
            "from the weights of the one before, as in the first run of the experiment fcn_skips; "
            "the last epoch",
            "input": "(H, W, 3) in [0, 1], bright cells on a dark background, gray as three equal "
            "channels",
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
    with tempfile.TemporaryDirectory() as temporary:
        run_dir = options.run_dir or Path(temporary)
        data = DATA[options.name]()
        for stage, model in enumerate(stages(options.name, build)):
            result = kc.train(
                model,
                data,
                recipe="adam",
                schedule="cosine",
                monitor="val_loss",
                **training,
                seed=options.seed,
                run_dir=run_dir / f"{stage}",
                verbose=2,
            )
            if isinstance(data[0], tuple):  # training and validation data
                model.load_weights(run_dir / f"{stage}" / "best.weights.h5")
            else:
                result = replace(result, best_epoch=len(result.history["loss"]))
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


def stages(name, build):
    """Yield the network, or those before it, of which each is trained before the next is built."""
    architecture = name.partition("/")[0]
    if architecture != "fcn8s":
        yield kc.models.build(architecture, **build)
        return
    weights = _fcn_skips.strongest(_fcn_skips.vgg16_weights(), build["width"])
    for stride in _fcn_skips.STRIDES:
        model = _fcn_skips.net(stride, build["width"], weights)
        yield model
        weights = _fcn_skips.weights_of(model)


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


def cells_in_color():
    """The images of the experiment, with three equal channels."""
    return _fcn_skips.in_color(kc.datasets.load("cells", count=160, size=96).train)


def weighted(instances):
    """U-Net's weight map (Ronneberger 2015, Eq. 2), for cells that are closer than in its data."""
    return kc.datasets.weight_map(instances, w0=5, sigma=3, class_weights=(1, 1))


def nuclei():
    """Random crops of the training quarters, mirrored and turned, and the validation quarter."""
    data = kc.datasets.load("nuclei", labels="instances")
    rng = np.random.default_rng(0)
    crops = cropped(rng, data.train, (rng.integers(2) for _ in range(256)), 128)
    return tuple(
        (images, (instances > 0).astype("int32"), weighted(instances))
        for images, instances in (crops, data.validation)
    )


def brain_tissue():
    """Random crops of scans of the training slices, mirrored and turned."""
    rng = np.random.default_rng(0)
    crops = []
    for nth in range(SCANS):
        scan = {name: nth / (SCANS - 1) * most for name, most in SPAN.items()}
        part = kc.datasets.load("brain_tissue", **scan, seed=1 + nth).train
        crops.append(cropped(rng, part, range(len(part[0])), 160))
    return tuple(np.concatenate(each) for each in zip(*crops, strict=True))


def cropped(rng, part, rows, side):
    """Cut one square from each of these images and masks, mirrored or not, and turned."""
    height, width = part[0].shape[1:3]
    crops = []
    for row in rows:
        turns, mirrored = rng.integers(4), rng.integers(2)
        top, left = rng.integers((height - side + 1, width - side + 1))
        crop = [each[row, top : top + side, left : left + side] for each in part]
        crops.append([np.rot90(each[:, ::-1] if mirrored else each, turns) for each in crop])
    return tuple(np.stack(each) for each in zip(*crops, strict=True))


DATA = {
    "unet/cells": cells,
    "fusionnet/cells": cells,
    "fcn8s/cells": cells_in_color,
    "unet/nuclei": nuclei,
    "unet/brain_tissue": brain_tissue,
}

if __name__ == "__main__":
    main()
