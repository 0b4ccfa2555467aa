"""The registry of architectures, and the signature that all builders share.

An architecture is a function `build_x(inputs, classifier, **options)` that takes the input tensor
and returns the output tensor or a list of output tensors. `@architecture` turns it into a builder
with the arguments of keras.applications, so that the file of an architecture holds its paper's
table and little else. An architecture whose last layer is not dense takes `classes` and
`activation` instead of `classifier`; all of them are `None` with `include_top=False`.
"""

import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn import weights as weight_sets
from kerascnn._checks import check_number
from kerascnn._errors import unknown

from ._finish import Size, finish, start

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Case:
    """One variant of an architecture, with its expected values.

    Attributes:
        variant: the name of the variant; `None` if there is only one.
        options: the arguments that build the variant: `a.builder(**case.options)`.
        input_shape, parameters, macs: see `Architecture`.

    >>> architectures()["lenet5"].cases[1].parameters
    60000
    """

    variant: str | None
    options: Mapping[str, str]
    input_shape: Shape
    parameters: int
    macs: int


@dataclass(frozen=True)
class Architecture:
    """An architecture and the numbers known from its paper, for tables and tests.

    Attributes:
        name: the name of the builder without `build_`, for example "vgg16".
        builder: the public builder.
        reference: the paper.
        year: the year of the paper.
        input_shape: the paper's (H, W, C), or a dict with one per variant.
        classes: the paper's number of classes.
        parameters: number of trainable parameters, from the paper or counted by hand, or a dict
            with one per variant.
        macs: multiply-accumulate operations of the convolutions and dense layers for one image of
            `input_shape`, or a dict with one per variant.
        variant_option: the name of the builder's option that selects the variant.

    >>> import kerascnn as kc
    >>> [case.variant for case in kc.models.architectures()["lenet5"].cases]
    ['modern', '1998']
    """

    name: str
    builder: Callable[..., "keras.Model"]
    reference: str
    year: int
    input_shape: Shape | Mapping[str, Shape]
    classes: int
    parameters: int | Mapping[str, int]
    macs: int | Mapping[str, int]
    variant_option: str = "variant"

    @property
    def variants(self) -> tuple[str | None, ...]:
        """Return the names of the variants, the default first; (None,) if there is only one."""
        return tuple(self.parameters) if isinstance(self.parameters, Mapping) else (None,)

    @property
    def cases(self) -> tuple[Case, ...]:
        """Return the variants with their expected values, the default first."""
        return tuple(
            Case(
                variant,
                {} if variant is None else {self.variant_option: variant},
                of(self.input_shape, variant),
                of(self.parameters, variant),
                of(self.macs, variant),
            )
            for variant in self.variants
        )


def of(value: Any, variant: str | None) -> Any:
    """Return the value for a variant: an entry of a mapping, or the one value for all variants."""
    return value[variant] if isinstance(value, Mapping) else value


_architectures: dict[str, Architecture] = {}

COMMON_ARGUMENTS = """

    Args:
        include_top: whether to include {top}.
        weights: `None` (random initialization), the name of a set of pretrained weights (see
            `kc.weights.available`) or the path to a weights file.
        input_tensor: optional Keras tensor to use as the input of the model.
{input_shape}
        pooling: what to return with `include_top=False`: `None` for the feature maps, "avg" or
            "max" for their global average or maximum.
        classes: number of classes.
        classifier_activation: activation of the last layer; `None` returns the logits. With
            `classes=1`, where a softmax would always be 1, the default softmax becomes a sigmoid.
        name: name of the model.{options}

    Returns:
{returns}

    Raises:
        ValueError: If an argument is out of range or the weights do not fit the model.
        OSError: If the weights file cannot be read.
"""


def architecture(
    *,
    reference: str,
    year: int,
    input_shape: Shape | Mapping[str, Shape],
    min_size: int | Mapping[str, int],
    parameters: int | Mapping[str, int],
    macs: int | Mapping[str, int],
    classes: int = 1000,
    classifier_activation: str | Callable | None = "softmax",
    size: Size = Size.FIXED,
    variant_option: str = "variant",
    options: str = "",
    top: str = "the dense layers at the top",
    returns: str = "(N, classes)",
) -> Callable[[Callable], Callable[..., "keras.Model"]]:
    """Register an architecture and turn it into a builder with keras.applications' arguments.

    Args:
        reference, year, input_shape, classes, parameters, macs: see `Architecture`.
        min_size: the smallest height and width that leave a feature map of at least 1x1.
        classifier_activation: the default activation of the last layer.
        size: whether the complete model accepts images of one size or of any size.
        variant_option: the builder's option whose values are the keys of `parameters`.
        options: the docstring lines of the builder's own options.
        top: the layers that `include_top=False` leaves out, as words for the docstring.
        returns: the shape of the outputs.
    """

    def decorate(layers: Callable) -> Callable[..., "keras.Model"]:
        own_name = layers.__name__.removeprefix("build_")

        @functools.wraps(layers)
        def builder(*args: Any, **kwargs: Any) -> "keras.Model":
            try:
                a = signature.bind(*args, **kwargs)
            except TypeError as error:
                takes = ", ".join(signature.parameters)
                raise TypeError(f"build_{own_name} takes {takes}; it {error}.") from None
            # Pretrained weights may be of a smaller model; the user's arguments take precedence.
            chosen = dict(weight_sets.build_options(own_name, a.arguments.get("weights")))
            if a.arguments.get("classes", classes) == 1 and _is_softmax(classifier_activation):
                chosen["classifier_activation"] = "sigmoid"
            if not a.arguments.get("include_top", True):
                chosen.pop("input_shape", None)  # without the top, any size is possible
            a.arguments = {**chosen, **a.arguments}
            a.apply_defaults()
            a = a.arguments
            if a["include_top"] and a["classes"] == 1 and _is_softmax(a["classifier_activation"]):
                raise ValueError(
                    "classifier_activation must be 'sigmoid' or None with classes=1; received "
                    f"{a['classifier_activation']!r}, which is 1 for every image."
                )
            own = {option.name: a[option.name] for option in own_options}
            variant = own.get(variant_option)
            if isinstance(parameters, Mapping) and variant not in list(parameters):
                raise unknown(variant_option, variant, parameters)
            if "dropout" in own:
                check_number("dropout", own["dropout"], below=1)
            beginning = start(
                own_name,
                include_top=a["include_top"],
                weights=a["weights"],
                input_tensor=a["input_tensor"],
                input_shape=a["input_shape"],
                default_shape=of(input_shape, variant),
                min_size=of(min_size, variant),
                size=size,
                pooling=a["pooling"],
                classes=a["classes"],
                classifier_activation=a["classifier_activation"],
                variant=variant,
            )
            given = {name: getattr(beginning, name) for name in asked}
            return finish(beginning, layers(**given, **own), a["name"])

        everything = inspect.signature(layers).parameters.values()
        own_options = [_typed(p) for p in everything if p.kind is inspect.Parameter.KEYWORD_ONLY]
        asked = [p.name for p in everything if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        common = _common(own_name, classes, classifier_activation)
        signature = inspect.Signature([*common, *own_options], return_annotation="keras.Model")
        vars(builder)["__signature__"] = signature
        builder.__annotations__ = {"return": "keras.Model"}
        builder.__doc__ = (inspect.getdoc(layers) or "") + COMMON_ARGUMENTS.format(
            input_shape=_wrap(f"input_shape: {_shape_text(input_shape, size)}", indent=4),
            options="".join(f"\n        {line}" for line in options.splitlines()),
            top=top,
            returns=_wrap(
                "An uncompiled functional `keras.Model`, from images (N, H, W, C) float to "
                f"{returns}."
            ),
        ).replace("\n    ", "\n")
        _architectures[own_name] = Architecture(
            name=own_name,
            builder=builder,
            reference=reference,
            year=year,
            input_shape=input_shape,
            classes=classes,
            parameters=parameters,
            macs=macs,
            variant_option=variant_option,
        )
        return builder

    return decorate


def _is_softmax(activation: object) -> bool:
    """Return whether an activation is a softmax, which is constant for a single class."""
    if isinstance(activation, str):
        return activation.lower() in ("softmax", "log_softmax")
    name = getattr(activation, "__name__", type(activation).__name__)
    return name in ("softmax", "log_softmax", "Softmax")


def _shape_text(shape: Shape | Mapping[str, Shape], size: Size) -> str:
    """Describe the default of `input_shape` for a docstring."""
    if isinstance(shape, Mapping):
        default = ", ".join(f"{s} for {v!r}" for v, s in shape.items())
    else:
        default = str(shape)
    about = f"shape of an image, (H, W, C). Default: {default}."
    if size is Size.STATIC:
        return about
    if size is Size.OPEN:
        return (
            "shape of an image, (H, W, C). By default, the height and the width are `None` (any "
            f"size); the paper uses {default}."
        )
    when = "" if size is Size.FREE else " with `include_top=False`"
    return f"{about} The height and the width may be `None` (any size){when}."


def _wrap(text: str, indent: int = 0) -> str:
    """Break a sentence of a docstring into lines; `indent` is that of the lines after the first."""
    first = " " * 8
    text = re.sub(r"\(.*?\)", lambda shape: shape[0].replace(" ", "\0"), text)  # keep together
    text = textwrap.fill(text, 96, initial_indent=first, subsequent_indent=first + " " * indent)
    return text.replace("\0", " ")


def _common(name: str, classes: int, activation: object) -> list[inspect.Parameter]:
    """Return the parameters of the builders of keras.applications, in their order."""
    common = (  # keras.applications downloads weights by default; we only do so when asked
        ("include_top", True, "bool"),
        ("weights", None, "str | os.PathLike[str] | None"),
        ("input_tensor", None, "keras.KerasTensor | None"),
        ("input_shape", None, "tuple[int | None, int | None, int] | None"),
        ("pooling", None, "str | None"),
        ("classes", classes, "int"),
        ("classifier_activation", activation, "str | collections.abc.Callable | None"),
        ("name", name, "str"),
    )
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return [inspect.Parameter(n, kind, default=d, annotation=a) for n, d, a in common]


def _typed(option: inspect.Parameter) -> inspect.Parameter:
    """Annotate an option of a builder with the type of its default."""
    return option.replace(annotation=_type_of(option.default))


def _type_of(default: object) -> str:
    if isinstance(default, tuple):
        return f"collections.abc.Sequence[{_type_of(default[0])}]"
    return type(default).__name__


def architectures() -> dict[str, Architecture]:
    """Return all architectures by name, sorted by year and then by name.

    >>> import kerascnn as kc
    >>> kc.models.architectures()["vgg16"].parameters
    138357544
    """
    for file in Path(__file__).parent.glob("[!_]*.py"):
        import_module(f"{__package__}.{file.stem}")

    def order(item: tuple[str, Architecture]) -> tuple:
        name, known = item  # resnet18 before resnet101
        return known.year, [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)]

    return dict(sorted(_architectures.items(), key=order))


def names() -> list[str]:
    """List the names of the architectures that `build` accepts.

    >>> "lenet5" in names()
    True
    """
    return list(architectures())


def build(name: str, /, **options: object) -> "keras.Model":
    """Build an architecture by name: `build("vgg16")` is the same as `build_vgg16()`.

    Args:
        name: one of `names()`.
        options: the arguments of the builder.

    Returns:
        An uncompiled functional `keras.Model`.

    Raises:
        ValueError: If the name is unknown or an argument is out of range.

    >>> import kerascnn as kc
    >>> kc.models.build("lenet5", classes=26).output_shape
    (None, 26)
    """
    known = architectures()
    if name not in list(known):
        raise unknown("name", name, known)
    return known[name].builder(**options)
