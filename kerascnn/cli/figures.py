"""`kerascnn figures`: the lecture figures."""

import sys
from pathlib import Path

import click

from kerascnn._errors import unknown

from ._main import main, start_keras
from ._options import LANGUAGES, STYLES


def read_languages(_context: object, _option: object, words: str) -> list[str]:
    """Take languages out of words such as "en,ko"."""
    langs = [word.strip() for word in words.split(",") if word.strip()]
    for lang in langs:
        if lang not in LANGUAGES:
            raise unknown("lang", lang, LANGUAGES)
    if not langs:
        raise ValueError(f"lang must name at least one of {', '.join(LANGUAGES)}; received none.")
    return langs


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help="List the figures in teaching order and stop.")
@click.option("--map", "mapped", is_flag=True, help="List the course's rows with their figures.")
@click.option(
    "--section",
    "sections",
    multiple=True,
    help="A section of the course, such as B or Convolution; repeatable.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="OPTION=VALUE",
    help="Your own numbers for the named figure, such as stride=2 or kernel=k.csv; repeatable.",
)
@click.option("--out", default="figures", show_default=True, help="Folder to write into.")
@click.option(
    "--format", "formats", default="svg,png", show_default=True, help="Any of svg,png,pdf."
)
@click.option(
    "--lang",
    "langs",
    callback=read_languages,
    default="en",
    show_default=True,
    help="en, ko or es; several, as in en,ko,es, are written into a folder each.",
)
@click.option("--style", type=click.Choice(STYLES), default="slides", show_default=True)
@click.option(
    "--rerun",
    is_flag=True,
    help="Run the experiments anew, which takes minutes each; most need MNIST or CIFAR-10.",
)
def figures(
    names: tuple[str, ...],
    listed: bool,
    mapped: bool,
    sections: tuple[str, ...],
    settings: tuple[str, ...],
    out: str,
    formats: str,
    langs: list[str],
    style: str,
    rerun: bool,
) -> None:
    """Draw lecture figures: those that are named, those of a section, or all.

    Writes a file for each figure and format, and an index.html that shows all figures of the folder
    with their titles, alt texts and code, in three languages. Exits with 0 when all were drawn, 1
    when some failed, 2 on bad input.
    """
    from kerascnn import figures as gallery

    if mapped:
        click.echo(gallery.course_map(), nl=False)
        return
    names = chosen(names, sections, langs[0])
    options = read_settings(names, settings)
    if listed:
        from kerascnn._text import language, text

        known = gallery.lecture_figures()
        with language(langs[0]):
            for name in names or known:
                click.echo(f"{name:32} {text(known[name].title)}")
        return

    from rich.console import Console
    from rich.progress import Progress

    count = len(names) or len(gallery.names())
    console = Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
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
            lang=langs,
            style=style,
            rerun=rerun,
            progress=show,
            **options,
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


def chosen(names: tuple[str, ...], sections: tuple[str, ...], lang: str) -> tuple[str, ...]:
    """Check the names, and add those of the sections; none: all figures are meant."""
    from kerascnn import figures as gallery
    from kerascnn._text import language

    for name in names:
        gallery.lecture_figure(name)
    with language(lang):
        added = [name for section in sections for name in gallery.names(section)]
    return tuple(dict.fromkeys([*names, *added]))


def read_settings(names: tuple[str, ...], settings: tuple[str, ...]) -> dict[str, object]:
    """Take options of the named figures out of words such as "stride=2" or "kernel=k.csv"."""
    from kerascnn import figures as gallery
    from kerascnn.figures._options import unknown_option

    if settings and not names:
        raise ValueError(
            f"--set {settings[0]} must come with the name of the figure that it is of."
        )
    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise ValueError(f"--set must be OPTION=VALUE, such as stride=2; received {setting!r}.")
        for name in names:
            known = gallery.lecture_figure(name).options
            if key not in known:
                raise unknown_option(name, known, key)
            given[key] = known[key].read(value)
    return given
