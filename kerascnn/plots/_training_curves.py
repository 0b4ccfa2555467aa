"""Loss and accuracy over the epochs, for training and validation."""

import csv
import itertools
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from kerascnn._errors import unknown
from kerascnn._text import text as _

from ._style import as_written

NOT_METRICS = ("learning_rate", "lr", "epoch", "seconds", "time")
FIRST = ("loss", "accuracy")  # the panels start in this order; others follow
LINE_APART = 1.15  # distance between two labels at the ends of lines, in ems


def training_curves(
    history: Any,
    *,
    metrics: Sequence[str] | None = None,
    best_epoch: int | None = None,
    gap: bool = True,
    ax: Axes | Sequence[Axes] | None = None,
) -> Figure | SubFigure:
    """Draw one panel per metric: training and validation over the epochs.

    The best epoch is marked: that of the run, or the one with the smallest validation loss. The gap
    between training and validation after it is shaded to show overfitting.

    Args:
        history: dict from each name ("loss", "val_loss", "accuracy", …) to one value per epoch; an
            object with such a dict as `history`, as returned by `kerascnn.train` and
            `keras.Model.fit`; the path of a CSV file with one column per name, such as the
            history.csv of a run; or the directory of a run.
        metrics: names without `val_`; `None` shows all, loss and accuracy first.
        best_epoch: the epoch to mark, counted from 1; `None` uses that of the run, or the one with
            the smallest validation loss.
        gap: whether to shade the gap after the best epoch.
        ax: Axes to draw on, one per metric; `None` creates a new figure.

    Returns:
        The Figure.

    Raises:
        OSError: If the file does not exist.
        ValueError: If a metric is unknown, the history is empty, the curves differ in length, or
            the number of Axes is wrong.

    >>> figure = training_curves({"loss": [2.0, 1.0], "val_loss": [2.1, 1.4]})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss']
    >>> plt.close(figure)
    """
    best_epoch = getattr(history, "best_epoch", None) if best_epoch is None else best_epoch
    if isinstance(history, str | PathLike):
        history = _read(Path(history))
    curves = _curves(history)
    known = sorted(
        {name.removeprefix("val_") for name in curves},
        key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST),
    )
    metrics = known if metrics is None else list(metrics)
    for metric in metrics:
        if metric not in known:
            raise unknown("metrics", metric, known)
    if not metrics:
        raise ValueError("metrics must name at least one; received none")
    epochs = len(next(iter(curves.values())))
    if best_epoch is None and "val_loss" in curves:
        losses = curves["val_loss"]
        best_epoch = int(np.nanargmin(losses)) + 1 if np.isfinite(losses).any() else None
    if best_epoch is not None and not 1 <= best_epoch <= epochs:
        raise ValueError(f"best_epoch must be 1 … {epochs}; received {best_epoch}")

    if ax is None:
        width, height = mpl.rcParams["figure.figsize"]
        _figure, panels = plt.subplots(
            1,
            len(metrics),
            squeeze=False,
            figsize=(width * max(1, len(metrics) / 2), height),
            layout="constrained",  # leaves space for the names at the ends of the lines
        )
        panels = list(panels[0])
    else:
        panels = [ax] if isinstance(ax, Axes) else list(ax)
    if len(panels) != len(metrics):
        raise ValueError(
            f"ax must contain one Axes for each of {', '.join(metrics)}; received {len(panels)}:"
            " choose metrics=[…]"
        )
    for panel, metric in zip(panels, metrics, strict=True):
        _draw(panel, metric, curves.get(metric), curves.get(f"val_{metric}"), best_epoch, gap)
    return panels[0].figure


def _read(path: Path) -> dict[str, list[float]]:
    """Read a CSV file with one column per metric, or the history.csv of a run's directory."""
    path = path / "history.csv" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(
            f"history must be a dict of lists, a run, or the path of its history.csv; there is no "
            f"{str(path)!r}"
        )
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else {}
    except (TypeError, ValueError):
        raise ValueError(
            f"history must be a CSV file with a name above each column of numbers; received "
            f"{str(path)!r}"
        ) from None


def _curves(history) -> dict[str, np.ndarray]:
    """Return the curves of a history after checking that their lengths agree."""
    curves = getattr(history, "history", history)
    if not isinstance(curves, Mapping):
        raise TypeError(
            "history must be a dict of lists, have one as .history, or be the path of a CSV file;"
            f" received {type(history).__name__}"
        )
    curves = {
        name: np.asarray(values, np.float64)
        for name, values in curves.items()
        if name not in NOT_METRICS
    }
    lengths = {name: len(values) for name, values in curves.items()}
    if not curves or 0 in lengths.values():
        raise ValueError("history must contain at least one metric and one epoch; received none")
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"history must contain one value per epoch for each name; received lengths {lengths}"
        )
    return curves


def _draw(ax: Axes, metric: str, training, validation, best_epoch, gap: bool) -> None:
    drawn = [
        (name, values)
        for name, values in ((_("training"), training), (_("validation"), validation))
        if values is not None
    ]
    epochs = np.arange(1, len(drawn[0][1]) + 1)
    lines = [ax.plot(epochs, values, label=name)[0] for name, values in drawn]
    if len(epochs) == 1:
        for line in lines:
            line.set_marker("o")
    ax.set_xlabel(_("epoch"))
    ax.set_ylabel(_metric_name(metric))
    as_written(ax.yaxis.label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.margins(x=0.02)
    faint = mpl.rcParams["grid.color"]
    if best_epoch is not None:
        ax.axvline(best_epoch, color=faint, linewidth=0.6 * lines[0].get_linewidth(), zorder=0.5)
        if validation is not None:
            ax.plot(
                best_epoch,
                validation[best_epoch - 1],
                marker="o",
                linestyle="none",
                markerfacecolor=mpl.rcParams["axes.facecolor"],
                markeredgecolor=lines[-1].get_color(),
                markeredgewidth=0.8 * lines[-1].get_linewidth(),
                label="_best",
            )
        ax.annotate(
            _("best epoch {epoch}", epoch=best_epoch),
            (best_epoch, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center" if 0.15 < best_epoch / len(epochs) < 0.85 else "right",
            fontsize=mpl.rcParams["xtick.labelsize"],
        )
    if gap and best_epoch is not None and training is not None and validation is not None:
        after = slice(best_epoch - 1, None)
        ax.fill_between(
            epochs[after], training[after], validation[after], color=faint, alpha=0.5, lw=0
        )
    label_ends(ax, lines)


def label_ends(ax: Axes, lines) -> None:
    """Write each line's name at its end, without overlap."""
    ends = {line: line.get_ydata()[np.isfinite(line.get_ydata())][-1:] for line in lines}
    lines = sorted((line for line in lines if len(ends[line])), key=lambda line: ends[line][0])
    size = FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points()
    ax.autoscale_view()
    at = [ax.transData.transform((0, ends[line][0]))[1] * 72 / ax.figure.dpi for line in lines]
    # where lines end close together, their names move up and down by the same amount
    apart = LINE_APART * size
    up = list(itertools.accumulate(at, lambda below, here: max(here, below + apart)))
    down = list(itertools.accumulate(at[::-1], lambda above, here: min(here, above - apart)))[::-1]
    for line, here, higher, lower in zip(lines, at, up, down, strict=True):
        name = ax.annotate(
            line.get_label(),
            (line.get_xdata()[-1], ends[line][0]),
            xytext=(6, (higher + lower) / 2 - here),
            textcoords="offset points",
            color=line.get_color(),
            fontsize=size,
            va="center",
        )
        as_written(name)


def _metric_name(metric: str) -> str:
    names = {
        "loss": _("loss"),
        "accuracy": _("accuracy"),
        "top_5_accuracy": _("top-5 accuracy"),
    }
    return names.get(metric, metric.replace("_", " "))
