"""`kerascnn exercises`: sheets of exercises with answers."""

from pathlib import Path

import click

from ._main import main
from ._options import in_language


@main.command()
@click.argument("names", nargs=-1, metavar="[KIND]...")
@click.option("--list", "listed", is_flag=True, help="List the kinds of exercises and stop.")
@click.option("--count", type=int, help="Number of questions.  [default: 10]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed for the numbers.")
@click.option(
    "--level", type=int, default=1, show_default=True, help="1 (mental arithmetic), 2 or 3."
)
@click.option("--format", "kind", help="html, md, gift, ipynb or pdf.  [default: that of --out]")
@click.option("-o", "--out", help="File of the sheet.  [default: exercises.html]")
@in_language
def exercises(
    names: tuple[str, ...],
    listed: bool,
    count: int | None,
    seed: int,
    level: int,
    kind: str | None,
    out: str | None,
    lang: str,
) -> None:
    """Write a sheet of exercises, of all kinds or the given ones, and its answer key.

    The same seed gives the same questions in every language. `kerascnn exercises lectures` has the
    questions of the lectures with their numbers.
    """
    from kerascnn import exercises as room

    if listed:
        from kerascnn._text import language, text

        with language(lang):
            for one in room.kinds().values():
                click.echo(f"{one.name:24} {text(one.title)}")
        return
    suffix = kind or (Path(out).suffix[1:] if out else "html")
    sheet = room.sheet(names, count=count, seed=seed, level=level, lang=lang)
    for path in sheet.save(out or f"exercises.{suffix}", format=suffix):
        click.echo(path)
