"""Write the signatures and docstrings of all builders to the stub file for editors.

    python scripts/write_builder_stubs.py

`@architecture` creates the signatures and docstrings of builders at run time, where editors do not
see them. Therefore, `kerascnn/models/__init__.pyi` repeats them, below the imports that name the
file of each builder. A test checks that the stub is up to date.
"""

import inspect
import textwrap
from pathlib import Path

import kerascnn.models as models

STUB = Path(models.__file__).with_suffix(".pyi")
MARK = "# The signatures, written by scripts/write_builder_stubs.py.\n"
HEADER = """
import collections.abc
import os

import keras
"""


def signature_of(builder: object) -> str:
    """Return the lines of one builder."""
    lines, star = [], False
    for option in inspect.signature(builder).parameters.values():
        if option.kind is option.KEYWORD_ONLY and not star:
            lines, star = [*lines, "    *,"], True
        default = "..." if callable(option.default) else repr(option.default).replace("'", '"')
        lines.append(f"    {option.name}: {option.annotation} = {default},")
    docstring = textwrap.indent(f'"""{inspect.getdoc(builder)}\n"""', "    ")
    return "\n".join([f"def {builder.__name__}(", *lines, ") -> keras.Model:", docstring, "", ""])


def stub() -> str:
    """Return the contents of the stub file."""
    imports = STUB.read_text("utf-8").partition(HEADER.strip())[2].partition(MARK)[0].strip()
    builders = [signature_of(known.builder) for known in models.architectures().values()]
    return f"{HEADER.strip()}\n\n{imports}\n\n{MARK}\n" + "".join(builders).removesuffix("\n")


if __name__ == "__main__":
    STUB.write_text(stub(), "utf-8")
