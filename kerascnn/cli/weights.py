"""`kerascnn weights`: the available sets of weights, and their verification."""

import sys

import click

from kerascnn._errors import unknown

from ._checks import ARCHITECTURES
from ._main import main, start_keras


@main.group(invoke_without_command=True)
@click.pass_context
def weights(context: click.Context) -> None:
    """List sets of weights and verify the shipped ones."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@weights.command("list")
@click.argument("name", required=False)
def list_weights(name: str | None) -> None:
    """List the sets of weights of an architecture, or all."""
    if name is not None and name not in ARCHITECTURES:
        raise unknown("NAME", name, ARCHITECTURES)
    import kerascnn as kc

    click.echo(kc.weights.available(name))


@weights.command()
@click.argument("names", nargs=-1, metavar="[NETWORK]...")
@click.option("--data-dir", help="A folder with mnist.npz and cifar10_jpeg.npz.")
def verify(names: tuple[str, ...], data_dir: str | None) -> None:
    """Evaluate the shipped networks on the test images and compare with their cards.

    NETWORK is a name such as vgg16/cifar10; by default, all are evaluated. Exits with 1 if an
    score differs from the one on the card.
    """
    from ._verify import check
    from ._verify import verify as verdicts

    check(names)
    start_keras()

    wrong = 0
    for verdict in verdicts(names, data_dir=data_dir):
        wrong += not verdict.holds
        if verdict.measured is None:
            click.echo(f"{verdict.network:20} {verdict.data:10} not measured: {verdict.missing}")
            continue
        on_card = "as on its card" if verdict.holds else f"but {verdict.promised:.2%} on its card"
        measure = "" if verdict.measure == "accuracy" else f"{verdict.measure} "
        if verdict.other_pixels:
            on_card = f"{verdict.promised:.2%} on its card, for {verdict.other_pixels}"
        click.echo(
            f"{verdict.network:20} {verdict.data:10} {verdict.measured:8.2%} {measure}{on_card}"
        )
    if wrong:
        sys.exit(1)
