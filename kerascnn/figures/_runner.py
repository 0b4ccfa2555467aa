"""Draw figures: seeding, style, language, saving and closing are the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from kerascnn import plots
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
        **options: your own numbers, photo or network, for a figure that takes them; see
            `kc.figures.lecture_figure(name).options`.

    Returns:
        The matplotlib `Figure`, which the caller must close.

    Raises:
        ValueError: unknown figure, language, style or option, or values that do not fit.
        TypeError: the value of an option is of another type.
        OSError: the language needs a font that is not installed.

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
    progress: Callable[[LectureFigure], None] = lambda one: None,
    **options: object,
) -> Report:
    """Draw figures into a folder and write an `index.html` that shows all figures in it.

    Each file is written completely or not at all; a figure that fails does not stop the others.

    Args:
        names: the figures to draw; all by default.
        out: the folder; created if it does not exist.
        formats: any of "svg", "png", "pdf".
        lang: "en", "ko" or "es". The pictures of several languages, such as ("en", "ko"), are
            written into a folder each, `out/en` and `out/ko`; the page shows them all.
        style, rerun: see `render`.
        steps: whether the steps of animated figures are written too: a picture each, a GIF and a
            page with a slider.
        progress: called with each `LectureFigure` before it is drawn.
        **options: of the figures, see `render`; each figure must have them.

    Raises:
        ValueError: unknown figure, format, language, style or option; or values that do not fit,
            in which case nothing is written.
        TypeError: the value of an option is of another type.
        OSError: the folder is not writable, or the language needs a font that is not installed.
    """
    names, formats, langs = ([n] if isinstance(n, str) else n for n in (names, formats, lang))
    langs = list(dict.fromkeys(langs))
    chosen = [lecture_figure(name) for name in names] or list(lecture_figures().values())
    if not formats:
        raise ValueError(f"formats must name at least one of {', '.join(FORMATS)}; received none.")
    for one in formats:
        if one not in FORMATS:
            raise unknown("format", one, FORMATS)
    if not langs:
        raise ValueError(f"lang must name at least one of {', '.join(LANGUAGES)}; received none.")
    for one in langs:
        with plots.style(style, lang=one):
            pass  # fail on a wrong style or language or a missing font before drawing anything
    settings = [check_options(one.name, one.options, options) for one in chosen]
    out = Path(out)
    report = Report()
    # Numbers that do not fit are bad input: all is drawn before anything is written.
    careful = bool(options) and (len(chosen) == 1 or not set(options) <= {"photo", "network"})
    waiting = {}
    if not careful:
        _write_page(out, langs)
    try:
        with rerunning(rerun):
            for one, setting in zip(chosen, settings, strict=True):
                progress(one)
                theirs = set(plt.get_fignums())
                try:
                    files = {}
                    for code in langs:
                        drawn = _draw(one, formats, code, style, setting, steps)
                        files |= {_place(name, code, langs): data for name, data in drawn.items()}
                    waiting |= files
                    if not careful:
                        report.written += _write(out, files)
                except Exception as error:  # one broken figure must not stop the others
                    if careful and isinstance(error, ValueError | TypeError | OSError):
                        raise
                    report.failed[one.name] = error
                finally:
                    for number in set(plt.get_fignums()) - theirs:
                        plt.close(number)
        if careful:
            _write_page(out, langs)
            report.written += _write(out, waiting)
    finally:  # also after Ctrl-C
        if not careful or report.written:
            _write_page(out, langs)
    return report


def _place(name: str, lang: str, langs: list[str]) -> str:
    """Where a file is written, relative to the page: in a folder if there are several languages."""
    return f"{lang}/{name}" if len(langs) > 1 else name


def _write_page(out: Path, langs: list[str]) -> None:
    try:
        for code in langs:
            (out / _place("", code, langs)).mkdir(parents=True, exist_ok=True)
        write_atomically(out / "index.html", page(out, langs[0]).encode())
    except OSError as error:
        raise OSError(
            f"out must be a folder that can be written; received {str(out)!r}: {error.strerror}."
        ) from error


def _write(out: Path, files: dict[str, bytes]) -> list[Path]:
    for name, data in files.items():
        write_atomically(out / name, data)
    return [out / name for name in files]


def _draw(
    one: LectureFigure, formats: Sequence[str], lang: str, style: str, options: dict, steps: bool
) -> dict[str, bytes]:
    """Draw a figure and its frames, if it is animated; return the files by name."""
    frames = one.steps(**options) if steps else 0
    drawings = {one.name: _render(one, lang, style, options)}
    for step in range(frames):
        drawings[f"{one.name}-{step + 1}"] = _render(one, lang, style, options, step)
    words = in_all_languages(lambda: one.words(**options))
    label = Label(lang, words, one.written(options), frames)
    files = {}
    with plots.style(style, lang=lang):
        for name, drawing in drawings.items():
            drawing.draw_without_rendering()
            drawing.set_layout_engine("none")  # laid out once: else it is for each format again
            for kind in formats:
                files[f"{name}.{kind}"] = file_of(drawing, kind, label)
        if frames:
            pages = [
                files.get(f"{name}.png") or file_of(drawing, "png", label, dpi=GIF_DPI)
                for name, drawing in list(drawings.items())[1:]
            ]
            vectors = [files.get(f"{name}.svg") for name in list(drawings)[1:]]
            files[f"{one.name}.gif"] = gif(pages)
            shown, kind = (vectors, "svg") if all(vectors) else (pages, "png")
            files[f"{one.name}.html"] = player(shown, kind, *words[lang], lang).encode()
    return files
