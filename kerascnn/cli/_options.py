"""Options that several commands share, and what is read out of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerascnn._errors import unknown

from ._main import quiet

if TYPE_CHECKING:
    import numpy as np

    from ._pretrained import Pretrained

# The choices stand here once more, since the modules that own them import matplotlib;
# a test holds them against each other.
LANGUAGES = ("en", "ko", "es")
STYLES = ("slides", "paper", "dark", "gray")
FORMATS = ("svg", "png", "pdf")
PREPROCESSING = ("unit", "signed", "lecun", "torch", "caffe")

of_builder = click.option(
    "--option", "options", metavar="KEY=VALUE", multiple=True, help="Of the builder: padding=same."
)
expected_input = click.option(
    "--preprocessing",
    type=click.Choice(PREPROCESSING),
    help="The input that the weights expect.  [default: the set's; unit for a file of your own]",
)
of_values = click.option(
    "--window",
    type=(float, float),
    metavar="BLACK WHITE",
    help="Values of the file that are black and white.  [default: its data type's, or percentiles]",
)


def read_options(options: Sequence[str]) -> dict:
    """Take arguments of a builder out of words such as "padding=same" or "dropout=0.5"."""
    given = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise ValueError(f"--option must be KEY=VALUE, such as padding=same; got {option!r}.")
        try:
            given[key] = json.loads(value)
        except ValueError:
            given[key] = value
    return given


def read_photo(
    path: str, size: int | None = None, window: tuple[float, float] | None = None
) -> "np.ndarray":
    """Read a picture, (H, W, 3) in [0, 1]; says what is doubtful about it."""
    from ._pictures import read_picture

    if window is not None and not window[0] < window[1]:
        raise ValueError(
            "--window must be the value of black and a larger one of white; "
            f"received {window[0]:g} {window[1]:g}."
        )
    notes: list[str] = []
    with quiet():  # libtiff writes to the terminal
        picture = read_picture(path, size, window=window, say=notes.append)
    for note in notes:
        click.echo(note, err=True)
    return picture


def beside(image: str, what: str) -> Path:
    """The path of a picture beside another, in PNG."""
    return Path(image).with_name(f"{Path(image).stem}_{what}.png")


def network(
    name: str, weights: str, options: dict, preprocessing: str | None, *, include_top: bool = True
) -> "Pretrained":
    """The network for a photo; says which it is, and why it is not the one that was asked for."""
    from ._pretrained import pretrained

    net = pretrained(
        name,
        weights,
        otherwise="vgg16/cifar10",
        include_top=include_top,
        preprocessing=preprocessing,
        options=options,
    )
    if net.instead:
        click.echo(f"{net.instead}; {net.name}, which comes with the package, is used.", err=True)
    else:
        click.echo(f"{net.name}: {net.note}" if net.note else net.name, err=True)
    return net


def names_in(option: str) -> list[str]:
    """Names with commas between them, such as of layers."""
    return [name.strip() for name in option.split(",")]


def class_number(target: str, names: list[str]) -> int:
    """The number of a class that is given by its name or number."""

    def plain(name: str) -> str:
        return name.replace("_", " ").strip().lower()

    wanted = plain(target)
    numbers = [str(number) for number, name in enumerate(names) if plain(name) == wanted]
    if len(numbers) > 1:  # of ImageNet the crane, a bird and a machine, and the maillot
        raise ValueError(
            f"--class must be one class; {target!r} is the name of {' and '.join(numbers)}. "
            "Give the number."
        )
    if numbers:
        return int(numbers[0])
    if target.isdecimal() and int(target) < len(names):
        return int(target)
    raise unknown("--class", target, names)
