"""`kerascnn segment` and `kerascnn detect`: classes of pixels, and boxes, as images and CSV."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn import weights as weight_sets
from kerascnn._files import replacing
from kerascnn._text import language

from ._main import main, start_keras
from ._network import Choice, chosen, named_classes, of_network
from ._options import in_language, in_style, of_values, read_photo
from .explain import outputs

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.trained import Trained

LEAST = 20  # pixels; smaller components are not counted as objects
CLASSES_NAMED = 6  # in the legend below an image

of_outputs = click.option(
    "-o",
    "--out",
    type=click.Path(),
    help="An image for one IMAGE, or a folder; the CSV file has the same name.  "
    "[default: IMAGE_segment.png or IMAGE_detect.png, in the current directory]",
)


@main.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path())
@of_network("unet")
@named_classes
@of_values
@click.option("--tile", type=click.IntRange(1), help="Side of a tile in pixels.")
@click.option(
    "--least", type=click.IntRange(1), default=LEAST, show_default=True,
    help="Minimum size of an object in pixels.",
)  # fmt: skip
@of_outputs
@in_language
@in_style
def segment(
    images: tuple[str, ...],
    window: tuple[float, float] | None,
    tile: int | None,
    least: int,
    out: str | None,
    lang: str,
    style: str,
    **network: Any,
) -> None:
    """Predict the class of each pixel, in images of any size.

    Draws each image next to a copy with the classes overlaid, and writes a CSV file with one row
    per object: its class, its area in pixels and its center. All classes except the first, the
    background, are split into connected objects.
    """
    choice = with_weights(chosen("unet", **network))
    paths = alone(outputs(images, out, "segment"), images)
    pictures = [read_photo(image, window=choice.window(window)) for image in images]
    start_keras()
    net = replace(choice, class_names=()).load()  # the names are checked below
    channels = net.model.outputs[0].shape[-1]
    names = names_of(net, choice, max(channels, 2))  # one channel distinguishes two classes
    for image, picture, path in zip(images, pictures, paths, strict=True):
        if (size := scaled(net, picture.shape[:2])) != picture.shape[:2]:
            click.echo(f"{image}: resized to {size[0]}x{size[1]}, as in training", err=True)
        mask = classes_of_pixels(net, picture, tile)
        rows = objects(mask, least)
        with language(lang):
            say_areas(image if len(images) > 1 else "", mask, rows, names)
            draw(picture, path, style, lang, lambda ax, p=picture, m=mask: overlay(ax, p, m, names))
        header = ("image", "class", "name", "area", "y", "x")
        table = [(image, k, names[k], area, f"{y:.1f}", f"{x:.1f}") for k, area, y, x in rows]
        write_table(path, header, table)


@main.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path())
@of_network("yolov1")
@named_classes
@of_values
@click.option(
    "--score", type=click.FloatRange(0, 1), default=0.2, show_default=True,
    help="Minimum score of a box.",
)  # fmt: skip
@click.option(
    "--overlap", type=click.FloatRange(0, 1), default=0.5, show_default=True,
    help="Overlap above which the weaker of two boxes of a class is left out.",
)  # fmt: skip
@click.option("--boxes", type=click.IntRange(1), default=2, show_default=True, help="Per cell.")
@of_outputs
@in_language
@in_style
def detect(
    images: tuple[str, ...],
    window: tuple[float, float] | None,
    score: float,
    overlap: float,
    boxes: int,
    out: str | None,
    lang: str,
    style: str,
    **network: Any,
) -> None:
    """Detect objects in images with a network like YOLO.

    Draws each image next to a copy with the boxes, and writes a CSV file with one row per box: its
    class, its score and its corners in pixels. Images are stretched to the network's input size.
    """
    choice = with_weights(chosen("yolov1", **network))
    paths = alone(outputs(images, out, "detect"), images)
    pictures = [read_photo(image, window=choice.window(window)) for image in images]
    start_keras()
    from kerascnn import plots, predict_boxes

    net = replace(choice, class_names=()).load()  # the names are checked below
    grid = net.model.output_shape
    classes = (grid[-1] if isinstance(grid, tuple) and len(grid) == 4 else 0) - 5 * boxes
    if classes < 1:
        raise ValueError(
            f"the model must return a grid (N, h, w, 5 · boxes + classes); {net.name} returns "
            f"{grid}: change --boxes, or use kerascnn segment."
        )
    names = names_of(net, choice, classes)
    for image, picture, path in zip(images, pictures, paths, strict=True):
        seen = net.inputs(stretched(net, picture))
        (found,) = predict_boxes(net.model, seen, boxes=boxes, score=score, overlap=overlap)
        with language(lang):
            from kerascnn._markup import one_line
            from kerascnn._text import class_texts

            words = [one_line(name) for name in class_texts(names)]
            for row in found:
                start = f"{image}: " if len(images) > 1 else ""
                click.echo(f"{start}{words[int(row[0])]}  {row[1]:.2f}")
            if not len(found):
                click.echo(f"{image}: no box with a score of {score:g} or more.")
            draw(
                picture, path, style, lang,
                lambda ax, p=picture, f=found: plots.boxes(p, f, class_names=names, ax=ax),
            )  # fmt: skip
        header = ("image", "class", "name", "score", "left", "top", "right", "bottom")
        write_table(path, header, [in_pixels(image, row, names, picture.shape) for row in found])


def with_weights(choice: Choice) -> Choice:
    """Reject an architecture without weights before TensorFlow starts."""
    sets = weight_sets.available(str(choice.source)) if choice.source is not None else [None]
    path = Path(str(choice.source)).expanduser()
    if choice.weights is None and not sets and not path.exists():
        raise ValueError(
            f"--weights must be a weights file for {choice.source}, which has no shipped ones; or "
            "use --run with a run directory."
        )
    return choice


def alone(paths: list[Path], images: Sequence[str]) -> list[Path]:
    """Reject a single output for several images."""
    if len(paths) < len(images):
        raise ValueError(
            f"--out must be a folder for several IMAGEs; received '{paths[0]}' for {len(images)}."
        )
    return paths


def names_of(net: "Trained", choice: Choice, classes: int) -> tuple[str, ...]:
    """Return the names of the classes, or their indices."""
    names = choice.class_names or net.class_names or choice.known_names()
    if choice.class_names and len(choice.class_names) != classes:
        raise ValueError(
            f"--class-names must be {classes} names, one for each class of {net.name}; received "
            f"{len(choice.class_names)}."
        )
    return names if len(names) == classes else tuple(map(str, range(classes)))


def classes_of_pixels(net: "Trained", picture: "np.ndarray", tile: int | None) -> "np.ndarray":
    """Predict the class of each pixel of an image, at the scale of the training images."""
    import numpy as np
    from skimage.transform import resize

    from kerascnn import predict_tiles
    from kerascnn._heads import last_activation

    from ._pictures import grey

    image = grey(picture) if net.model.input_shape[-1] == 1 else picture
    size = scaled(net, image.shape[:2])
    if size != image.shape[:2]:
        image = resize(image, size, anti_aliasing=True).astype(np.float32)
    scores = predict_tiles(net.model, net.inputs(image)[0], tile=tile)
    if size != picture.shape[:2]:
        scores = resize(scores, (*picture.shape[:2], scores.shape[-1]), order=1)
    if scores.shape[-1] == 1:
        half = 0.5 if last_activation(net.model) == "sigmoid" else 0
        return (scores[..., 0] >= half).astype(int)
    return scores.argmax(axis=-1)


def scaled(net: "Trained", sides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the height and width of an image at the scale of training images that were resized.

    Nothing is cropped: the tiles cover the whole image.
    """
    how = net.reading.get("resize")
    if net.size is None or how is None:
        return sides  # as large as those in the training, as far as is known
    factors = [new / old for new, old in zip(net.size, sides, strict=True)]
    if how == "crop":  # the larger factor, so that the image covers the size
        factors = [max(factors)] * 2
    return tuple(max(1, round(f * n)) for f, n in zip(factors, sides, strict=True))


def objects(mask: "np.ndarray", least: int) -> list[tuple[int, int, float, float]]:
    """List the connected objects of all classes but the first: class, area, center y, x."""
    import numpy as np
    from scipy import ndimage

    from kerascnn.metrics import instances

    rows = []
    for k in np.unique(mask[mask > 0]).tolist():
        parts = instances(mask == k, least=least)
        numbers = range(1, parts.max() + 1)
        centres = ndimage.center_of_mass(parts > 0, parts, numbers)
        areas = np.bincount(parts.ravel())[1:]
        rows += [(k, int(a), y, x) for a, (y, x) in zip(areas, centres, strict=True)]
    return rows


def say_areas(image: str, mask: "np.ndarray", rows: list, names: Sequence[str]) -> None:
    """Print the share of each class and the number of its objects."""
    from kerascnn._markup import one_line
    from kerascnn._text import class_texts

    if image:
        click.echo(f"{image}:")
    for k, word in enumerate(class_texts(names)):
        count = sum(row[0] == k for row in rows)
        click.echo(f"{one_line(word)}  {(mask == k).mean():6.1%}" + (f"  {count}" if k else ""))


def overlay(ax: Any, picture: "np.ndarray", mask: "np.ndarray", names: Sequence[str]) -> None:
    """Overlay the classes on an image."""
    from kerascnn import plots

    few = len(set(mask[mask > 0].tolist())) <= CLASSES_NAMED
    plots.mask_overlay(picture, mask, class_names=names, legend=few, ax=ax)


def stretched(net: "Trained", picture: "np.ndarray") -> "np.ndarray":
    """Resize an image to the input of a network, in gray if it has one channel."""
    import numpy as np
    from skimage.transform import resize

    from ._pictures import grey

    height, width, channels = net.model.input_shape[1:]
    image = grey(picture) if channels == 1 else picture
    return resize(image, (height, width), anti_aliasing=True).astype(np.float32)


def in_pixels(image: str, row: "np.ndarray", names: Sequence[str], size: tuple) -> tuple:
    """Return a row of the table: class, score and the corners of a box in pixels."""
    kind, score, x, y, w, h = row.tolist()
    height, width = size[:2]
    corners = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
    return (image, int(kind), names[int(kind)], f"{score:.4f}", *(f"{c:.1f}" for c in corners))


def draw(picture: "np.ndarray", path: Path, style: str, lang: str, over: Callable) -> None:
    """Draw an image and, next to it, the results."""
    from matplotlib import pyplot as plt

    from kerascnn import plots

    with plots.style(style, lang=lang), replacing(path) as new:
        figure, (left, right) = plt.subplots(1, 2)
        plots.image_grid(picture[None], ax=left)
        over(right)
        figure.savefig(new)
        plt.close(figure)
    click.echo(path)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Write a CSV file beside an image."""
    table = path.with_suffix(".csv")
    with replacing(table) as new, open(new, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    click.echo(table)
