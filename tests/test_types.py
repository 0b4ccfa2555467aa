"""The package is typed, as `py.typed` says: public names tell what they take and return."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import kerascnn

ROOT = Path(kerascnn.__file__).parent
LISTED = re.compile(r"^from \.\S* import \w+ as (\w+)", re.MULTILINE)  # by the stubs
ROOMS = sorted(stub.parent for stub in ROOT.rglob("__init__.pyi"))


def calls_of(thing):
    """A function; or a class's own methods and properties, with `__init__` where it is written."""
    if not inspect.isclass(thing):
        return [thing] if callable(thing) else []
    own = {name: item for name, item in vars(thing).items() if not name.startswith("_")}
    init = vars(thing).get("__init__")
    if init is not None and not hasattr(thing, "__dataclass_fields__"):
        own["__init__"] = init
    items = (getattr(item, "__func__", getattr(item, "fget", item)) for item in own.values())
    return [item for item in items if inspect.isfunction(item)]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_public_names_have_types(room):
    module = importlib.import_module(".".join(room.relative_to(ROOT.parent).parts))
    missing = []
    for name in LISTED.findall((room / "__init__.pyi").read_text("utf-8")):
        thing = getattr(module, name)
        for call in calls_of(thing):
            signature = inspect.signature(call)
            if signature.return_annotation is signature.empty and call.__name__ != "__init__":
                missing.append(f"{name}.{call.__name__} -> ?")
            missing += [
                f"{name}.{call.__name__}({parameter.name})"
                for parameter in list(signature.parameters.values())
                if parameter.annotation is parameter.empty and parameter.name not in ("self", "cls")
            ]
    assert not missing
