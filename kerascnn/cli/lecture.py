"""`kerascnn lecture`: slides and handouts of the lecture figures."""

import click

from ._drawing import bar_of, end
from ._main import main
from ._options import in_language, in_style


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
    """Write figures as slides or as a handout, in teaching order, with formulas.

    A PART is a section of the course (B or Convolution), a row (B5), a topic (pooling) or a
    figure (max-pooling); all by default. Exits with 0 if all were drawn, 1 if some failed, and 2 on
    invalid input.
    """
    from kerascnn import decks

    deck = decks.deck(parts, lang=lang, style=style)
    with bar_of(len(deck.figures)) as show:
        path = deck.save(out, progress=show)
    end(len(deck.figures), deck.failed, path)
