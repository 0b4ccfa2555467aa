"""`kerascnn gradcam`: heatmaps of where a network sees a class in photos, by any method."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn._errors import unknown
from kerascnn._files import replacing
from kerascnn._text import language
from kerascnn.trained import METHODS
from kerascnn.trained._class_number import class_number

from ._main import main, start_keras
from ._network import chosen, named_classes, of_network
from ._options import FORMATS, in_language, in_style, made_of, of_values, read_photo

if TYPE_CHECKING:
    from kerascnn.trained import Explanation, Trained

PAINTED = ("jpg", "jpeg", "webp", "tif", "tiff")  # matplotlib writes these through Pillow
WRITTEN = (*FORMATS, *PAINTED)
LIKELIEST = 5


@main.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path())
@of_network("resnet50")
@named_classes
@of_values
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="METHOD",
    help=f"One of {', '.join(METHODS)}; repeatable.  [default: grad_cam]",
)
@click.option("--class", "target", help="Name or number of a class.  [default: the predicted one]")
@click.option("--layer", help="The layer to use.  [default: the last with maps]")
@click.option(
    "-o",
    "--out",
    type=click.Path(),
    help="An image, with one row per IMAGE; or a folder.  "
    "[default: one IMAGE_gradcam.png each, in the current directory]",
)
@in_language
@in_style
def gradcam(
    images: tuple[str, ...],
    window: tuple[float, float] | None,
    methods: tuple[str, ...],
    target: str | None,
    layer: str | None,
    out: str | None,
    lang: str,
    style: str,
    **network: Any,
) -> None:
    """Show where in photos a network sees a class, and print its five most likely classes.

    If the weights cannot be downloaded, a shipped network is used.
    """
    for method in methods:
        if method not in METHODS:
            raise unknown("--method", method, METHODS)
    methods = tuple(dict.fromkeys(methods)) or ("grad_cam",)
    choice = chosen("resnet50", **network)
    if target is not None and (names := choice.known_names()):
        with language(lang):
            class_number(target, names, what="--class")  # fail early
    paths = outputs(images, out, "gradcam" if methods == ("grad_cam",) else "_".join(methods))
    pictures = [read_photo(image, window=choice.window(window)) for image in images]
    start_keras()

    net = choice.load(layers={"--layer": [layer] if layer else []})
    rows = []
    with language(lang):
        klass = None if target is None else number_of(net, target)
        for image, picture in zip(images, pictures, strict=True):
            if len(images) > 1:
                click.echo(f"{image}:")
            if doubt := net.doubts(picture):
                click.echo(f"'{image}': {doubt}", err=True)
            rows.append([net.explain(picture, m, target=klass, layer=layer) for m in methods])
            tell(net, rows[-1][0])
            if len(paths) == len(images):
                draw(net, rows[-1:], paths[len(rows) - 1], lang, style)
                click.echo(paths[len(rows) - 1])
    if len(paths) < len(images):
        draw(net, rows, paths[0], lang, style)
        click.echo(paths[0])


def number_of(net: "Trained", target: str) -> int:
    """Return the number of the class that `--class` specifies."""
    if not net.class_names and not target.isdecimal():
        raise ValueError(
            f"--class must be a number, since {net.name} has no class names; received {target!r}. "
            "Give --class-names, or save the file with kerascnn.trained.save."
        )
    return class_number(target, net.names, what="--class")


def outputs(images: tuple[str, ...], out: str | None, what: str) -> list[Path]:
    """Return the output files: one per image, or one for all."""
    from ._pictures import check_output

    if out is not None and not Path(out).is_dir() and not out.endswith(("/", "\\")):
        return [check_output(Path(out), *images, formats=WRITTEN)]
    paths = [made_of(image, what) for image in images]
    if len(set(paths)) < len(paths):
        paths = [made_of(image, what, folder=True) for image in images]
    if out is not None:
        Path(out).mkdir(parents=True, exist_ok=True)
        paths = [Path(out) / path.name for path in paths]
    twice = {path.name for path in paths if paths.count(path) > 1}
    if twice:
        raise ValueError(
            f"IMAGEs must have unique names; {', '.join(sorted(twice))} would be written twice."
        )
    return [check_output(path, *images, formats=WRITTEN) for path in paths]


def tell(net: "Trained", found: "Explanation") -> None:
    """Print the most likely classes."""
    from rich.cells import cell_len, set_cell_size

    from kerascnn._markup import one_line
    from kerascnn._text import class_texts

    names = [one_line(name) for name in class_texts(net.names)]
    ranked = (-found.probabilities).argsort()[:LIKELIEST]
    width = max(cell_len(names[c]) for c in ranked)  # Korean letters are two cells wide
    for c in ranked:
        click.echo(f"{set_cell_size(names[c], width)}  {found.probabilities[c]:6.1%}")


def draw(
    net: "Trained", rows: list[list["Explanation"]], path: Path, lang: str, style: str
) -> None:
    """Draw a row of panels per image; if the network is a substitute, name it."""
    from matplotlib import pyplot as plt

    from kerascnn import plots
    from kerascnn._text import text as _

    with plots.style(style, lang=lang), replacing(path) as new:
        note = _("computed by {network} instead of the requested network", network=net.name)
        figure = plots.explanations(rows, note=note if net.instead else None)
        figure.savefig(new)
        plt.close(figure)
