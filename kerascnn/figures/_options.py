"""The options of figures: the keyword-only parameters of their functions, and valid values."""

from __future__ import annotations

import csv
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn._checks import check_choice, check_count, check_number
from kerascnn._errors import unknown
from kerascnn._picture_reader import as_picture

GIVEN = ("rng", "step")  # set by the runner
LARGEST = 12  # maximum rows and columns of numbers that are legible from the back row
Whole = typing.Annotated[int, 0]  # at least 0; an `int` is at least 1
CELLS = 20  # maximum cells per row of a grid without numbers
LIKE = {  # how to describe a value of each kind in errors
    "count": "a whole number",
    "counts": "whole numbers separated by commas, such as 1,2,3",
    "number": "a number",
    "array": "the path of a CSV file of numbers, or numbers such as '1,0;0,1'",
}


@dataclass(frozen=True)
class Option:
    """An option of a figure.

    Attributes:
        name: name of the parameter.
        default: default value.
        kind: "count", "counts", "number", "array", "choice", "photo" or "network".
        least: smallest whole number allowed.
        choices: the names allowed for a choice.
    """

    name: str
    default: Any
    kind: str
    least: int = 1
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> Any:
        """Check a value and return it.

        Raises:
            ValueError: If the value is out of range or has the wrong shape.
            TypeError: If the value has the wrong type.
        """
        return None if value is None and self.default is None else self._checked(value)

    def _checked(self, value: Any) -> Any:
        match self.kind:
            case "count":
                return check_count(self.name, value, self.least)
            case "counts":
                return self._counts(value)
            case "number":
                return check_number(self.name, value, -np.inf)
            case "choice":
                check_choice(self.name, value, self.choices)
                return value
            case "photo":
                return as_picture(value)
            case "network":
                return self._network(value)
        return self._array(value)

    def read(self, word: str) -> object:
        """Parse a value from the command line, and check it.

        Raises:
            ValueError: If the value is invalid.
            OSError: If a file cannot be read.
        """
        if self.kind in ("photo", "network"):
            raise ValueError(
                f"{self.name} must be set by its own options, such as --photo and --model."
            )
        if self.kind == "choice":
            return self.checked(word)
        try:
            if self.kind == "count":
                value = int(word)
            elif self.kind == "number":
                value = float(word)
            elif self.kind == "counts":
                value = tuple(int(part) for part in word.split(","))
            else:
                value = read_numbers(self.name, word)
        except ValueError as error:
            if self.kind == "array":
                raise
            like = LIKE[self.kind]
            raise ValueError(f"{self.name} must be {like}; received {word!r}.") from error
        return self.checked(value)

    def written(self, value: object) -> object:
        """Return a value as numbers, names or lists of them, or `None` for a photo or a network."""
        if self.kind in ("photo", "network"):
            return None
        return np.asarray(value).tolist()

    def _counts(self, value: Any) -> tuple[int, ...]:
        values = tuple(value) if isinstance(value, list | tuple | np.ndarray) else (value,)
        if not values:
            raise ValueError(f"{self.name} must contain at least one whole number; received none.")
        return tuple(check_count(self.name, one, self.least) for one in values)

    def _array(self, value: Any) -> np.ndarray:
        axes = 2 if self.default is None else np.ndim(self.default)
        rows = "rows of numbers, (H, W)" if axes == 2 else "numbers in a row, (N,)"
        try:
            array = np.array(value)
        except ValueError:
            raise ValueError(
                f"{self.name} must be {rows}; received rows of different lengths."
            ) from None
        if array.dtype.kind not in "iufb":
            raise TypeError(f"{self.name} must be numeric; received {array.dtype}.")
        if axes == 1 and array.ndim == 2 and 1 in array.shape:
            array = array.ravel()  # a row or column of a file
        if array.ndim != axes or not array.size:
            raise ValueError(f"{self.name} must be {rows}; received shape {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError(f"{self.name} must be finite; received NaN or infinity.")
        if max(array.shape) > LARGEST:
            raise ValueError(
                f"{self.name} must have at most {LARGEST} rows and columns, to be legible from "
                f"the back row; received shape {array.shape}."
            )
        whole = array.dtype.kind != "b" and np.equal(array, np.round(array)).all()
        return array.astype(int) if whole or array.dtype.kind == "b" else array

    def _network(self, value: object) -> object:
        from kerascnn.trained import Trained

        if not isinstance(value, Trained):
            raise TypeError(
                f"{self.name} must be a trained network, such as kc.trained.load('vgg16'); "
                f"received {type(value).__name__}."
            )
        return value


def options_of(*functions: Callable | None) -> dict[str, Option]:
    """Return the options of a figure by name: the keyword-only parameters of its functions.

    Raises:
        TypeError: If an annotation is not supported, or a name has two defaults.
    """
    found: dict[str, Option] = {}
    for function in filter(None, functions):
        hints = typing.get_type_hints(function, include_extras=True)
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is not parameter.KEYWORD_ONLY or name in GIVEN:
                continue
            option = _option(name, parameter.default, hints.get(name))
            if name in found and not same(found[name].default, option.default):
                raise TypeError(f"{name} must have the same default in all functions of a figure.")
            found.setdefault(name, option)
    return found


def _option(name: str, default: object, hint: Any) -> Option:
    if default is inspect.Parameter.empty:
        raise TypeError(f"the option {name!r} of a figure must have a default.")
    if name in ("photo", "network"):
        return Option(name, default, name)
    if typing.get_origin(hint) is typing.Literal:
        return Option(name, default, "choice", choices=typing.get_args(hint))
    if typing.get_origin(hint) is typing.Annotated:
        return Option(name, default, "count", least=hint.__metadata__[0])
    kinds = {int: "count", float: "number", np.ndarray: "array", tuple[int, ...]: "counts"}
    for kind, word in kinds.items():
        if hint == kind or hint == (kind | None):
            option = Option(name, default, word)
            return replace(option, default=option.checked(default))
    raise TypeError(f"the option {name!r} of a figure must not be a {hint}.")


def same(one: Any, other: Any) -> bool:
    return one is other or bool(np.array_equal(one, other))


def check_options(figure: str, known: Mapping[str, Option], given: Mapping) -> dict:
    """Check the options given for a figure, and return the values of all options.

    Raises:
        ValueError, TypeError: If an option is unknown or its value is invalid.
    """
    for name in given:
        if name not in known:
            raise unknown_option(figure, known, name)
    checked = {name: known[name].checked(value) for name, value in given.items()}
    return {name: checked.get(name, option.default) for name, option in known.items()}


def unknown_option(figure: str, known: Mapping[str, Option], name: str) -> ValueError:
    """Create the error for an unknown option of a figure, which lists the known ones."""
    if not known:
        return ValueError(f"figure {figure!r} has no options; received {name!r}.")
    return unknown(f"option of figure {figure!r}", name, known)


def read_numbers(what: str, word: str) -> list[list[float]]:
    """Read rows of numbers from a CSV file, or from a text such as "1,0;0,1".

    Args:
        what: name of the option, for errors.
        word: path of a file, or the numbers, with semicolons between rows.

    Raises:
        ValueError: If a cell is not a number, or the rows differ in length.
        OSError: If the file cannot be read.
    """
    path = Path(word).expanduser()
    if path.is_file():
        where = f"in '{path.name}'"
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
        except UnicodeDecodeError:
            raise ValueError(f"{what} must be a CSV file in UTF-8; '{path}' is not.") from None
    elif path.suffix.lower() == ".csv" or "/" in word:
        raise OSError(f"{what} must be {LIKE['array']}; there is no file '{word}'.")
    else:
        where, rows = f"in {word!r}", [row.split(",") for row in word.split(";")]
    numbers = []
    for nth, row in enumerate(rows, start=1):
        numbers.append([])
        for cell in row:
            try:
                numbers[-1].append(float(cell))
            except ValueError:
                raise ValueError(
                    f"{what} must be numeric; row {nth} {where} has {cell.strip()!r}."
                ) from None
        if len(row) != len(rows[0]):
            raise ValueError(
                f"{what} must have rows of equal length; {where} row 1 has {len(rows[0])} numbers "
                f"and row {nth} has {len(row)}."
            )
    if not numbers:
        raise ValueError(f"{what} must contain numbers; there are none {where}.")
    return numbers


def check_panels(what: str, values: tuple, most: int) -> None:
    """Refuse more values than there is space for.

    Raises:
        ValueError: If there are more.
    """
    if len(values) > most:
        raise ValueError(f"{what} must be at most {most} numbers; received {len(values)}.")


def check_cells(what: str, cells: int) -> None:
    """Refuse a grid whose cells are too small, even without numbers.

    Raises:
        ValueError: If the grid has too many rows.
    """
    if cells > CELLS:
        raise ValueError(
            f"{what} must be at most {CELLS} with padding, to be visible from the back row; "
            f"received {cells}."
        )
