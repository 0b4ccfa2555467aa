"""`kerascnn train` and `devices`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn.trained._recognize import is_whole_model

from ._checks import ARCHITECTURES, check_data, check_network, check_options
from ._data import from_folder, in_levels, say_size
from ._main import main, start_keras
from ._options import of_builder, of_values, read_options

if TYPE_CHECKING:
    import keras

    from kerascnn.datasets import Dataset

ELSEWHERE = {  # options of a builder that are set elsewhere
    "classes": "the data",
    "width": "--width",
    "include_top": "the training, which requires the top",
    "weights": "the training; to start from pretrained weights, use Python",
}


@main.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--data", required=True, metavar="NAME|FOLDER", help="A data set, or image folders.")
@click.option("--data-dir", help="A folder with the data set's file.")
@click.option(
    "--size",
    type=click.IntRange(1),
    help="Height and width to which the images of a folder are resized.  [default: the network's]",
)
@of_values
@click.option("--recipe", default="adam", show_default=True, help="Name of a training recipe.")
@click.option("--epochs", type=click.IntRange(1), help="[default: the recipe's]")
@click.option("--batch-size", type=click.IntRange(1), help="[default: the recipe's]")
@click.option("--learning-rate", type=float, help="[default: the recipe's]")
@click.option("--width", type=float, help="Factor by which to multiply the number of filters.")
@of_builder
@click.option(
    "--run-dir", metavar="FOLDER", help="Folder to keep the run in; a stopped run resumes."
)
@click.option(
    "--keep-every",
    type=click.IntRange(1),
    metavar="K",
    help="Also keep the weights of every K-th epoch, to replay the training in the explorer.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def train(
    name: str,
    data: str,
    data_dir: str | None,
    size: int | None,
    window: tuple[float, float] | None,
    recipe: Any,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    width: float | None,
    options: tuple[str, ...],
    run_dir: str | None,
    keep_every: int | None,
    seed: int,
) -> None:
    """Train an architecture or the model of a .keras file on a data set or on folders of images.

    Image folders contain one folder per class. The accuracy on the test images, if any, is printed
    for the weights of the last epoch. Ctrl-C exits with 130. Weights are kept only with --run-dir.
    """
    given = read_options(options)
    if keep_every and not run_dir:
        raise ValueError("--keep-every needs --run-dir FOLDER, where the weights are kept.")
    check_training(name, data, recipe, given, size, width, learning_rate)
    start_keras()
    import keras

    import kerascnn as kc
    from kerascnn._rescaling import rescaling_layer

    keras.utils.set_random_seed(seed)
    input_range = (0.0, 1.0)
    if name in ARCHITECTURES:
        loaded = read_data(data, data_dir, own_shape(name, given, size), input_range, window, seed)
        shape = tuple(loaded.train[0].shape[1:])
        if given.get("input_shape", shape) != shape or (size and size != shape[0]):
            raise ValueError(
                f"--size and --option input_shape must match the data, {shape}; omit them."
            )
        given = given | {"input_shape": shape} | ({} if width is None else {"width": width})
        keras.utils.set_random_seed(seed)
        model = kc.models.build(name, classes=len(loaded.class_names), **given)
    else:
        model = model_of(name)
        if rescaling := rescaling_layer(model):
            input_range = (0.0, 255.0)
            click.echo(f"the layer {rescaling!r} expects images from 0 to 255", err=True)
        loaded = read_data(data, data_dir, file_shape(model, size), input_range, window, seed)

    def warn(logs: dict | None = None) -> None:
        click.echo("The weights will not be kept: give --run-dir FOLDER to keep them.", err=True)

    forgetful = keras.callbacks.LambdaCallback(on_train_begin=warn)
    try:
        kc.train(
            model,
            loaded,
            recipe=recipe,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            run_dir=run_dir,
            keep_every=keep_every,
            seed=seed,
            input_range=input_range,
            callbacks=[] if run_dir else [forgetful],
        )
    except KeyboardInterrupt as stop:
        where = str(stop).partition(";")[0] or "stopped immediately"  # the rest concerns Python
        how = "to resume, repeat the command" if run_dir else "to resume runs, use --run-dir FOLDER"
        click.echo(f"{where}; {how}.", err=True)
        sys.exit(130)  # 128 + SIGINT, as in shells
    if loaded.test is not None and loaded.train[1].dtype.kind in "iu":  # boxes have no accuracy
        result = kc.training.evaluate(model, loaded, input_range=input_range)
        click.echo(f"test accuracy {result.accuracy:.1%}")
    if run_dir and Path(data).is_dir():
        click.echo(f"Look inside: kerascnn gradcam PHOTO --run {run_dir}", err=True)


def check_training(
    name: str,
    data: str,
    recipe: Any,
    given: dict,
    size: int | None,
    width: float | None,
    learning_rate: float | None,
) -> None:
    """Reject unknown names and redundant options before the training starts."""
    from kerascnn.training._recipes import recipe as find_recipe

    if is_whole_model(name):
        check_network("NAME", name)
        if given or width is not None:
            raise ValueError(f"'{name}' is a complete network; omit --option and --width.")
    elif name not in ARCHITECTURES and Path(name).exists():
        raise ValueError(f"NAME must be an architecture or a .keras file; received '{name}'.")
    else:
        check_network("NAME", name)
    check_data(data)
    find_recipe(recipe, learning_rate=learning_rate)
    for key, instead in ELSEWHERE.items():
        if key in given:
            raise ValueError(f"--option must not be {key!r}, which is set by {instead}.")
    if name in ARCHITECTURES:
        check_options(name, given | ({} if width is None else {"width": width}))
    if size is not None and "input_shape" in given:
        raise ValueError("--size and --option input_shape are equivalent; give only one.")


def read_data(
    data: str,
    data_dir: str | None,
    shape: tuple[int, int, int],
    input_range: tuple[float, float],
    window: tuple[float, float] | None,
    seed: int,
) -> "Dataset":
    """Read a data set by name, or a folder of images in a shape (H, W, C)."""
    from kerascnn import datasets

    if Path(data).expanduser().is_dir():
        loaded = from_folder(data, shape, input_range=input_range, window=window, seed=seed)
        say_size(loaded)
        return loaded
    loaded = datasets.load(data, data_dir=data_dir)
    return loaded if input_range == (0, 1) else in_levels(loaded)


def own_shape(name: str, given: dict, size: int | None) -> tuple[int, int, int]:
    """Return the input shape of an architecture: as given, or the paper's."""
    from kerascnn import models

    known = models.architectures()[name]
    variant = given.get(known.variant_option, known.variants[0])
    cases = [case for case in known.cases if case.variant == variant] or list(known.cases)
    height, width, channels = given.get("input_shape", cases[0].input_shape)
    if size is not None:
        height = width = size
    if height is None or width is None:
        raise ValueError(
            "--option input_shape must have a height and width, such as 64,64,3: images in a "
            "folder are resized to it."
        )
    return height, width, channels


def model_of(file: str) -> "keras.Model":
    """Read the model of a `.keras` file, whose input must be images."""
    from kerascnn.trained._from_file import read_file
    from kerascnn.trained._trained import check_model

    model = read_file(Path(file).expanduser())
    check_model(model, file)
    return model


def file_shape(model: "keras.Model", size: int | None) -> tuple[int, int, int]:
    """Return the input shape of a model; if it accepts any size, use `size`."""
    height, width, channels = model.input_shape[1:]
    if height is None or width is None:
        if size is None:
            raise ValueError("--size is required, since the model accepts images of any size.")
        return size, size, channels
    if size not in (None, height) or (size and width != size):
        raise ValueError(f"--size must be omitted: the model accepts only {height}x{width}.")
    return height, width, channels


@main.command()
def devices() -> None:
    """List the available devices and those that will be used."""
    start_keras()
    from kerascnn import training

    click.echo(training.devices())
