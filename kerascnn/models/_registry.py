"""The registry of architectures, and the signature that all builders share.

An architecture is a function `build_x(inputs, classifier, **options)`: input tensor in, output
tensor out. `@architecture` turns it into a builder with the arguments of keras.applications, so
that the file of an architecture holds its paper's table and nothing else.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import unknown
from ._finish import finish, start

if TYPE_CHECKING:
    import keras

Counts = int | Mapping[str, int]


@dataclass(frozen=True)
class Architecture:
    """What is known of an architecture from its paper, for tables and tests.

    Attributes:
        name: the builder's name without "build_", for example "vgg16".
        builder: the public builder.
        reference: the paper.
        year: the paper's year.
        input_shape: (H, W, C), the paper's.
        classes: the paper's number of classes.
        parameters: trainable parameters from the paper or counted by hand; one number, or one
            for each variant.
        macs: multiply-adds of convolutions and dense layers for one image, likewise.
    """

    name: str
    builder: Callable[..., "keras.Model"]
    reference: str
    year: int
    input_shape: tuple[int, int, int]
    classes: int
    parameters: Counts
    macs: Counts

    @property
    def variants(self) -> tuple[str | None, ...]:
        """The names of the variants; (None,) where there is only one."""
        return tuple(self.parameters) if isinstance(self.parameters, Mapping) else (None,)


_architectures: dict[str, Architecture] = {}

COMMON_ARGUMENTS = """

    Args:
        include_top: whether to include the dense layers at the top.
        weights: `None` (random), the name of a set of weights (`kc.weights.available()`
            lists them) or the path of a weight file.
        input_tensor: Keras tensor to use as the input of the model.
        input_shape: (H, W, C); default {input_shape}{free}.
        pooling: with `include_top=False`, `None` for the feature maps, "avg" or "max" for their
            global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits.
        name: name of the model.{options}

    Returns:
        An uncompiled functional `keras.Model`; images (N, H, W, C) float to (N, classes).

    Raises:
        ValueError: an argument that is out of range, or weights that do not fit.
        OSError: a weight file that cannot be read.
"""


def architecture(
    *,
    reference: str,
    year: int,
    input_shape: tuple[int, int, int],
    min_size: int,
    parameters: Counts,
    macs: Counts,
    classes: int = 1000,
    options: str = "",
) -> Callable[[Callable], Callable[..., "keras.Model"]]:
    """Register an architecture and give its builder the signature of keras.applications.

    Args:
        reference, year, input_shape, classes, parameters, macs: see `Architecture`.
        min_size: the smallest height and width that leave a feature map of at least 1x1.
        options: the docstring lines of the builder's own options.
    """

    def decorate(layers: Callable) -> Callable[..., "keras.Model"]:
        own_name = layers.__name__.removeprefix("build_")

        @functools.wraps(layers)
        def builder(*args: object, **kwargs: object) -> "keras.Model":
            a = signature.bind(*args, **kwargs)
            a.apply_defaults()
            a = a.arguments
            own = {option.name: a[option.name] for option in own_options}
            if "variant" in own and own["variant"] not in parameters:
                raise unknown("variant", own["variant"], parameters)
            beginning = start(
                own_name,
                include_top=a["include_top"],
                weights=a["weights"],
                input_tensor=a["input_tensor"],
                input_shape=a["input_shape"],
                default_shape=input_shape,
                min_size=min_size,
                pooling=a["pooling"],
                classes=a["classes"],
                classifier_activation=a["classifier_activation"],
            )
            return finish(beginning, layers(beginning.inputs, beginning.classifier, **own), a["name"])

        own_options = [
            p
            for p in inspect.signature(layers).parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        signature = inspect.Signature([*_common(own_name, classes), *own_options])
        builder.__signature__ = signature
        builder.__doc__ = inspect.getdoc(layers) + COMMON_ARGUMENTS.format(
            input_shape=input_shape,
            free=" (free with `include_top=False`)",
            options="".join(f"\n        {line}" for line in options.splitlines()),
        ).replace("\n    ", "\n")
        _architectures[own_name] = Architecture(
            own_name, builder, reference, year, input_shape, classes, parameters, macs
        )
        return builder

    return decorate


def _common(name: str, classes: int) -> list[inspect.Parameter]:
    """The arguments of keras.applications, in their order."""
    defaults = {
        "include_top": True,
        "weights": None,  # keras.applications downloads here; we do so only when asked
        "input_tensor": None,
        "input_shape": None,
        "pooling": None,
        "classes": classes,
        "classifier_activation": "softmax",
        "name": name,
    }
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [inspect.Parameter(n, kind, default=default) for n, default in defaults.items()]


def architectures() -> dict[str, Architecture]:
    """All architectures by name, in the order of their years."""
    for file in Path(__file__).parent.glob("[!_]*.py"):
        import_module(f"{__package__}.{file.stem}")
    return dict(sorted(_architectures.items(), key=lambda item: (item[1].year, item[0])))


def names() -> list[str]:
    """List the names that `build` takes.

    >>> import kerascnn as kc
    >>> kc.models.names()[:2]
    ['lenet5', 'alexnet']
    """
    return list(architectures())


def build(name: str, **options: object) -> "keras.Model":
    """Build an architecture by its name: `build("vgg16")` is `build_vgg16()`.

    Args:
        name: one of `names()`.
        options: the arguments of its builder.

    Raises:
        ValueError: no architecture has this name.

    >>> import kerascnn as kc
    >>> kc.models.build("lenet5", classes=26).output_shape
    (None, 26)
    """
    known = architectures()
    if name not in known:
        raise unknown("name", name, known)
    return known[name].builder(**options)
