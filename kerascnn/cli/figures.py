"""`kerascnn figures`: the lecture figures."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerascnn._errors import unknown

from ._checks import ARCHITECTURES
from ._drawing import bar_of, end
from ._main import main, start_keras
from ._network import chosen, named_classes, of_network
from ._options import LANGUAGES, in_style, of_values, read_photo

if TYPE_CHECKING:
    from ._network import Choice

MANY = 6  # with fewer figures, a single process is faster


def read_languages(_context: Any, _option: Any, words: str) -> list[str]:
    """Parse languages such as "en,ko"."""
    langs = [word.strip() for word in words.split(",") if word.strip()]
    for lang in langs:
        if lang not in LANGUAGES:
            raise unknown("--lang", lang, LANGUAGES)
    if not langs:
        raise ValueError(f"--lang must name at least one of {', '.join(LANGUAGES)}; received none.")
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
@click.option("--photo", metavar="FILE", help="Your own photo, for the figures that can use one.")
@of_network("vgg16")
@named_classes
@of_values
@click.option("-o", "--out", default="figures", show_default=True, help="Output folder.")
@click.option(
    "--format", "formats", default="svg,png", show_default=True, help="Any of svg,png,pdf."
)
@click.option(
    "--lang",
    "langs",
    callback=read_languages,
    default="en",
    show_default=True,
    help="en, ko or es; several, as in en,ko,es, are written to separate folders.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Number of processes.  [default: up to 2 for many figures, else 1]",
)
@in_style
@click.option(
    "--rerun",
    is_flag=True,
    help="Run the experiments again; each takes minutes, and most need MNIST or CIFAR-10.",
)
def figures(
    names: tuple[str, ...],
    listed: bool,
    mapped: bool,
    sections: tuple[str, ...],
    settings: tuple[str, ...],
    photo: str | None,
    window: tuple[float, float] | None,
    out: str,
    formats: str,
    langs: list[str],
    jobs: int | None,
    style: str,
    rerun: bool,
    **network: Any,
) -> None:
    """Draw lecture figures: the named ones, those of a section, or all.

    With a photo or a network, only the figures that can use it are drawn; `--weights imagenet` uses
    the VGG16 trained on ImageNet.

    Writes a file for each figure and format, and an index.html that shows all figures in the folder
    with their titles, alt texts and code in three languages. Exits with 0 if all were drawn, 1 if
    some failed, and 2 on invalid input.
    """
    from kerascnn import figures as gallery

    if mapped:
        click.echo(gallery.course_map(), nl=False)
        return
    names = named(names, sections, langs[0])
    options = read_settings(names, settings)
    if listed:
        from kerascnn._text import language, text
        from kerascnn.figures._course import SECTIONS

        known = gallery.lecture_figures()
        headings = sys.stdout.isatty()  # a script gets one figure per line, its name first
        with language(langs[0]):
            section = None
            for name in names or known:
                if headings and known[name].section != section:
                    section = known[name].section
                    click.echo(f"{section}. {text(SECTIONS[section])}")
                click.echo(f"{'  ' * headings}{name:32} {text(known[name].title)}")
        return
    choice = None
    if any(network.values()):
        choice = chosen("vgg16", **network)
        check_at_hand(choice)
    elif photo is None and window is not None:
        raise ValueError("--window must be used with --photo.")
    names = taking(names, sections, choice is not None, photo is not None)
    if photo is not None:
        options["photo"] = read_photo(photo, window=window)
    if choice is not None:
        start_keras()
        from kerascnn.weights._download import without_downloads

        with without_downloads():
            options["network"] = choice.load()

    count = len(names) or len(gallery.names())
    if jobs is None:
        jobs = 1 if count < MANY else min(2, os.cpu_count() or 1)
    with bar_of(count) as show:
        report = gallery.draw(
            names,
            out=out,
            formats=[f.strip() for f in formats.split(",") if f.strip()],
            lang=langs,
            style=style,
            rerun=rerun,
            workers=jobs,
            progress=show,
            **options,
        )
    end(count, report.failed, Path(out) / "index.html")


def check_at_hand(choice: "Choice") -> None:
    """Reject weights that would have to be downloaded.

    Raises:
        OSError: If the weights are not on disk.
    """
    from kerascnn import weights

    if not isinstance(choice.source, str) or choice.source not in ARCHITECTURES:
        return
    variant = choice.options.get("variant")
    known = [found for found in weights.available(choice.source) if found.of_variant(variant)]
    name = choice.weights or next((found.name for found in known if found.name == "imagenet"), None)
    for found in known:
        if found.name == name and isinstance(found, weights.OfficialSet):
            if found.on_disk() is None:
                raise OSError(
                    f"--weights {name} of {choice.source} must be on disk, since figures do not "
                    f"download anything. Run `kerascnn gradcam PHOTO --model {choice.source}` once "
                    f"({found.size:.0f} MiB), or set KERASCNN_DATA to the file's folder."
                )
            return


def taking(
    names: tuple[str, ...], sections: tuple[str, ...], network: bool, photo: bool
) -> tuple[str, ...]:
    """Return the figures that can use the given network or photo.

    Figures that cannot are left out, unless they were named, which is an error.
    """
    from kerascnn import figures as gallery

    needed = "network" if network else "photo" if photo else None
    if needed is None:
        return names
    of_sections = {name for section in sections for name in gallery.names(section)}
    known = gallery.lecture_figures()
    kept = tuple(name for name in names or known if needed in known[name].options)
    for name in names:
        if name not in kept and name not in of_sections:
            raise ValueError(f"figure {name!r} has no option {needed}.")
    if not kept:
        raise ValueError(f"section {' and '.join(sections)} has no figure that can use a {needed}.")
    return kept


def named(names: tuple[str, ...], sections: tuple[str, ...], lang: str) -> tuple[str, ...]:
    """Check the names and add those of the sections; an empty result means all figures."""
    from kerascnn import figures as gallery
    from kerascnn._text import language

    for name in names:
        gallery.lecture_figure(name)
    with language(lang):
        added = [name for section in sections for name in gallery.names(section)]
    return tuple(dict.fromkeys([*names, *added]))


def read_settings(names: tuple[str, ...], settings: tuple[str, ...]) -> dict[str, Any]:
    """Parse options of the named figures, such as "stride=2" or "kernel=k.csv"."""
    from kerascnn import figures as gallery
    from kerascnn.figures._options import unknown_option

    if settings and not names:
        raise ValueError(f"--set {settings[0]} must be used with the name of its figure.")
    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise ValueError(f"--set must be OPTION=VALUE, such as stride=2; received {setting!r}.")
        for name in names:
            known = gallery.lecture_figure(name).options
            if key not in known:
                raise unknown_option(name, known, key)
            try:
                given[key] = known[key].read(value)
            except (ValueError, OSError) as error:
                raise type(error)(f"figure {name!r}: {error}") from error
    return given
