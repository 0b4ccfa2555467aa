"""Infrastructure of the experiments: results, records and the registry."""

import inspect
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn._checks import check_count
from kerascnn._errors import unknown
from kerascnn._progress import progress

RECORDS = Path(__file__).parent / "records"
DIGITS = 5  # number of significant digits in a record
INDICES = {"shown"}  # arguments that start at 0
# Arguments that do not affect the measurement; the precision is part of the results.
ELSEWHERE = {"data_dir", "verbose", "precision"}


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The result of an experiment.

    `result["accuracy"]` is short for `result.arrays["accuracy"]`.

    Args:
        name: Name of the experiment.
        arrays: Arrays by name; their axes are described in the docstring of the experiment.
        settings: Arguments of the experiment, as in JSON: lists instead of tuples.
        seconds: Running time.
        machine: Processor, device, versions and date.

    >>> import kerascnn as kc
    >>> result = kc.experiments.recorded("permuted_pixels")
    >>> result["nets"].tolist(), result.settings["seeds"]
    (['MLP', 'LeNet-5'], [0, 1, 2])
    """

    name: str
    arrays: dict[str, np.ndarray]
    settings: dict
    seconds: float
    machine: dict[str, str]

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self.arrays:
            raise unknown("array", key, self.arrays)
        return self.arrays[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __repr__(self):
        shapes = ", ".join(f"{key} {array.shape}" for key, array in self.arrays.items())
        return f"<Result of {self.name}: {shapes}; {self.seconds:.0f} s>"

    def to_json(self) -> str:
        """Convert to a record, with five significant digits and `null` for NaN."""
        about = {
            "name": self.name,
            "settings": self.settings,
            "seconds": round(self.seconds, 1),
            "machine": self.machine,
        }
        head = json.dumps(about, indent=1).removesuffix("\n}")
        lines = [f'  "{key}": {json.dumps(_plain(array))}' for key, array in self.arrays.items()]
        return f'{head},\n "arrays": {{\n' + ",\n".join(lines) + "\n }\n}\n"

    @classmethod
    def from_json(cls, record: str) -> "Result":
        """Convert from a record; `null` becomes NaN."""
        fields = json.loads(record)
        arrays = {key: _array(values) for key, values in fields.pop("arrays").items()}
        return cls(arrays=arrays, **fields)


_experiments: dict[str, Callable[..., Result]] = {}


def experiment(function: Callable[..., dict]) -> Callable[..., Result]:
    """Register a function that returns arrays by name, and make it return a `Result`."""
    name = function.__name__
    signature = inspect.signature(function)

    @wraps(function)
    def measured(*args: object, **kwargs: object) -> Result:
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        for argument, value in given.arguments.items():
            _check(signature.parameters[argument], value)
        began = time.perf_counter()
        arrays = {key: np.asarray(values) for key, values in function(*args, **kwargs).items()}
        seconds = time.perf_counter() - began
        settings = {k: _plain(v) for k, v in given.arguments.items() if k not in ELSEWHERE}
        return Result(name, arrays, settings, seconds, machine())

    measured.__annotations__ = {**function.__annotations__, "return": Result}
    shown = signature.replace(return_annotation=Result)  # by `help`
    vars(measured)["__signature__"] = shown
    _experiments[name] = measured
    return measured


def _check(parameter: inspect.Parameter, value: Any) -> None:
    """Check the type of an argument, before anything is computed.

    Raises:
        ValueError: If a number, a sequence or one of several words is expected and not received.
    """
    name, default = parameter.name, parameter.default
    if isinstance(default, tuple):
        if isinstance(value, str) or not isinstance(value, Sequence) or not len(value):
            raise ValueError(
                f"{name} must be a non-empty list, such as {default}; received {value!r}."
            )
        for one in value:
            if isinstance(default[0], str) and one not in default:
                raise unknown(name, one, default)
            if name == "seeds":
                check_count(name, one, least=0)
    elif parameter.annotation is int:
        check_count(name, value, least=0 if name in INDICES else 1)


def experiments() -> dict[str, Callable[..., Result]]:
    """Return all experiments by name."""
    for file in sorted(Path(__file__).parent.glob("_[!_]*.py")):
        import_module(f"{__package__}.{file.stem}")
    return dict(sorted(_experiments.items()))


def names() -> list[str]:
    """List the names of the experiments.

    >>> import kerascnn as kc
    >>> "permuted_pixels" in kc.experiments.names()
    True
    """
    return list(experiments())


def find(name: str) -> Callable[..., Result]:
    """Return an experiment by name.

    Raises:
        ValueError: If there is no experiment of this name.
    """
    known = experiments()
    if name not in known:
        raise unknown("experiment", name, known)
    return known[name]


def recorded(name: str) -> Result:
    """Read the result of an experiment that is included in the package.

    Args:
        name: One of `names()`.

    Returns:
        The `Result` of the recorded run, with the default arguments of the experiment.

    Raises:
        ValueError: If there is no experiment of this name.
        OSError: If the experiment has not been recorded.

    >>> import kerascnn as kc
    >>> kc.experiments.recorded("permuted_pixels")["accuracy"].shape  # net, pixels, seed
    (2, 2, 3)
    """
    path = RECORDS / f"{name}.json"
    if not path.is_file():  # only then import the experiments, and with them Keras
        find(name)
        raise FileNotFoundError(
            f"{name!r} must have been recorded; {path} does not exist: run "
            f"kerascnn.experiments.{name}(), or scripts/record_experiments.py to record its result."
        )
    return Result.from_json(path.read_text("utf-8"))


def must(holds, name, words, received):
    """Check a condition on an argument, before anything is computed.

    Raises:
        ValueError: If the condition does not hold; `words` describe what is expected.
    """
    if not holds:
        raise ValueError(f"{name} must be {words}; received {received}.")


def first(name, count, part):
    """Return the first images of a split, with their labels.

    Raises:
        ValueError: If there are fewer images; `name` is the name of the argument.
    """
    images, labels = part
    words = f"at most {len(labels)}, the number of available images"
    must(0 <= count <= len(labels), name, words, count)
    return images[:count], labels[:count]


def followed(steps: Iterable, verbose: bool | str = "auto") -> Iterator:
    """Iterate over the steps of an experiment, with a progress bar if it takes long.

    >>> list(followed("ab", verbose=False))
    ['a', 'b']
    """
    steps = list(steps)
    with progress("measuring", len(steps), verbose) as advance:
        for step in steps:
            yield step
            advance()


def machine() -> dict[str, str]:
    """Describe the machine that the experiment runs on.

    >>> import kerascnn as kc
    >>> [*kc.experiments.machine()][:4]
    ['date', 'processor', 'device', 'python']
    """
    import keras

    backend = keras.backend.backend()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "device": _device(),
        "python": platform.python_version(),
        **{package: import_module(package).__version__ for package in ("keras", backend)},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()  # Linux
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (models or [platform.processor() or platform.machine()])[0]


def _device() -> str:
    from kerascnn import training

    return ", ".join(one.model for one in training.devices().devices if one.used)


def _plain(value: object) -> object:
    """Convert numbers and words for JSON: lists, rounded floats, None for NaN."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value


def _array(values: object) -> np.ndarray:
    array = np.array(values)
    words = any(isinstance(value, str) for value in array.flat)
    return array.astype(float) if array.dtype == object and not words else array
