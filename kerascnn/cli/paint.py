"""`kerascnn dream` and `style`: images generated from photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._main import main, start_keras
from ._network import chosen, of_network
from ._options import Named, made_of, names_in, of_values, read_photo

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.trained import Trained

OPTIMIZERS = ("lbfgs", "adam")
SIZE = click.IntRange(32, 4096)  # more pixels would take hours and too much memory


@main.command()
@click.argument("image", type=click.Path(dir_okay=False))
@of_network("vgg16")
@of_values
@click.option("--layers", help="Layers to amplify, separated by commas.  [default: in the middle]")
@click.option("--guide", type=click.Path(dir_okay=False), help="An image that guides the dream.")
@click.option(
    "--octaves", type=click.IntRange(1, 10), help="[default: 4, or fewer for small images]"
)
@click.option("--steps", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--size", type=SIZE, default=640, show_default=True, help="Longer side in pixels.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: IMAGE_dream.png]")
def dream(
    image: str,
    window: tuple[float, float] | None,
    layers: str | None,
    guide: str | None,
    octaves: int | None,
    steps: int,
    size: int,
    seed: int,
    out: str | None,
    **network: Any,
) -> None:
    """Amplify what a network sees in a photo: DeepDream.

    If the weights cannot be downloaded, a shipped network is used.
    """
    choice = chosen("vgg16", **network)
    from ._pictures import check_output, write_picture

    path = check_output(made_of(image, "dream") if out is None else Path(out), image, guide)
    window = choice.window(window)
    pictures = [read_photo(file, size, window) for file in (image, guide) if file is not None]
    start_keras()

    from kerascnn import visualize
    from kerascnn.trained._layers import OCTAVE_SCALE, OCTAVES, dream_layers, fitting_octaves

    asked = [] if layers is None else names_in(layers)
    net = choice.load(include_top=False, layers={"--layers": asked})
    picture, *guides = sized(net, pictures)
    names = asked or dream_layers(net.model)
    if octaves is None:
        octaves = fitting_octaves(net.model, picture.shape[1:3], names)
        if octaves < OCTAVES:
            click.echo(
                f"octaves: {octaves}, the most that leave maps in {', '.join(names)}", err=True
            )
    result = visualize.deep_dream(
        net.model,
        picture,
        names,
        octaves=octaves,
        octave_scale=OCTAVE_SCALE,
        steps=steps,
        guide=guides[0] if guides else None,
        preprocessing=net.preprocessing,
        seed=seed,
    )
    write_picture(result[0], path)
    click.echo(path)


@main.command()
@click.argument("content", type=click.Path(dir_okay=False))
@click.argument("style", type=click.Path(dir_okay=False))
@of_network("vgg19")
@of_values
@click.option("--content-layers", help="Separated by commas.  [default: as deep as in the paper]")
@click.option("--style-layers", help="Separated by commas.  [default: as deep as in the paper]")
@click.option(
    "--style-weight",
    type=click.FloatRange(0),
    help="[default: suited to the network and the images]",
)
@click.option("--steps", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--optimizer", type=Named(OPTIMIZERS), default="lbfgs", show_default=True)
@click.option("--size", type=SIZE, default=400, show_default=True, help="Longer side in pixels.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: CONTENT_STYLE.png]")
def style(
    content: str,
    style: str,
    window: tuple[float, float] | None,
    content_layers: str | None,
    style_layers: str | None,
    style_weight: float | None,
    steps: int,
    optimizer: str,
    size: int,
    seed: int,
    out: str | None,
    **network: Any,
) -> None:
    """Paint the content of one image in the style of another.

    If the weights cannot be downloaded, a shipped network is used.
    """
    choice = chosen("vgg19", **network)
    from ._pictures import check_output, write_picture

    painted = made_of(content, Path(style).stem) if out is None else Path(out)
    path = check_output(painted, content, style)
    photos = [read_photo(file, size, choice.window(window)) for file in (content, style)]
    start_keras()

    from kerascnn import visualize
    from kerascnn.trained import _layers

    asked = {
        option: [] if names is None else names_in(names)
        for option, names in (
            ("--content-layers", content_layers),
            ("--style-layers", style_layers),
        )
    }
    net = choice.load(include_top=False, layers=asked)
    of_content, of_style = sized(net, photos)
    model = net.model
    contents = asked["--content-layers"] or _layers.content_layers(model)
    styles = asked["--style-layers"] or _layers.style_layers(model)
    for option, layers in (("--content-layers", contents), ("--style-layers", styles)):
        if not layers:
            raise ValueError(f"{option} must be layers of {net.name}, which has no convolutions.")
    if style_weight is None:
        style_weight = _layers.style_weight(net, of_content, of_style, contents, styles)
    click.echo(
        f"content {','.join(contents)}, style {','.join(styles)}, style weight {style_weight:.3g}",
        err=True,
    )
    result = visualize.style_transfer(
        model,
        of_content,
        of_style,
        content_layers=contents,
        style_layers=styles,
        style_weight=style_weight,
        steps=steps,
        optimizer=optimizer,
        preprocessing=net.preprocessing,
        seed=seed,
    )
    write_picture(result[0], path)
    click.echo(path)


def sized(net: "Trained", pictures: list["np.ndarray"]) -> list["np.ndarray"]:
    """Return images as batches of one, cropped and resized if the network has a fixed size."""
    height, width = net.model.input_shape[1:3]
    if height is None or width is None:
        return [picture[None] for picture in pictures]
    click.echo(
        f"{net.name} expects images of {width}x{height}; the images are cropped to that size.",
        err=True,
    )
    return [net.fitted(picture)[None] for picture in pictures]
