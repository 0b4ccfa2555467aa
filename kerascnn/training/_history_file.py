"""history.csv: one row per complete epoch."""

import csv
import io
from pathlib import Path

from kerascnn._files import write_atomically


def read_history(path: Path) -> dict[str, list[float]]:
    """Read the columns after the first, which counts the epochs; {} if the file is unreadable.

    It is also unreadable if an epoch is missing or there twice.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            _, *names = next(table := csv.reader(file))
            columns = [list(map(float, column)) for column in zip(*table, strict=True)]
        if columns and columns[0] != list(range(1, len(columns[0]) + 1)):
            return {}
        return dict(zip(names, columns[1:], strict=True))
    except (OSError, ValueError, StopIteration):
        return {}


def write_history(path: Path, history: dict[str, list[float]]) -> None:
    """Write the columns, after one that counts the epochs from 1."""
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["epoch", *history])
    epochs = zip(*history.values(), strict=True)
    table.writerows([epoch, *values] for epoch, values in enumerate(epochs, start=1))
    write_atomically(path, rows.getvalue().encode())
