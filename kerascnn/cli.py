"""The command line: `kerascnn figures` and `kerascnn describe`.

Nothing heavy is imported before a command runs, so that `kerascnn --help` answers at once.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

# The choices stand here once more, since the modules that own them import matplotlib;
# a test holds them against each other.
LANGUAGES = ("en", "ko", "es")
STYLES = ("slides", "paper", "dark", "gray")
FORMATS = ("svg", "png", "pdf")
TABLES = ("text", "markdown", "latex", "csv", "html")


class OneLine(click.Group):
    """Commands whose errors are one line and exit status 2, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        """Run a command; what the toolkit says of bad input is said, and no more."""
        try:
            return super().invoke(context)
        except click.UsageError as error:
            click.echo(f"Error: {error.format_message()}", err=True)
        except (ValueError, TypeError, OSError) as error:
            click.echo(f"Error: {error}", err=True)
        return context.exit(2)


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
def figures(
    names: tuple[str, ...], listed: bool, out: str, formats: str, lang: str, style: str
) -> None:
    """Draw lecture figures: those that are named, or all.

    Writes a file for each figure and format, and an index.html that shows them with title, alt
    text and code. Exits with 0 when all were drawn, 1 when some failed, 2 on bad input.
    """
    from . import figures as gallery

    if listed:
        from ._text import language, text

        with language(lang):
            for recipe in gallery.recipes().values():
                click.echo(f"{recipe.name:32} {text(recipe.title)}")
        return

    from rich.console import Console
    from rich.progress import Progress

    count = len(names) or len(gallery.names())
    bar = Progress(console=Console(stderr=True))
    task = bar.add_task("", total=count)

    def show(recipe: gallery.Recipe) -> None:
        if not bar.live.is_started:  # all arguments are right: now the work begins
            start_keras()
            bar.start()
        else:
            bar.advance(task)
        bar.update(task, description=recipe.name)

    try:
        report = gallery.draw(
            names,
            out=out,
            formats=[f.strip() for f in formats.split(",") if f.strip()],
            lang=lang,
            style=style,
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
