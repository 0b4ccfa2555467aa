"""Options that several commands share, and how they are parsed."""

import ast
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn._errors import unknown

from ._main import quiet

if TYPE_CHECKING:
    import numpy as np

# The choices are repeated here because their modules import matplotlib; a test compares them.
LANGUAGES = ("en", "ko", "es")
STYLES = ("slides", "paper", "dark", "gray")
FORMATS = ("svg", "png", "pdf")
PREPROCESSING = ("unit", "signed", "lecun", "torch", "caffe", "0-255", "0-1")
WORDS = ("name", "variant", "padding")  # never numbers, as in variant=1998


class Named(click.Choice):
    """One of several names, rejected as elsewhere: with what may be meant."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the name.

        Raises:
            ValueError: If it is not one of the choices.
        """
        if value not in self.choices:
            raise unknown(param.opts[0], value, self.choices)
        return value


of_builder = click.option(
    "--option",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    help="An argument of the builder, such as padding=same or input_shape=64,64,3; repeatable.",
)
in_language = click.option("--lang", type=Named(LANGUAGES), default="en", show_default=True)
in_style = click.option("--style", type=Named(STYLES), default="slides", show_default=True)
of_values = click.option(
    "--window",
    type=(float, float),
    metavar="BLACK WHITE",
    help="Values of black and white in the file.  [default: its data type's, or percentiles]",
)


def read_options(options: Sequence[str]) -> dict:
    """Parse arguments of a builder, such as "padding=same" or "input_shape=64,64,3"."""
    given = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise ValueError(
                f"--option must be KEY=VALUE, such as padding=same; received {option!r}."
            )
        given[key] = value if key in WORDS else _value(value)
        if key == "input_shape":
            given[key] = read_shape("--option input_shape", value)
    return given


def _value(word: str) -> object:
    """Parse a number, boolean or tuple in JSON or Python; otherwise, return the text."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(word)
        except (ValueError, SyntaxError):
            continue
        return tuple(value) if isinstance(value, list) else value
    return word


def read_shape(what: str, words: str) -> tuple[int | None, ...]:
    """Parse "224,224,3" or "224x224x3"; "None" means any size.

    Raises:
        ValueError: If it is not the shape of an image.
    """
    parts = words.strip("()[] ").replace("x", ",").replace("×", ",").split(",")
    parts = [part.strip() for part in parts]
    if len(parts) != 3 or not all(p.isdecimal() or p in ("None", "null") for p in parts):
        raise ValueError(
            f"{what} must be three whole numbers, such as 224,224,3; received {words!r}."
        )
    return tuple(int(part) if part.isdecimal() else None for part in parts)


def read_photo(
    path: str, size: int | None = None, window: tuple[float, float] | None = None
) -> "np.ndarray":
    """Read an image, (H, W, 3) in [0, 1], and print a warning if its range is ambiguous."""
    from ._pictures import read_picture

    if window is not None and not -math.inf < window[0] < window[1] < math.inf:
        raise ValueError(
            "--window must be two finite numbers, for black and a larger one for white; "
            f"received {window[0]:g} {window[1]:g}."
        )
    notes: list[str] = []
    with quiet():  # libtiff writes to the terminal
        picture = read_picture(path, size, window=window, say=notes.append)
    for note in notes:
        click.echo(note, err=True)
    return picture


def made_of(image: str, what: str, *, folder: bool = False) -> Path:
    """Return the path for an image made from another, a PNG in the current directory.

    It is not beside the original: in the folder of a class, it would become a training image.

    Args:
        image: path of the original.
        what: what is made from it, such as "dream".
        folder: whether the name starts with that of the original's folder.
    """
    path = Path(image).expanduser()
    start = f"{path.resolve().parent.name}_" * folder
    return Path(f"{start}{path.stem}_{what}.png")


def names_in(option: str) -> list[str]:
    """Split names separated by commas, such as those of layers."""
    return [name.strip() for name in option.split(",")]
