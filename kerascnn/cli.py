"""The command line: lecture figures, tables, and looks inside a network at a photo.

Nothing heavy is imported before a command runs, so that `kerascnn --help` answers at once.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._errors import unknown
from ._files import replacing

if TYPE_CHECKING:
    import numpy as np

    from ._pretrained import Pretrained

# The choices stand here once more, since the modules that own them import matplotlib;
# a test holds them against each other.
LANGUAGES = ("en", "ko", "es")
STYLES = ("slides", "paper", "dark", "gray")
FORMATS = ("svg", "png", "pdf")
PAINTED = ("jpg", "jpeg", "webp", "tif", "tiff")  # which matplotlib writes too, by Pillow
OPTIMIZERS = ("lbfgs", "adam")
PREPROCESSING = ("unit", "signed", "lecun", "torch", "caffe")
SIZE = click.IntRange(32, 4096)  # more pixels take hours and all the memory
TABLES = ("text", "markdown", "latex", "csv", "html")


class OneLine(click.Group):
    """Commands whose errors are one line and exit status 2, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        """Run a command; what the toolkit says of bad input is said, and no more."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("once", UserWarning)
                warnings.showwarning = one_line
                return super().invoke(context)
        except click.UsageError as error:
            click.echo(f"Error: {error.format_message()}", err=True)
        except (ValueError, TypeError, OSError, NotImplementedError, ImportError) as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        return context.exit(2)


def one_line(message: Warning, *_where: object) -> None:
    """Show a warning without the line of code that it is about."""
    click.echo(f"Warning: {' '.join(str(message).split())}", err=True)


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what TensorFlow's libraries write to the terminal while they start.

    They write to the file descriptor before Python can filter anything; exceptions pass.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def start_keras() -> None:
    """Import Keras and its backend, and have the backend look for devices."""
    with quiet():
        import keras

        keras.ops.zeros(1)


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


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kerascnn")
def main() -> None:
    """Convolutional networks for teaching: figures, tables and looks inside."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help="List the figures and stop.")
@click.option("--out", default="figures", show_default=True, help="Folder to write into.")
@click.option(
    "--format", "formats", default="svg,png", show_default=True, help="Any of svg,png,pdf."
)
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--style", type=click.Choice(STYLES), default="slides", show_default=True)
@click.option(
    "--rerun",
    is_flag=True,
    help="Run the experiments anew, which takes minutes each; most need MNIST or CIFAR-10.",
)
def figures(
    names: tuple[str, ...],
    listed: bool,
    out: str,
    formats: str,
    lang: str,
    style: str,
    rerun: bool,
) -> None:
    """Draw lecture figures: those that are named, or all.

    Writes a file for each figure and format, and an index.html that shows them with title, alt
    text and code. Exits with 0 when all were drawn, 1 when some failed, 2 on bad input.
    """
    from . import figures as gallery

    if listed:
        from ._text import language, text

        with language(lang):
            for one in gallery.lecture_figures().values():
                click.echo(f"{one.name:32} {text(one.title)}")
        return

    from rich.console import Console
    from rich.progress import Progress

    count = len(names) or len(gallery.names())
    bar = Progress(console=Console(stderr=True))
    task = bar.add_task("", total=count)

    def show(one: gallery.LectureFigure) -> None:
        if not bar.live.is_started:  # all arguments are right: now the work begins
            start_keras()
            bar.start()
        else:
            bar.advance(task)
        bar.update(task, description=one.name)

    try:
        report = gallery.draw(
            names,
            out=out,
            formats=[f.strip() for f in formats.split(",") if f.strip()],
            lang=lang,
            style=style,
            rerun=rerun,
            progress=show,
        )
        bar.update(task, completed=count)
    finally:
        if bar.live.is_started:
            bar.stop()
    click.echo(f"{count - len(report.failed)} of {count} figures: {Path(out) / 'index.html'}")
    for name, error in report.failed.items():
        click.echo(f"Error: figure {name!r} was not drawn: {error}", err=True)
    if report.failed:
        sys.exit(1)


@main.command()
@click.argument("name")
@click.option("--format", "table", type=click.Choice(TABLES), default="text", show_default=True)
@click.option("--input-shape", metavar="H,W,C", help="Another input size.")
@click.option("--variant", help="A variant of the architecture.")
@click.option("--no-top", is_flag=True, help="Without the dense layers at the top.")
def describe(
    name: str, table: str, input_shape: str | None, variant: str | None, no_top: bool
) -> None:
    """Print a table of an architecture: shapes, parameters, MACs, memory, receptive fields."""
    start_keras()
    import kerascnn as kc

    options: dict = {"include_top": not no_top}
    if input_shape is not None:
        try:
            options["input_shape"] = tuple(int(n) for n in input_shape.split(","))
        except ValueError:
            raise ValueError(
                f"--input-shape must be three whole numbers, such as 224,224,3; "
                f"received {input_shape!r}."
            ) from None
    if variant is not None:
        options["variant"] = variant
    description = kc.describe(kc.models.build(name, **options))
    if table == "text" and sys.stdout.isatty():
        from rich import print as show

        show(description)
    else:
        click.echo(getattr(description, f"to_{table}")())


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
    from . import training

    click.echo(training.devices())


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

    from . import visualize

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

    from . import plots
    from .plots._style import as_written

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


@main.command()
@click.argument("image", type=click.Path(dir_okay=False))
@click.option("--model", "name", default="vgg16", show_default=True, help="The architecture.")
@click.option("--weights", default="imagenet", show_default=True, help="A set's name or a file.")
@of_builder
@expected_input
@of_values
@click.option("--layers", help="Layers to dream of, with commas.  [default: in the middle]")
@click.option("--guide", type=click.Path(dir_okay=False), help="A picture to dream of.")
@click.option("--octaves", type=click.IntRange(1, 10), default=4, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--size", type=SIZE, default=640, show_default=True, help="Longer side in pixels.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: IMAGE_dream.png]")
def dream(
    image: str,
    name: str,
    weights: str,
    options: tuple[str, ...],
    preprocessing: str | None,
    window: tuple[float, float] | None,
    layers: str | None,
    guide: str | None,
    octaves: int,
    steps: int,
    size: int,
    seed: int,
    out: str | None,
) -> None:
    """Let a network see more in a photo than there is: DeepDream.

    Without network and weights at hand, a network that comes with the package does it.
    """
    given = read_options(options)
    from ._pictures import check_output, write_picture

    path = check_output(beside(image, "dream") if out is None else Path(out), image, guide)
    picture = read_photo(image, size, window)
    guide_picture = None if guide is None else read_photo(guide, size, window)[None]
    start_keras()

    from . import visualize

    net = network(name, weights, given, preprocessing, include_top=False)
    result = visualize.deep_dream(
        net.model,
        picture[None],
        net.dream_layers if layers is None else names_in(layers),
        octaves=octaves,
        steps=steps,
        guide=guide_picture,
        preprocessing=net.preprocessing,
        seed=seed,
    )
    write_picture(result[0], path)
    click.echo(path)


@main.command()
@click.argument("content", type=click.Path(dir_okay=False))
@click.argument("style", type=click.Path(dir_okay=False))
@click.option("--model", "name", default="vgg19", show_default=True, help="The architecture.")
@click.option("--weights", default="imagenet", show_default=True, help="A set's name or a file.")
@of_builder
@expected_input
@of_values
@click.option("--content-layers", help="With commas.  [default: as deep as the paper's]")
@click.option("--style-layers", help="With commas.  [default: as deep as the paper's]")
@click.option(
    "--style-weight",
    type=click.FloatRange(0),
    help="[default: what suits the network and the pictures]",
)
@click.option("--steps", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--optimizer", type=click.Choice(OPTIMIZERS), default="lbfgs", show_default=True)
@click.option("--size", type=SIZE, default=400, show_default=True, help="Longer side in pixels.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: CONTENT_STYLE.png]")
def style(
    content: str,
    style: str,
    name: str,
    weights: str,
    options: tuple[str, ...],
    preprocessing: str | None,
    window: tuple[float, float] | None,
    content_layers: str | None,
    style_layers: str | None,
    style_weight: float | None,
    steps: int,
    optimizer: str,
    size: int,
    seed: int,
    out: str | None,
) -> None:
    """Paint the content of one picture in the style of another.

    Without network and weights at hand, a network that comes with the package does it.
    """
    given = read_options(options)
    from ._pictures import check_output, write_picture

    out = beside(content, Path(style).stem) if out is None else Path(out)
    path = check_output(out, content, style)
    pictures = [read_photo(file, size, window)[None] for file in (content, style)]
    start_keras()

    from . import visualize

    net = network(name, weights, given, preprocessing, include_top=False)
    contents = net.content_layers if content_layers is None else names_in(content_layers)
    styles = net.style_layers if style_layers is None else names_in(style_layers)
    for option, layers in (("--content-layers", contents), ("--style-layers", styles)):
        if not layers:
            raise ValueError(f"{option} must name layers of {net.name}, which has no convolutions.")
    if style_weight is None:
        style_weight = net.style_weight(*pictures, contents, styles)
    click.echo(
        f"content {','.join(contents)}, style {','.join(styles)}, style weight {style_weight:.3g}",
        err=True,
    )
    result = visualize.style_transfer(
        net.model,
        *pictures,
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


@main.group(invoke_without_command=True)
@click.pass_context
def weights(context: click.Context) -> None:
    """List weights, and test those that come with the package."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@weights.command("list")
@click.argument("name", required=False)
def list_weights(name: str | None) -> None:
    """List the sets of weights of an architecture, or all."""
    start_keras()
    import kerascnn as kc

    if name is not None and name not in kc.models.names():
        raise unknown("NAME", name, kc.models.names())
    click.echo(kc.weights.available(name))


@weights.command()
@click.argument("names", nargs=-1, metavar="[NETWORK]...")
@click.option("--data-dir", help="A folder with mnist.npz and cifar10_jpeg.npz.")
def verify(names: tuple[str, ...], data_dir: str | None) -> None:
    """Test the networks that come with the package anew, on the test images.

    NETWORK is such as vgg16/cifar10; default all. Exits with 1 where one is not as good, or not
    as bad, as its card says.
    """
    start_keras()
    from ._verify import verify as verdicts

    wrong = 0
    for verdict in verdicts(names, data_dir=data_dir):
        wrong += not verdict.holds
        on_card = "as on its card" if verdict.holds else f"but {verdict.promised:.2%} on its card"
        if verdict.other_pixels:
            on_card = f"{verdict.promised:.2%} on its card, of {verdict.other_pixels}"
        click.echo(f"{verdict.network:20} {verdict.data:10} {verdict.measured:8.2%} {on_card}")
    if wrong:
        sys.exit(1)


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
