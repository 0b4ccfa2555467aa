"""`kerascnn train` and `devices`."""

import sys
from pathlib import Path

import click

from kerascnn._errors import unknown

from ._main import main, start_keras
from ._options import of_builder, of_values, read_options


@main.command()
@click.argument("name")
@click.option("--data", required=True, metavar="NAME|FOLDER", help="A data set, or image folders.")
@click.option("--data-dir", help="A folder with the data set's file.")
@of_values
@click.option("--recipe", default="adam", show_default=True, help="A recipe of a paper.")
@click.option("--epochs", type=click.IntRange(1), help="[default: the recipe's]")
@click.option("--batch-size", type=click.IntRange(1), help="[default: the recipe's]")
@click.option("--width", type=float, help="Factor on the number of filters.")
@of_builder
@click.option("--run-dir", metavar="FOLDER", help="Keep the run there; a stopped one goes on.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def train(
    name: str,
    data: str,
    data_dir: str | None,
    window: tuple[float, float] | None,
    recipe: str,
    epochs: int | None,
    batch_size: int | None,
    width: float | None,
    options: tuple[str, ...],
    run_dir: str | None,
    seed: int,
) -> None:
    """Train an architecture on a data set or on folders of images, one for each class.

    Prints the accuracy on the test images, where there are any, with the weights of the last epoch.
    Ctrl-C stops with 130. Weights are kept in --run-dir alone.
    """
    given = read_options(options)
    start_keras()
    import keras

    import kerascnn as kc

    known = kc.models.architectures()
    if name not in known:
        raise unknown("NAME", name, known)
    elsewhere = dict.fromkeys(("input_shape", "classes"), "the data, which says it")
    elsewhere |= {"width": "--width", "include_top": "the training, which needs the top"}
    for key, instead in elsewhere.items():
        if key in given:
            raise ValueError(f"--option must be another than {key!r}; it comes from {instead}.")
    if Path(data).is_dir():
        size = known[name].cases[0].input_shape
        loaded = kc.datasets.from_directory(
            data, image_size=size[:2], channels=size[2], window=window, seed=seed
        )
    else:
        loaded = kc.datasets.load(data, data_dir=data_dir)
    keras.utils.set_random_seed(seed)
    model = kc.models.build(
        name,
        input_shape=tuple(loaded.train[0].shape[1:]),
        classes=len(loaded.class_names),
        **({} if width is None else {"width": width}),
        **given,
    )

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
            run_dir=run_dir,
            seed=seed,
            callbacks=[] if run_dir else [forgetful],
        )
    except KeyboardInterrupt as stop:
        where = str(stop).partition(";")[0] or "stopped at once"  # the rest is about Python
        how = "the same command goes on" if run_dir else "with --run-dir FOLDER a run can go on"
        click.echo(f"{where}; {how}.", err=True)
        sys.exit(130)  # 128 + SIGINT, as shells have it
    if loaded.test is not None and loaded.train[1].dtype.kind in "iu":  # boxes have no accuracy
        result = kc.training.evaluate(model, loaded)
        click.echo(f"test accuracy {result.accuracy:.1%}")


@main.command()
def devices() -> None:
    """Print what there is to compute with, and what will be used."""
    start_keras()
    from kerascnn import training

    click.echo(training.devices())
