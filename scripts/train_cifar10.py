"""Train one of the shipped networks on CIFAR-10.

    python scripts/train_cifar10.py vgg16 --data-dir DIR

DIR contains cifar10_jpeg.npz; without --data-dir, it is read from KERASCNN_DATA or downloaded by
Keras. The best epoch is selected on the validation images, the last tenth of the training images.
The networks in WHOLE are also trained on these; their best epoch has the highest training accuracy.
Then the test images are evaluated once. With --run-dir, a stopped run resumes. With --taught, half
of each label is the mean prediction of the shipped residual and plain networks, and the best epoch
has the lowest training loss. The card of each network contains the full command; for VGG16, it
includes `--epochs 120 --erased 10 --taught`.

On a CPU, the residual and plain networks train twice as fast with PyTorch as Keras's backend; the
cards state which backend was used:

    KERAS_BACKEND=torch python scripts/train_cifar10.py resnet20
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from _card import SHIPPED, write_card
from _torch import quicken

import kerascnn as kc
from kerascnn._files import replacing, write_atomically
from kerascnn.datasets._archive import find
from kerascnn.datasets.cifar10 import FILE

IMAGES = {"input_shape": [32, 32, 3], "classes": 10}
# DEVIATION: a cosine schedule leads further in few epochs than the papers' steps. Processors with
# matrix units for bfloat16 take at most half the time; weights and evaluation stay in float32.
BRIEF = {"batch_size": 128, "schedule": "cosine", "precision": "mixed_bfloat16"}
NETS = {  # arguments of the builder; additional ones for training; arguments of the training
    "alexnet": (
        {"variant": "cifar", **IMAGES},
        {},
        {"recipe": "alexnet", "learning_rate": 0.02, "dropout": 0.0, "epochs": 30},
    ),
    "vgg16": (
        {"width": 0.25, "hidden": 1024, **IMAGES},
        {"batch_normalization": True},
        {
            "recipe": "vgg",
            "optimizer": "muon",
            "learning_rate": 0.1,
            "batch_size": 256,
            "dropout": 0.2,
            "epochs": 100,
        },
    ),
    "resnet20": ({}, {}, {"recipe": "vgg", "learning_rate": 0.1, "dropout": None, "epochs": 60}),
    "plain20": ({}, {}, {"recipe": "vgg", "learning_rate": 0.1, "dropout": None, "epochs": 60}),
}
WHOLE = ("resnet20", "vgg16")
ERASED = 8  # side of the square in pixels
TEACHERS = ("resnet20", "plain20")
COPIES = 2  # number of augmented copies of each image that a teacher predicts


def main():
    """Train a network, select the best epoch, evaluate it and write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=NETS)
    parser.add_argument("--data-dir", help="a directory with cifar10_jpeg.npz")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--erased", type=int, default=ERASED, help="side of the erased square")
    parser.add_argument("--taught", action="store_true", help=f"by {' and '.join(TEACHERS)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run-dir", type=Path, help="directory of a run to resume")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    build, extra, training = NETS[options.name]
    epochs = options.epochs or training["epochs"]
    chosen = "loss" if options.taught else "accuracy"
    if options.taught and options.name not in WHOLE:
        parser.error(f"--taught goes with {' and '.join(WHOLE)}; received {options.name}.")
    if not 1 <= options.erased <= 32:
        parser.error(f"--erased must be 1 to 32, in pixels; received {options.erased}.")
    if options.erased != ERASED and options.name == "alexnet":
        parser.error("--erased goes with another net than alexnet, which learns whole images.")

    data = kc.datasets.load("cifar10", data_dir=options.data_dir)
    jpeg = find(FILE, options.data_dir) is not None
    learnt = whole(data) if options.name in WHOLE else data
    quicken()
    with tempfile.TemporaryDirectory() as temporary:
        run_dir = options.run_dir or Path(temporary)
        started = time.monotonic() - spent(run_dir)
        if options.taught:
            learnt = taught(learnt, run_dir / "labels.npy", options.seed)
            training = training | {"loss": "categorical_crossentropy", "monitor": "val_loss"}
        keras.utils.set_random_seed(options.seed)
        model = kc.models.build(options.name, **build, **extra)
        if extra.get("batch_normalization"):
            model = without_biases(model)
        clock = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: spent(run_dir, time.monotonic() - started)
        )
        result = kc.train(
            model,
            learnt,
            **(BRIEF | training | {"epochs": epochs}),
            augment=changed(options.name, options.erased),
            seed=options.seed,
            run_dir=run_dir,
            callbacks=[clock],
            verbose=2,
        )
        seconds = spent(run_dir)
        model.load_weights(run_dir / "best.weights.h5")

    if extra.get("batch_normalization"):
        model = folded(model, kc.models.build(options.name, **build), data.test[0][:100])
    write_card(
        options.out / f"{options.name}_cifar10",
        model,
        result,
        build=build,
        class_names=data.class_names,
        tests=["cifar10"],
        data_dir=options.data_dir,
        command="KERAS_BACKEND=torch " * (keras.backend.backend() == "torch")
        + f"python scripts/train_cifar10.py {options.name} --epochs {epochs}"
        + f" --erased {options.erased}" * (options.erased != ERASED)
        + " --taught" * options.taught,
        measured_on=FILE if jpeg else None,
        data=f"CIFAR-10's {'' if options.name in WHOLE else 'first 45,000 '}training images"
        + " (JPEG)" * jpeg
        + ", randomly shifted and flipped (PadCropFlip)"
        + f", with a random {options.erased}x{options.erased} square erased"
        * (options.name != "alexnet")
        + f"; half of each label is the prediction of {' and '.join(TEACHERS)}" * options.taught
        + "; best epoch selected "
        + (f"by their {chosen}" if options.name in WHOLE else "on the last 5,000 training images")
        + "; computed in bfloat16"
        + "; batch normalization folded into the convolutions" * ("batch_normalization" in extra),
        seed=options.seed,
        seconds=seconds,
        input="32x32x3 in [0, 1], RGB",
    )


def changed(name, side=ERASED):
    """Return the augmentation: shifts and flips, and an erased square for the deep networks."""
    if name == "alexnet":
        return kc.training.PadCropFlip()
    # Cutout (DeVries & Taylor 2017, arXiv:1708.04552), since they would overfit without it.
    part = (side / 32) ** 2
    square = keras.layers.RandomErasing(
        factor=(1, 1), scale=(part, part), fill_value=0.5, value_range=(0, 1)
    )
    return keras.Sequential([kc.training.PadCropFlip(), square])


def without_biases(model):
    """Copy a network without the biases of convolutions, which normalization would subtract."""

    def clone(layer):
        config = layer.get_config()
        if isinstance(layer, keras.layers.Conv2D):
            config["use_bias"] = False
        return type(layer).from_config(config)

    bare = keras.models.clone_model(model, clone_function=clone)
    for ours, theirs in zip(bare.layers, model.layers, strict=True):
        ours.set_weights(theirs.get_weights()[: len(ours.weights)])
    return bare


def spent(run_dir, seconds=None):
    """Store the total training time in the run directory, including earlier parts of the run."""
    file = run_dir / "seconds.json"
    if seconds is not None:
        write_atomically(file, json.dumps(seconds).encode())
    return json.loads(file.read_text()) if file.exists() else 0.0


def whole(data):
    """Return all training images, including those for validation, as (images, labels)."""
    return tuple(np.concatenate(both) for both in zip(data.train, data.validation, strict=True))


def taught(data, file, seed):
    """Return the images with labels (N, 10), half class, half mean prediction of the teachers.

    Predictions contain more information than the class, such as which classes look alike (Hinton
    et al. 2015, arXiv:1503.02531, at temperature 1). A resumed run uses the labels in the file.
    """
    images, labels = data
    if not file.exists():
        keras.utils.set_random_seed(seed)
        said = np.zeros((len(images), 10), "float32")
        for name in TEACHERS:
            teacher, change = kc.models.build(name, weights="cifar10"), changed(name)
            for start in range(0, len(images), 500):
                some = slice(start, start + 500)
                for _ in range(COPIES):
                    copies = keras.ops.convert_to_numpy(change(images[some], training=True))
                    said[some] += teacher.predict_on_batch(copies)
        file.parent.mkdir(parents=True, exist_ok=True)
        said /= COPIES * len(TEACHERS)
        with replacing(file) as new:
            np.save(new, (np.eye(10, dtype="float32")[labels] + said) / 2)
    return images, np.load(file)


def folded(model, plain, images):
    """Fold each batch normalization into the convolution before it, which is exact at inference.

    For a channel with gain g, shift b, mean m and variance v, the kernel is multiplied by
    s = g / sqrt(v + epsilon), and the bias becomes b + s (bias - m).
    """
    for layer in plain.layers:
        if not layer.weights:
            continue
        kernel, *bias = model.get_layer(layer.name).get_weights()
        bias = bias[0] if bias else 0.0
        if layer.name.startswith("block"):
            norm = model.get_layer(f"{layer.name}_bn")
            gain, shift, mean, variance = norm.get_weights()
            scale = gain / np.sqrt(variance + norm.epsilon)
            kernel, bias = kernel * scale, shift + scale * (bias - mean)
        layer.set_weights([kernel, bias])
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(plain.predict(images, verbose=0), expected, atol=1e-4)
    return plain


if __name__ == "__main__":
    main()
