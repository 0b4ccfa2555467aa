"""The result of comparing methods: a table with seed intervals and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerascnn._describe import formats
from kerascnn._describe.formats import Cells

if TYPE_CHECKING:
    import pandas
    from rich.console import Console, ConsoleOptions, RenderResult

ARROWS = {"higher": " ↑", "lower": " ↓", "": ""}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Metrics of the heatmaps of several methods. Prints as a table.

    A cell of the table has the mean over the images and seeds, and in brackets the interval from
    the lowest to the highest mean of a seed, if anything is random. There is no overall winner:
    rankings depend on the metric and on its settings, which are below the table.

    Attributes:
        values: (S, n) float array by method and metric: a row for each seed, or a single row if
            nothing is random; n images, or grids and their cells. NaN where a metric is not
            defined, such as for a heatmap that is 0 everywhere.
        better: "higher", "lower" or "" by metric.
        settings: settings by metric.
        seeds: seeds of methods and metrics that use random numbers.
        count: number of images.
    """

    values: Mapping[str, Mapping[str, np.ndarray]]
    better: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Any]]
    seeds: tuple[int, ...]
    count: int

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(self.values)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(self.better)

    def mean(self, method: str, metric: str) -> float:
        """Return the mean over the seeds and images for which the metric is defined."""
        return float(np.mean(self._of_seeds(method, metric)))

    def interval(self, method: str, metric: str) -> tuple[float, float]:
        """Return the lowest and the highest mean over the images, of the seeds."""
        means = self._of_seeds(method, metric)
        return float(np.min(means)), float(np.max(means))

    def undefined(self, method: str, metric: str) -> int:
        """Return the number of values that are NaN and do not count."""
        return int(np.isnan(self.values[method][metric]).sum())

    def _of_seeds(self, method: str, metric: str) -> list[float]:
        """Return the mean over the images for each seed."""
        return [mean_of_defined(row) for row in self.values[method][metric]]

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__  # a table at the prompt too

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield formats.fitting(self._cells(), console, options)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, width: int | None = None) -> str:
        """Draw a table for the terminal.

        Args:
            width: in characters; columns that do not fit are left out. `None`: all columns.
        """
        return formats.text(self._cells(), width)

    def to_markdown(self) -> str:
        """Write a table in Markdown."""
        return formats.markdown(self._cells())

    def to_latex(self) -> str:
        """Write a table in LaTeX, with the rules of the package booktabs."""
        return formats.latex(self._cells())

    def to_html(self) -> str:
        """Write a table in HTML."""
        return formats.html(self._cells())

    def to_csv(self) -> str:
        """Write a row for each method and metric, as in `to_dataframe`."""
        rows = self._rows()
        return formats.csv_text(list(rows[0]), [row.values() for row in rows])

    def to_dataframe(self) -> pandas.DataFrame:
        """Make a pandas DataFrame: method, metric, mean, low, high, undefined, better, settings.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError(
                "to_dataframe needs pandas, which is not installed: pip install pandas."
            ) from None
        return pd.DataFrame(self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for method in self.methods:
            for metric in self.metrics:
                low, high = self.interval(method, metric)
                rows.append(
                    {
                        "method": method,
                        "metric": metric,
                        "mean": self.mean(method, metric),
                        "low": low,
                        "high": high,
                        "undefined": self.undefined(method, metric),
                        "better": self.better[metric],
                        "settings": _listed(self.settings[metric]),
                    }
                )
        return rows

    def _cells(self) -> Cells:
        """The table as text: a row for each method, a column for each metric."""
        return Cells(
            title=f"Heatmaps of {self.count} image{'s' * (self.count != 1)}",
            headings=["method", *(name + ARROWS[self.better[name]] for name in self.metrics)],
            rows=[[name, *(self._cell(name, m) for m in self.metrics)] for name in self.methods],
            totals=[],
            notes=self._notes(),
            words=(0,),
            spared=list(range(len(self.metrics), 0, -1)),
        )

    def _cell(self, method: str, metric: str) -> str:
        mean = f"{self.mean(method, metric):.3g}"
        if len(self.values[method][metric]) == 1:
            return mean
        low, high = self.interval(method, metric)
        return f"{mean} [{low:.3g}, {high:.3g}]"

    def _notes(self) -> list[str]:
        notes = ["↑: higher is better, ↓: lower is better."]
        if any(len(v) > 1 for of in self.values.values() for v in of.values()):
            seeds = ", ".join(map(str, self.seeds))
            notes.append(f"In brackets: lowest and highest mean of the seeds {seeds}.")
        for name in self.metrics:
            if listed := _listed(self.settings[name]):
                notes.append(f"{name}: {listed}.")
        for method in self.methods:
            for metric in self.metrics:
                if missing := self.undefined(method, metric):
                    whole = self.values[method][metric].size
                    notes.append(f"{missing} of {whole} values of {metric} for {method} are NaN.")
        return notes


def mean_of_defined(values: np.ndarray) -> float:
    """Return the mean of the values that are not NaN; NaN if there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in settings.items())


def _shown(value: Any) -> str:
    """Show an array by its shape; other values as Python does."""
    return f"array{value.shape}" if isinstance(value, np.ndarray) and value.ndim else repr(value)
