"""`kerascnn gradcam`: where in a photo a network sees a class."""

from pathlib import Path

import click

from kerascnn._files import replacing

from ._main import main, start_keras
from ._options import (
    FORMATS,
    LANGUAGES,
    STYLES,
    beside,
    class_number,
    expected_input,
    network,
    of_builder,
    of_values,
    read_options,
    read_photo,
)

PAINTED = ("jpg", "jpeg", "webp", "tif", "tiff")  # which matplotlib writes too, by Pillow


@main.command()
@click.argument("image", type=click.Path(dir_okay=False))
@click.option("--model", "name", default="resnet50", show_default=True, help="The architecture.")
@click.option("--weights", default="imagenet", show_default=True, help="A set's name or a file.")
@of_builder
@expected_input
@of_values
@click.option("--class", "target", help="Name or number of a class.  [default: the predicted one]")
@click.option("--layer", help="The layer to look at.  [default: the last with maps]")
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: IMAGE_gradcam.png]")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--style", type=click.Choice(STYLES), default="slides", show_default=True)
def gradcam(
    image: str,
    name: str,
    weights: str,
    options: tuple[str, ...],
    preprocessing: str | None,
    window: tuple[float, float] | None,
    target: str | None,
    layer: str | None,
    out: str | None,
    lang: str,
    style: str,
) -> None:
    """Show where in a photo a network sees a class, and print its five likeliest classes.

    Without network and weights at hand, a network that comes with the package does it.
    """
    given = read_options(options)
    from ._pictures import check_output

    path = check_output(
        beside(image, "gradcam") if out is None else Path(out), image, formats=(*FORMATS, *PAINTED)
    )
    picture = read_photo(image, window=window)
    start_keras()

    import numpy as np

    from kerascnn import visualize

    net = network(name, weights, given, preprocessing)
    fitted = net.fitted(picture)
    inputs = net.preprocessing(fitted[None])
    scores = net.probabilities(inputs)
    names = net.class_names
    ranked = np.argsort(-scores)
    width = max(len(names[c]) for c in ranked[:5])
    for c in ranked[:5]:
        click.echo(f"{names[c]:{width}}  {scores[c]:6.1%}")
    chosen = ranked[0] if target is None else class_number(target, names)
    layer = layer or net.explained_layer(fitted)
    heatmap = visualize.grad_cam(net.model, inputs, int(chosen), layer)[0]

    from matplotlib import pyplot as plt

    from kerascnn import plots
    from kerascnn.plots._style import as_written

    seen = net.view(picture)
    with plots.style(style, lang=lang), replacing(path) as new:
        wide = seen.shape[1] > 1.5 * seen.shape[0]  # a panorama: one above the other
        fig, axes = plt.subplots(*((2, 1) if wide else (1, 2)))
        plots.image_grid(seen[None], ax=axes[0])
        plots.overlay(seen, heatmap, colorbar=False, ax=axes[1])
        as_written(axes[1].set_title(f"{names[chosen]}: {scores[chosen]:.1%}"))
        fig.savefig(new)
        plt.close(fig)
    click.echo(path)
