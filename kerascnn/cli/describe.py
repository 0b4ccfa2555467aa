"""`kerascnn describe` and `diagram`: a network as a table and as a diagram."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn._files import write_atomically

from ._checks import ARCHITECTURES, check_folder, check_network, check_options, check_run
from ._main import main, start_keras
from ._options import (
    FORMATS,
    Named,
    in_language,
    in_style,
    names_in,
    of_builder,
    read_options,
    read_shape,
)

if TYPE_CHECKING:
    import keras

    from kerascnn._describe import Description

TABLES = ("text", "markdown", "latex", "csv", "html", "pptx", *FORMATS)
IN_FILES = ("pptx", *FORMATS)  # binary, or pictures
ENDINGS = {
    ".txt": "text", ".md": "markdown", ".tex": "latex", ".csv": "csv", ".html": "html",
    **{f".{one}": one for one in IN_FILES},
}  # fmt: skip
FAMILIES = {
    "alexnet": "AlexNet",
    "fcn": "FCN",
    "fusionnet": "FusionNet",
    "googlenet": "GoogLeNet",
    "lenet": "LeNet",
    "mlp": "MLP",
    "resnet": "ResNet",
    "unet": "U-Net",
    "vgg": "VGG",
    "yolov": "YOLOv",
}
RUN_ON = ("vgg", "yolov")  # names without a hyphen before the number
KINDS = ("volumes", "lenet", "blocks", "graph")
DETAILS = ("joined", "repeats", "models", "parts", "stages")
DIAGRAMS = (*FORMATS, "tex", "pptx")


def of_model(command: Callable) -> Callable:
    """Add the arguments that choose a network, with or without weights; `built` reads them."""
    options = (
        click.argument("name", required=False, metavar="[NAME|FILE]"),
        click.option("--run", metavar="FOLDER", help="The run directory of a training run."),
        click.option("--input-shape", metavar="H,W,C", help="Shape of the input."),
        click.option("--variant", help="A variant of the architecture, such as v1.5 of resnet50."),
        click.option("--no-top", is_flag=True, help="Omit the dense layers at the top."),
        of_builder,
    )
    for option in reversed(options):
        command = option(command)
    return command


def checked(
    name: str | None,
    run: str | None,
    input_shape: str | None,
    variant: str | None,
    no_top: bool,
    options: tuple[str, ...],
) -> tuple[str, dict]:
    """Check the arguments of `of_model` without TensorFlow: the network and its options."""
    given = read_options(options)
    if "include_top" in given:
        raise ValueError("--option include_top must be omitted; use --no-top.")
    if input_shape is not None:
        given["input_shape"] = read_shape("--input-shape", input_shape)
    if name is not None and run is not None:
        raise click.UsageError("give either NAME or --run")
    if name is not None:
        check_network("NAME", name)
    elif run is not None:
        check_run("--run", run)
        name = str(Path(run).expanduser().resolve())
    else:
        raise click.UsageError("Missing argument 'NAME'.")
    if name in ARCHITECTURES:
        check_options(name, given, variant)
    else:
        others = [key for key in given if key != "input_shape"] + ["variant"] * bool(variant)
        if others:
            raise ValueError(
                f"'{name}' is a complete network; --option and --variant must be omitted, received "
                f"{', '.join(others)}."
            )
    return name, {**given, "variant": variant, "no_top": no_top}


def built(name: str, options: dict) -> "Description":
    """Describe the network that the arguments of `of_model` specify."""
    import kerascnn as kc

    options = dict(options)
    variant, no_top = options.pop("variant"), options.pop("no_top")
    if name in ARCHITECTURES:
        known = kc.models.architectures()[name]
        if variant is not None:  # for U-Net, the argument is padding
            options[known.variant_option if known.variants != (None,) else "variant"] = variant
        return kc.describe(kc.models.build(name, include_top=not no_top, **options))
    return kc.describe(read(Path(name), no_top), input_shape=options.get("input_shape"))


def read(path: Path, no_top: bool) -> "keras.Model":
    """Read the model of a run directory or a `.keras` file."""
    from kerascnn.trained._from_file import read_file
    from kerascnn.trained._from_run import read_model
    from kerascnn.trained._without_top import without_top

    path = path.expanduser()
    model = read_model(path) if path.is_dir() else read_file(path)
    return without_top(model) if no_top else model


@main.command()
@of_model
@click.option("--format", "table", type=Named(TABLES), help="[default: text, or OUT's]")
@click.option(
    "--columns", metavar="NAMES", help="Only these columns, such as layer,output,parameters,macs."
)
@in_language
@in_style
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="File to write the table to.")
def describe(
    table: str | None, columns: str | None, lang: str, style: str, out: str | None, **network: Any
) -> None:
    """Print a table of a network: shapes, parameters, MACs, memory, receptive fields.

    NAME is an architecture, FILE a .keras file or a run directory. pptx writes slides with tables
    that can be edited; svg, png and pdf are pictures in the given style.
    """
    name, options = checked(**network)
    path = None if out is None else table_file(Path(out), table)
    if path is None and table in IN_FILES:
        raise click.UsageError(f"--format {table} needs a file: give --out table.{table}.")
    from kerascnn._describe import Description

    shown = names_in(columns) if columns else None
    if shown:
        Description("", (), 0).select(shown)  # fail before any work is done
    start_keras()
    from kerascnn._text import language

    with language(lang):
        description = built(name, options)
        if shown:
            description = description.select(shown)
        if path is not None:
            table = table or ENDINGS[path.suffix.lower()]
            if table in IN_FILES:
                from kerascnn import plots

                with plots.style(style, lang=lang):
                    plots.save_layer_table(description, path)
            else:
                text = getattr(description, f"to_{table}")()
                write_atomically(path, (text.rstrip("\n") + "\n").encode())
            click.echo(path)
        elif table in (None, "text") and sys.stdout.isatty():
            from rich import print as show

            show(description)
        else:
            click.echo(getattr(description, f"to_{table or 'text'}")())


def table_file(path: Path, table: str | None) -> Path:
    """Reject a path that a table cannot be written to."""
    if table is None and path.suffix.lower() not in ENDINGS:
        raise ValueError(
            f"--out must end in one of {', '.join(ENDINGS)}, unless --format is given; "
            f"received '{path}'."
        )
    if table in IN_FILES and path.suffix.lower() != f".{table}":
        raise ValueError(f"--out must end in .{table}, as --format says; received '{path}'.")
    check_folder(path)
    return path


@main.command()
@of_model
@click.option("--kind", type=Named(KINDS), help="[default: what fits on a slide]")
@click.option(
    "--detail", type=Named(DETAILS), help="Level of detail of blocks.  [default: what fits]"
)
@click.option("--format", "formats", help="Any of svg,png,pdf,tex,pptx.  [default: svg, or OUT's]")
@in_language
@in_style
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="[default: NAME.svg]")
def diagram(
    kind: str | None,
    detail: str | None,
    formats: str | None,
    lang: str,
    style: str,
    out: str | None,
    **network: Any,
) -> None:
    """Draw a network: its layers with their windows and shapes.

    NAME is an architecture, FILE a .keras file or a run directory. tex is a LaTeX document, pptx a
    slide with editable shapes.
    """
    name, options = checked(**network)
    paths = diagram_files(Path(name).stem, out, formats)
    start_keras()

    from kerascnn import plots

    description = built(name, options)
    title = title_of(name) if name in ARCHITECTURES else description.name
    with plots.style(style, lang=lang):
        for path in paths:
            plots.save_architecture(description, path, kind=kind, detail=detail, title=title)
            click.echo(path)


def title_of(architecture: str) -> str:
    """Return the usual spelling of an architecture's name.

    >>> title_of("vgg16"), title_of("resnet50"), title_of("fcn8s"), title_of("mlp")
    ('VGG16', 'ResNet-50', 'FCN-8s', 'MLP')
    """
    family = architecture.rstrip("s").rstrip("0123456789")
    number = architecture.removeprefix(family)
    written = FAMILIES.get(family, family.replace("_", " ").capitalize())
    return f"{written}{'' if family in RUN_ON or not number else '-'}{number}"


def diagram_files(name: str, out: str | None, formats: str | None) -> list[Path]:
    """Return the files of a diagram, one per format."""
    from ._pictures import check_output

    path = Path(out) if out is not None else Path(f"{name}.svg")
    if formats is None:
        return [check_output(path, formats=DIAGRAMS)]
    wanted = [one for one in names_in(formats) if one]
    for one in wanted:
        if one not in DIAGRAMS:
            raise ValueError(
                f"--format must be any of {', '.join(DIAGRAMS)}, separated by commas; received "
                f"{one!r}."
            )
    if not wanted:
        raise ValueError(f"--format must name at least one of {', '.join(DIAGRAMS)}.")
    if out is not None and path.suffix.lower().removeprefix(".") not in ("", *wanted):
        raise ValueError(f"--out must have an extension in --format, {formats}; received '{path}'.")
    stem = path.with_suffix("") if out is None or path.suffix else path
    return [check_output(stem.with_name(f"{stem.name}.{one}"), formats=DIAGRAMS) for one in wanted]
