"""`kerascnn lecture`: slides and handouts of the lecture figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ._main import main, start_keras
from ._options import in_language, in_style

if TYPE_CHECKING:
    from kerascnn.figures import LectureFigure


@main.command()
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option(
    "-o",
    "--out",
    default="deck.pptx",
    show_default=True,
    help="deck.pptx for slides; handout.html or handout.pdf.",
)
@in_language
@in_style
def lecture(parts: tuple[str, ...], out: str, lang: str, style: str) -> None:
    """Write chosen figures as slides or as a handout, in teaching order, with formulas.

    A PART is a section of the course (B or Convolution), a row (B5), a topic (sampling) or a
    figure (max-pooling); all by default. Exits with 0 when all were drawn, 1 when some failed, 2
    on bad input.
    """
    from kerascnn import decks

    deck = decks.deck(parts, lang=lang, style=style)
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    task = bar.add_task("", total=len(deck.figures))

    def show(one: LectureFigure) -> None:
        if not bar.live.is_started:
            start_keras()
            bar.start()
        else:
            bar.advance(task)
        bar.update(task, description=one.name)

    try:
        path = deck.save(out, progress=show)
    finally:
        if bar.live.is_started:
            bar.stop()
    click.echo(f"{len(deck.figures) - len(deck.failed)} of {len(deck.figures)} figures: {path}")
    for name, error in deck.failed.items():
        click.echo(f"Error: figure {name!r} was not drawn: {error}", err=True)
    if deck.failed:
        sys.exit(1)
