"""The options of the builders, read from their source files to avoid the slow import of Keras."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COMMON = (  # the arguments of keras.applications, common to all builders
    "include_top",
    "weights",
    "input_tensor",
    "input_shape",
    "pooling",
    "classes",
    "classifier_activation",
    "name",
)


class Signature(NamedTuple):
    """The options of a builder.

    Attributes:
        options: names of all arguments, in order.
        variant_option: the one that selects the variant; `None` if there is only one variant.
        variants: its values, the default first.
    """

    options: tuple[str, ...]
    variant_option: str | None
    variants: tuple[str, ...]


@functools.cache
def signatures() -> dict[str, Signature]:
    """Return the options of every architecture by name.

    >>> signatures()["lenet5"].variants
    ('modern', '1998')
    """
    sources = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return {
        function.name.removeprefix("build_"): _signature(function)
        for source in sources
        for function in _builders(ast.parse(source.read_text("utf-8")))
    }


def _builders(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the functions that a decorator "…architecture(…)" turns into builders."""
    for function in module.body:
        if isinstance(function, ast.FunctionDef) and _decorator(function):
            yield function


def _decorator(function: ast.FunctionDef) -> ast.Call | None:
    for call in function.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("architecture"):
            return call
    return None


def _signature(function: ast.FunctionDef) -> Signature:
    call = _decorator(function)
    given = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
    own = tuple(argument.arg for argument in function.args.kwonlyargs)
    parameters = given.get("parameters")  # per variant, if there are several
    if not isinstance(parameters, ast.Dict):
        return Signature(COMMON + own, None, ())
    chosen_by = given.get("variant_option", ast.Constant("variant"))
    names = tuple(ast.literal_eval(key) for key in parameters.keys if key is not None)
    return Signature(COMMON + own, ast.literal_eval(chosen_by), names)
