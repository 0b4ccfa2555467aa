"""`kerascnn evaluate`: the accuracy of a trained network, class by class."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn._errors import unknown, warn
from kerascnn._files import replacing

from ._checks import check_data
from ._data import from_folder, say_size
from ._main import main, start_keras
from ._network import chosen, named_classes, of_network
from ._options import FORMATS, Named, in_language, in_style, of_values

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.datasets import Dataset
    from kerascnn.trained import Trained

PARTS = ("test", "validation", "train", "all")
BATCH = 64


@main.command()
@click.argument("model", required=False, metavar="[NAME|FILE]")
@of_network("none")
@named_classes
@click.option("--data", required=True, metavar="NAME|FOLDER", help="A data set, or image folders.")
@click.option("--data-dir", help="A folder with the data set's file.")
@of_values
@click.option(
    "--part",
    type=Named(PARTS),
    help="[default: test; for the training folder of a run, the images that it was not trained on]",
)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="File for the confusion matrix.")
@in_language
@in_style
def evaluate(
    model: str | None,
    data: str,
    data_dir: str | None,
    window: tuple[float, float] | None,
    part: str | None,
    out: str | None,
    lang: str,
    style: str,
    **network: Any,
) -> None:
    """Evaluate a trained network: accuracy, recall and precision of each class.

    NAME is an architecture with weights, FILE a .keras file or a run directory. All images of a
    folder without parts are used, except if the run was trained on it.
    """
    network["name"] = one_of(model, network["name"])
    choice = chosen(None, **network, what="NAME")
    check_data(data)
    path = None
    if out is not None:
        from ._pictures import check_output

        path = check_output(Path(out), formats=FORMATS)
    start_keras()

    from kerascnn import training
    from kerascnn._text import class_texts, language

    net = choice.load(any_size=False)
    looked_at = read(net, data, data_dir, window, part)
    click.echo(f"{looked_at.what}: {len(looked_at.labels):,} pictures", err=True)
    result = training.evaluate(
        net.model,
        looked_at.batches(net),
        input_range=None,
    )
    with language(lang):
        names = class_texts(looked_at.names)
    result = replace(result, class_names=tuple(names))
    click.echo(result)
    if path is None:
        return

    from matplotlib import pyplot as plt

    from kerascnn import plots

    with plots.style(style, lang=lang), replacing(path) as new:
        plots.confusion_matrix(result.confusion, names)
        figure = plt.gcf()
        figure.savefig(new)
        plt.close(figure)
    click.echo(path)


def one_of(argument: str | None, option: str | None) -> str | None:
    """Return the name of the network, given as an argument or as --model."""
    if argument is not None and option is not None:
        raise ValueError("the network must be given once: NAME, or --model NAME.")
    return option if argument is None else argument


@dataclass(frozen=True)
class Labelled:
    """Images with their classes.

    Attributes:
        images: (N, H, W, C) float in [0, 1], an array or `ImageFiles`.
        labels: class indices.
        names: names of the classes.
        what: description of the images.
    """

    images: Any
    labels: "np.ndarray"
    names: tuple[str, ...]
    what: str

    def batches(self, net: "Trained") -> object:
        """Return batches in the form that the network expects."""
        import keras
        import numpy as np

        images, labels = self.images, self.labels

        class Batches(keras.utils.PyDataset):
            def __len__(self) -> int:
                return -(-len(labels) // BATCH)

            def __getitem__(self, index: int) -> tuple:
                rows = slice(index * BATCH, (index + 1) * BATCH)
                return net.prepared(np.asarray(images[rows])), labels[rows]

        return Batches()


def read(
    net: "Trained",
    data: str,
    data_dir: str | None,
    window: tuple[float, float] | None,
    part: str | None,
) -> Labelled:
    """Read the images to evaluate a network on, labeled with its own classes."""
    from kerascnn import datasets

    if not Path(data).expanduser().is_dir():
        loaded, part = datasets.load(data, data_dir=data_dir), part or "test"
    else:
        loaded, part = of_folder(net, data, window, part)
        say_size(loaded)
    if part == "all":
        parts = [p for p in (loaded.train, loaded.validation, loaded.test) if p is not None]
        if len(parts) > 1:
            raise ValueError(
                "--part must be train, validation or test for data that are already divided."
            )
    found = loaded.train if part == "all" else getattr(loaded, part)
    if found is None:
        there = [name for name in PARTS[:-1] if getattr(loaded, name) is not None]
        raise unknown("--part", part, there)
    images, labels = found
    names = net.class_names or loaded.class_names
    if labels.ndim == 1 and labels.dtype.kind in "iu":
        labels, names = of_classes(net, labels, loaded.class_names, data)
    return Labelled(images, labels, names, f"{part} of '{data}'")


def of_folder(
    net: "Trained", data: str, window: tuple[float, float] | None, part: str | None
) -> tuple["Dataset", str]:
    """Read folders, divided into their own parts or into those of the run."""
    from kerascnn.training._data import splits
    from kerascnn.training._run_config import data_hash

    folder, options = Path(data).expanduser(), dict(net.reading)
    if window is not None:
        options["window"] = window
    read = partial(from_folder, data, net.seen_shape)
    shown = options | {"input_range": (0, 1)}
    other = shown | {"class_names": None}  # there may be fewer; they are identified by name
    if (folder / "train").is_dir():
        loaded = read(**other)
        return loaded, part or ("test" if loaded.test is not None else "validation")
    whole = read(**other | {"validation": 0, "test": 0})
    if net.data_hash is not None and part != "all":
        check = {"check": False}  # the files have already been checked
        with suppress(ValueError):  # too few images of a class for a split
            if data_hash(*splits(read(**options, **check))) == net.data_hash:
                loaded = read(**shown, **check)
                return loaded, part or ("test" if loaded.test is not None else "validation")
        if net.folder == str(folder.resolve()):
            warn(
                f"'{data}' has changed since the training; the network was trained on some of its "
                "images, and performs better on these than on new ones."
            )
    if part not in (None, "all"):
        raise ValueError(
            f"--part must be omitted: '{data}' has no folders train, validation and test, and the "
            "run was not trained on it."
        )
    return whole, "all"


def of_classes(
    net: "Trained", labels: "np.ndarray", names: tuple[str, ...], data: str
) -> tuple["np.ndarray", tuple[str, ...]]:
    """Return the labels as indices of the network's classes, which are identified by name."""
    from kerascnn._class_names import matched

    own = net.class_names
    if not own:
        return labels, names if len(names) == len(net.names) else net.names
    strange = [name for name in names if name not in own]
    if strange:
        listed = ", ".join(own[:8]) + ", …" * (len(own) > 8)
        raise ValueError(
            f"'{data}' must have the classes of {net.name}, {listed}; received {strange[0]!r}. Set "
            "--class-names if their names differ."
        )
    order = matched(names, own, "set --class-names to different names")
    return (labels if order is None else order[labels]), own
