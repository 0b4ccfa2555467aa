"""The trained network of a command: its options, which are checked early, and its loading."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from kerascnn import weights
from kerascnn.trained._recognize import CONFIG, class_names_in, is_run, is_whole_model

from ._checks import ARCHITECTURES, check_network, check_options, check_run, check_weights
from ._options import PREPROCESSING, Named, of_builder, read_options

if TYPE_CHECKING:
    import keras

    from kerascnn.trained import Trained

NO_BUILDERS = ("weights", "source", "preprocessing", "class_names", "any_size", "otherwise")
NONE: Mapping[str, Sequence[str]] = MappingProxyType({})
SUBSTITUTE = "vgg16/cifar10"  # shipped with the package


@dataclass(frozen=True)
class Choice:
    """The network chosen by the options of a command, before it is loaded.

    Attributes:
        source: an architecture, a run directory or a `.keras` file; `None` if the weights determine
            it.
        weights, options, preprocessing, class_names: the values given.
    """

    source: str | Path | None
    weights: str | None
    options: dict = field(default_factory=dict)
    preprocessing: str | None = None
    class_names: tuple[str, ...] = ()

    def window(self, given: tuple[float, float] | None) -> tuple[float, float] | None:
        """Return the values of black and white in files: those given, or those of the run."""
        reading = self._config().get("reading") or {}
        if given is not None or not reading.get("window"):
            return given
        return tuple(reading["window"])

    def known_names(self) -> tuple[str, ...]:
        """Return the class names, as far as they are known before the network is loaded."""
        said = self.class_names or tuple(self._config().get("class_names") or ())
        if not said and is_whole_model(self.source or self.weights or ""):
            return class_names_in(self.source or self.weights or "")
        if said or self.source not in ARCHITECTURES:
            return said
        sets = {found.name: found for found in weights.available(str(self.source))}
        found = sets.get(
            self.weights or ("imagenet" if "imagenet" in sets else next(iter(sets), ""))
        )
        return found.class_names if found else ()

    def _without_weights(self, include_top: bool) -> "keras.Model":
        from kerascnn import models
        from kerascnn.models._without_values import without_values

        options = dict(self.options)
        for found in weights.available(str(self.source)):
            if found.name == self.weights and found.variant:
                options.setdefault("variant", found.variant)
        with without_values():
            return models.build(str(self.source), include_top=include_top, **options)

    def _config(self) -> dict:
        """Return the configuration of a run; empty for other networks."""
        path = Path(self.source or self.weights or "").expanduser()
        run = path if self.source is not None else path.parent
        if not is_run(run):
            return {}
        try:
            return json.loads((run / CONFIG).read_text("utf-8"))
        except (OSError, ValueError):  # reported when the run is loaded
            return {}

    def load(
        self, *, include_top: bool = True, layers: Mapping[str, Sequence[str]] = NONE, **more: Any
    ) -> "Trained":
        """Load the network, and print its name and, if it is a substitute, the reason.

        Args:
            include_top: whether the classifier is needed.
            layers: names of layers by option. They are checked before weights are downloaded.
            **more: see `kerascnn.trained.load`.

        Raises:
            ValueError: if the network lacks a layer.
        """
        from kerascnn import trained

        if any(layers.values()) and self.source in ARCHITECTURES:
            check_layers(self._without_weights(include_top), layers)
        net = trained.load(
            self.source,
            weights=self.weights,
            include_top=include_top,
            preprocessing=self.preprocessing,
            class_names=self.class_names,
            otherwise=SUBSTITUTE,
            **self.options,
            **more,
        )
        check_layers(net.model, layers)  # it may be a substitute
        if net.instead:
            line = f"{net.instead}; using {net.name} from the package instead."
            click.echo(line, err=True)
        else:
            click.echo(f"{net.name}: {net.note}" if net.note else net.name, err=True)
        return net


def check_layers(model: "keras.Model", layers: Mapping[str, Sequence[str]]) -> None:
    """Reject names of layers, by option, that a model lacks."""
    from kerascnn._graph import flatten

    for option, names in layers.items():
        for name in names:
            try:
                flatten(model).node(name)
            except ValueError as error:
                raise ValueError(str(error).replace("layer", option, 1)) from None


def of_network(default: str) -> Callable:
    """Return a decorator that adds the options for a trained network, which `chosen` reads.

    Args:
        default: the default architecture.
    """
    options = (
        click.option("--run", metavar="FOLDER", help="The run directory of a training run."),
        click.option(
            "--model",
            "name",
            metavar="NAME|FILE",
            help=f"An architecture, or a .keras file.  [default: {default}]",
        ),
        click.option(
            "--weights",
            help="A set of weights or a file; for a run, best or last.  [default: imagenet]",
        ),
        of_builder,
        click.option(
            "--preprocessing",
            type=Named(PREPROCESSING),
            help="The preprocessing for the weights.  [default: the set's or the run's, else unit]",
        ),
    )

    def decorate(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


named_classes = click.option(
    "--class-names",
    metavar="NAMES|FILE",
    help="Names separated by commas, or a text file with one per line.  [default: those of the "
    "weights or run]",
)


def chosen(
    default: str | None,
    run: str | None,
    name: str | None,
    weights: str | None,
    options: tuple[str, ...],
    preprocessing: str | None = None,
    class_names: str | None = None,
    *,
    what: str = "--model",
) -> Choice:
    """Check the options of `of_network` without TensorFlow.

    Raises:
        ValueError, OSError: If a name is unknown, or options contradict each other.
    """
    given = read_options(options)
    if "include_top" in given:
        raise ValueError("--option include_top must be omitted; the command sets it.")
    for key in NO_BUILDERS:
        if key in given:
            raise ValueError(
                f"--option must be an argument of the builder without its own option; received "
                f"{key!r}."
            )
    names = read_class_names(class_names) if class_names else ()
    if run is not None:
        if name is not None:
            raise ValueError(f"{what} must be omitted with --run, which determines the network.")
        check_run("--run", run)
        return Choice(Path(run).expanduser(), weights, given, preprocessing, names)
    file = None if weights is None else Path(weights).expanduser()
    if name is not None:
        check_network(what, name)
    elif file is not None and file.is_file() and (is_run(file.parent) or is_whole_model(file)):
        return Choice(None, weights, given, preprocessing, names)
    name = name or default
    if name is None:
        raise ValueError(f"{what} must be an architecture, unless --run is given.")
    if name in ARCHITECTURES:
        check_options(name, given)
    of_run = file is not None and file.is_file() and is_run(file.parent)
    if name in ARCHITECTURES and weights is not None and not of_run:
        check_weights(name, weights)
    return Choice(name, weights, given, preprocessing, names)


def read_class_names(words: str) -> tuple[str, ...]:
    """Parse class names, separated by commas or one per line of a file."""
    path = Path(words).expanduser()
    if path.is_file():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            raise ValueError(
                f"--class-names must be a text file in UTF-8; '{words}' is not."
            ) from None
        return tuple(line.strip() for line in lines if line.strip())
    if "," not in words and path.suffix == ".txt":
        raise OSError(f"--class-names must be names or an existing file; '{words}' does not exist.")
    return tuple(name.strip() for name in words.split(","))
