"""`kerascnn describe`: an architecture as a table."""

import sys

import click

from ._main import main, start_keras

TABLES = ("text", "markdown", "latex", "csv", "html")


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
