"""Drawing of figures: seeding, style, language, saving and closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._files import write_atomically
from kerascnn._text import LANGUAGES, in_all_languages

from ._computing import computed, seeded
from ._gallery import page
from ._material import rerunning
from ._options import check_options
from ._player import GIF_DPI, gif, player
from ._registry import LectureFigure, lecture_figure, lecture_figures, taken
from ._saving import FORMATS, Label, file_of
from ._workers import drawn_by

SHARED = ("network", "photo")  # options of many figures


@dataclass
class Report:
    """The outcome of `draw`: the files written, and the error of each figure that failed."""

    written: list[Path] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)


def render(
    name: str, *, lang: str = "en", style: str = "slides", rerun: bool = False, **options: object
) -> Figure:
    """Compute and draw one figure.

    Args:
        name: one of `kc.figures.names()`.
        lang: "en", "ko" or "es".
        style: "slides", "paper", "dark" or "gray".
        rerun: whether to run the experiment behind a figure again, which may take hours, instead
            of drawing the result that comes with the package.
        **options: your own numbers, photo or network for a figure with such options; see
            `kc.figures.lecture_figure(name).options`.

    Returns:
        The matplotlib `Figure`, which the caller must close.

    Raises:
        ValueError: If the figure, language, style or option is unknown, or a value is invalid.
        TypeError: If the value of an option has the wrong type.
        OSError: If the language requires a font that is not installed.

    >>> import kerascnn as kc
    >>> kc.figures.render("sliding-window", kernel=[[1, 2], [3, 4]], stride=3).axes != []
    True
    """
    one = lecture_figure(name)
    with rerunning(rerun):
        return _render(one, lang, style, check_options(name, one.options, options))


def _render(
    one: LectureFigure, lang: str, style: str, options: dict, step: int | None = None
) -> Figure:
    with plots.style(style, lang=lang):
        pass  # fail on a wrong style or language or a missing font before computing anything
    data = [computed(one, options)] if one.data else []
    given = options | {"rng": seeded(one), "step": step}
    plain = mpl.rc_context({"text.parse_math": False})  # class names may contain dollar signs
    with plots.style(style, lang=lang), plain:
        return one.function(*data, **taken(one.function, given))


def draw(
    names: str | Sequence[str] = (),
    *,
    out: str | Path = "figures",
    formats: str | Sequence[str] = ("svg", "png"),
    lang: str | Sequence[str] = "en",
    style: str = "slides",
    rerun: bool = False,
    steps: bool = True,
    workers: int = 1,
    progress: Callable[[LectureFigure], None] = lambda one: None,
    **options: object,
) -> Report:
    """Draw figures into a folder and write an `index.html` that shows all figures in it.

    If a figure fails, the others are still drawn. No incomplete file is left.

    Args:
        names: the figures to draw; by default all, or all with an option for the given photo or
            network.
        out: the folder; created if it does not exist.
        formats: any of "svg", "png", "pdf".
        lang: "en", "ko" or "es", or several, such as ("en", "ko"), whose images are written to
            separate folders, `out/en` and `out/ko`; the page shows them all.
        style, rerun: see `render`.
        steps: whether to write the steps of animated figures, too: one image per step, a GIF, and a
            page with a slider.
        workers: number of processes, each with its own memory; the files are the same. With
            several, a script must call this function below `if __name__ == "__main__":`. With
            `rerun` or options, only one process is used.
        progress: function to call with each `LectureFigure` before it is drawn.
        **options: options of the figures, see `render`; every figure must have them. `photo` and
            `network` go only to the figures that have them.

    Raises:
        ValueError: If a figure, format, language, style or option is unknown, or a value is
            invalid, in which case nothing is written.
        TypeError: If the value of an option has the wrong type.
        OSError: If the folder is not writable, or the language requires a font that is not
            installed.

    >>> import tempfile, kerascnn as kc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = kc.figures.draw("padding-or-none", out=folder, formats="png", steps=False)
    ...     [path.name for path in report.written], report.failed
    (['padding-or-none.png'], {})
    """
    names, formats, langs = ([n] if isinstance(n, str) else n for n in (names, formats, lang))
    langs = list(dict.fromkeys(langs))
    chosen = _chosen(names, options)
    if not formats:
        raise ValueError(f"formats must name at least one of {', '.join(FORMATS)}; received none.")
    for one in formats:
        if one not in FORMATS:
            raise unknown("format", one, FORMATS)
    check_count("workers", workers)
    if not langs:
        raise ValueError(f"lang must name at least one of {', '.join(LANGUAGES)}; received none.")
    for one in langs:
        with plots.style(style, lang=one):
            pass  # fail on a wrong style or language or a missing font before drawing anything
    settings = [check_options(one.name, one.options, _taken(one, options)) for one in chosen]
    given = options.keys()
    out = Path(out)
    report = Report()
    # Values may prove invalid only when drawn, so draw everything before writing anything.
    careful = bool(given) and (len(chosen) == 1 or not given <= set(SHARED))
    look: dict[str, Any] = {
        "out": out,
        "formats": formats,
        "langs": langs,
        "style": style,
        "steps": steps,
    }
    if careful:
        waiting = {}
        with rerunning(rerun), _closing():
            for one, setting in zip(chosen, settings, strict=True):
                progress(one)
                try:
                    waiting |= _drawn(one, setting, **look)
                except (ValueError, TypeError, OSError):
                    raise
                except Exception as error:
                    report.failed[one.name] = error
        _write_page(out, langs)
        report.written = _write(out, waiting)
        _write_page(out, langs)
        return report
    _write_page(out, langs)
    try:
        if workers > 1 and len(chosen) > 1 and not rerun and not given:
            draw_one = partial(draw_alone, **look)
            results = {
                name: (files, error)
                for name, files, error in drawn_by(workers, chosen, draw_one, progress)
            }
            for one in chosen:
                files, error = results[one.name]
                report.written += files
                if error is not None:
                    report.failed[one.name] = error
            return report
        with rerunning(rerun):
            for one, setting in zip(chosen, settings, strict=True):
                progress(one)
                try:
                    with _closing():
                        report.written += _write(out, _drawn(one, setting, **look))
                except Exception as error:  # one broken figure must not stop the others
                    report.failed[one.name] = error
    finally:  # also after Ctrl-C
        _write_page(out, langs)
    return report


def _chosen(names: Sequence[str], options: dict) -> list[LectureFigure]:
    """Return the named figures; if none is, those with an option that is given."""
    if names:
        return [lecture_figure(name) for name in dict.fromkeys(names)]
    needed = next((name for name in SHARED if name in options), None)
    return [one for one in lecture_figures().values() if needed in (None, *one.options)]


def _taken(one: LectureFigure, options: dict) -> dict:
    """Return the options for a figure, without a network or photo that it does not use.

    Raises:
        ValueError: If the figure uses neither.
    """
    shared = [name for name in SHARED if name in options]
    if shared and not set(shared) & set(one.options):
        raise ValueError(f"figure {one.name!r} has no option {' or '.join(shared)}.")
    return {k: v for k, v in options.items() if k not in SHARED or k in one.options}


def draw_alone(name: str, *, out: Path, langs: list[str], **look: Any) -> list[Path]:
    """Draw one figure with its default options and write its files."""
    one = lecture_figure(name)
    with _closing():
        setting = check_options(name, one.options, {})
        return _write(out, _drawn(one, setting, out=out, langs=langs, **look))


@contextmanager
def _closing() -> Iterator[None]:
    """Close the figures that are drawn within a `with` block."""
    theirs = set(plt.get_fignums())
    try:
        yield
    finally:
        for number in set(plt.get_fignums()) - theirs:
            plt.close(number)


def _drawn(
    one: LectureFigure,
    options: dict,
    *,
    out: Path,
    formats: Sequence[str],
    langs: list[str],
    style: str,
    steps: bool,
) -> dict[str, bytes]:
    """Draw a figure in all languages; return the files by their path in `out`."""
    files = {}
    for lang in langs:
        drawn = _draw(one, formats, lang, style, options, steps)
        files |= {_place(name, lang, langs): data for name, data in drawn.items()}
    return files


def _place(name: str, lang: str, langs: list[str]) -> str:
    """Return the path of a file relative to the page; several languages have folders."""
    return f"{lang}/{name}" if len(langs) > 1 else name


def _write_page(out: Path, langs: list[str]) -> None:
    try:
        for code in langs:
            (out / _place("", code, langs)).mkdir(parents=True, exist_ok=True)
        write_atomically(out / "index.html", page(out, langs[0]).encode())
    except OSError as error:
        raise OSError(
            f"out must be a writable folder; received {str(out)!r}: {error.strerror}."
        ) from error


def _write(out: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        write_atomically(out / name, data)
    return [out / name for name in files]


def _lay_out_like(model: Figure, drawing: Figure) -> None:
    """Give a figure's axes and texts the places of those of another."""
    for theirs, own in zip(model.axes, drawing.axes, strict=True):
        own.set_position(theirs.get_position(original=True))
    for theirs, own in zip(model.texts, drawing.texts, strict=True):
        own.set_position(theirs.get_position())


def _draw(
    one: LectureFigure, formats: Sequence[str], lang: str, style: str, options: dict, steps: bool
) -> dict[str, bytes]:
    """Draw a figure and its frames, if any; return the files by name."""
    frames = one.steps(**options) if steps else 0
    drawings = {one.name: _render(one, lang, style, options)}
    for step in range(frames):
        drawings[f"{one.name}-{step + 1}"] = _render(one, lang, style, options, step)
    words = in_all_languages(lambda: one.words(**options))
    label = Label(
        lang=lang,
        style=style,
        words=words,
        options=one.written(options),
        steps=frames,
        photos=list(one.photos(**options)),
    )
    files: dict[str, Future[bytes]] = {}
    with plots.style(style, lang=lang), ThreadPoolExecutor(1) as other:
        first = drawings.get(f"{one.name}-1")
        for name, drawing in drawings.items():
            if name == one.name or drawing is first:
                drawing.draw_without_rendering()
            elif first is not None:
                _lay_out_like(first, drawing)  # so that nothing moves from step to step
            drawing.set_layout_engine("none")  # compute the layout once, not for each format
            for kind in formats:
                files[f"{name}.{kind}"] = other.submit(file_of(drawing, kind, label))
        written = {name: file.result() for name, file in files.items()}
        if frames:
            pages = [
                written.get(f"{name}.png") or file_of(drawing, "png", label, dpi=GIF_DPI)()
                for name, drawing in list(drawings.items())[1:]
            ]
            vectors = [written.get(f"{name}.svg", b"") for name in list(drawings)[1:]]
            written[f"{one.name}.gif"] = gif(pages)
            shown, kind = (vectors, "svg") if all(vectors) else (pages, "png")
            written[f"{one.name}.html"] = player(shown, kind, *words[lang], lang).encode()
    return written
