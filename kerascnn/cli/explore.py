"""`kerascnn explore`: a trained network as one HTML page that works offline."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._checks import check_data, check_folder
from ._main import main, start_keras
from ._network import chosen, named_classes, of_network
from ._options import Named, in_language, of_values
from .evaluate import PARTS, one_of, read

if TYPE_CHECKING:
    import numpy as np

DTYPES = ("float32", "float16", "int8")
OFFLINE = "digits"  # samples for networks that read digits


@main.command()
@click.argument("model", required=False, metavar="[NAME|FILE]")
@of_network("none")
@named_classes
@click.option(
    "--data",
    metavar="NAME|FOLDER",
    help="A data set, or image folders, to take samples from.  [default: digits, of networks for "
    "them]",
)
@click.option("--data-dir", help="A folder with the data set's file.")
@of_values
@click.option("--part", type=Named(PARTS), help="[default: test]")
@click.option(
    "--samples",
    "count",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How many samples, as many as possible of each class.",
)
@click.option("--title", help="The title of the page.  [default: the network's name]")
@click.option(
    "--dtype",
    type=Named(DTYPES),
    default="float32",
    show_default=True,
    help="What weights are stored in.",
)
@click.option("-o", "--out", type=click.Path(), help="[default: NAME.html]")
@in_language
def explore(
    model: str | None,
    data: str | None,
    data_dir: str | None,
    window: tuple[float, float] | None,
    part: str | None,
    count: int,
    title: str | None,
    dtype: str,
    out: str | None,
    lang: str,
    **network: Any,
) -> None:
    """Write a trained network as one HTML page, which opens with a double-click and works offline.

    NAME is an architecture with weights, FILE a .keras file or a run directory. A run that was
    trained with --keep-every is replayed.
    """
    network["name"] = one_of(model, network["name"])
    choice = chosen(None, **network, what="NAME")
    if data is not None:
        check_data(data)
    path = None if out is None else check_page(Path(out))
    start_keras()

    from kerascnn import explorer
    from kerascnn.training._kept_weights import kept_weights

    net = choice.load(any_size=False)
    if data is None and net.convention is not None:
        data = OFFLINE
    names, samples = net.class_names, None
    if data is not None and count:
        found = read(net, data, data_dir, choice.window(window), part)
        if found.labels.ndim == 1:
            rows = spread(found.labels, count)
            samples = found.images[rows], found.labels[rows]
        else:  # masks or boxes
            samples = found.images[:count]
        names = found.names
    run = Path(choice.source) if choice.source is not None else None
    path = explorer.export(
        net.model,
        path or check_page(Path(f"{net.model.name}.html")),
        class_names=names or None,
        samples=samples,
        checkpoints=run if run and run.is_dir() and kept_weights(run) else None,
        title=title or net.name,
        lang=lang,
        dtype=dtype,
        preprocessing=net.preprocessing,
        digits=net.convention is not None,
    )
    click.echo(path)


def check_page(path: Path) -> Path:
    """Reject a path that a page cannot be written to, before any work is done."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out must end in .html; received '{path}'.")
    check_folder(path)
    return path


def spread(labels: "np.ndarray", count: int) -> "np.ndarray":
    """Choose samples, as many of each class: the first of each, then the second, and so on."""
    import numpy as np

    nth = np.zeros(len(labels), int)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        nth[of_class] = range(len(of_class))
    return np.lexsort((labels, nth))[:count]
