"""The pages of the reference: one for each module, and one for each public name in it.

They are read from the package: its stubs say what is public and where it is defined.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "kerascnn"
LISTED = re.compile(r"^from (\.\S*) import (\w+) as (\w+)", re.MULTILINE)
MODULE = re.compile(r"^from \. import \(\n    (\w+) as", re.MULTILINE)
# Returned by `describe`, and documented on its page.
RETURNED = {
    "kerascnn.describe": ("kerascnn._describe.Description", "kerascnn._describe.Layer"),
}


@dataclass(frozen=True)
class Name:
    """A public name: where it is public, where it is defined, and whether it is a constant."""

    module: str
    name: str
    file: Path

    @property
    def full(self) -> str:
        """Return the name with its module."""
        return f"{self.module}.{self.name}"

    @property
    def node(self) -> ast.AST | None:
        """Return the definition in the source."""
        for node in reversed(body(self.file)):  # what follows overloads
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            if getattr(node, "name", None) == self.name or any(
                isinstance(target, ast.Name) and target.id == self.name for target in targets
            ):
                return node
        return None

    @property
    def comment(self) -> str:
        """Return the comment of a constant: the lines above it that start with `#:`."""
        lines = self.file.read_text("utf-8").splitlines()
        at = self.node.lineno - 1
        found = []
        while at and lines[at - 1].startswith("#:"):
            at -= 1
            found.insert(0, lines[at].removeprefix("#:").strip())
        return " ".join(found)


@cache
def body(file: Path) -> list[ast.stmt]:
    """Return the statements of a file."""
    return ast.parse(file.read_text("utf-8")).body


@cache
def modules(package: Path = PACKAGE) -> list[str]:
    """Return the public modules, with `kerascnn` first."""
    found = ["kerascnn"]
    for name in MODULE.findall((package / "__init__.pyi").read_text("utf-8")):
        found.append(f"kerascnn.{name}")
        stub = package / name / "__init__.pyi"
        if stub.exists():
            inner = MODULE.findall(stub.read_text("utf-8"))
            found += [f"kerascnn.{name}.{one}" for one in inner]
    return found


@cache
def names(module: str, package: Path = PACKAGE) -> list[Name]:
    """Return the public names of a module, in the order of its stub or source."""
    folder = package.joinpath(*module.split(".")[1:])
    stub = folder / "__init__.pyi"
    if not stub.exists():
        source = folder.with_suffix(".py")
        found = [n.name for n in body(source) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        return [Name(module, name, source) for name in found if not name.startswith("_")]
    found = []
    for place, _own, public in LISTED.findall(stub.read_text("utf-8")):
        base = folder.joinpath(*place.removeprefix(".").split("."))
        found.append(Name(module, public, source_of(base, public)))
    return found


def source_of(base: Path, name: str) -> Path:
    """Return the file that defines a name which the module at `base` exports."""
    file = base.with_suffix(".py")
    if file.exists():
        for node in body(file):
            if isinstance(node, ast.ImportFrom) and name in {one.name for one in node.names}:
                folder = base.parents[node.level - 1]
                return source_of(folder.joinpath(*(node.module or "").split(".")), name)
        return file
    for place, _own, public in LISTED.findall((base / "__init__.pyi").read_text("utf-8")):
        if public == name:
            return source_of(base.joinpath(*place.removeprefix(".").split(".")), name)
    raise LookupError(f"{base} does not list {name}")


def pages(package: Path = PACKAGE) -> dict[str, Name]:
    """Return the pages of names: the full name, and what it is.

    A name that is public in a module and at the top has its page in the module.
    """
    found: dict[str, Name] = {}
    for module in modules(package):
        found |= {one.full: one for one in names(module, package)}
    second = aliases(package)
    return {page: one for page, one in found.items() if page not in second}


@cache
def aliases(package: Path = PACKAGE) -> dict[str, str]:
    """Return the names that are public in two modules, each with the page that documents it."""
    found: dict[tuple[Path, str], str] = {}
    second: dict[str, str] = {}
    for module in sorted(modules(package), key=lambda module: -module.count(".")):
        for one in names(module, package):
            if (one.file, one.name) in found:
                second[one.full] = found[one.file, one.name]
            else:
                found[one.file, one.name] = one.full
    return second


def summary(name: Name) -> str:
    """Return the first line of a docstring, or the comment of a constant."""
    if isinstance(name.node, ast.FunctionDef | ast.ClassDef):
        return (ast.get_docstring(name.node) or "").partition("\n")[0]
    return name.comment


def heading(title: str, line: str = "=") -> list[str]:
    """Return a heading in reStructuredText."""
    return [title, line * 2 * len(title), ""]  # Korean letters are two columns wide


def name_page(name: Name, value: str = "") -> str:
    """Return the page of a name; `value` is that of a constant."""
    lines = [*heading(name.name), f".. currentmodule:: {name.module}", ""]
    if isinstance(name.node, ast.ClassDef):
        lines += [f".. autoclass:: {name.full}", "   :members:", ""]
    elif isinstance(name.node, ast.FunctionDef):
        lines += [f".. autofunction:: {name.full}", ""]
    else:
        lines += [f".. py:data:: {name.name}", "", f"   {name.comment}", ""]
        lines += ["   .. code-block:: python", ""]
        lines += [f"      {line}" for line in value.splitlines()]
    lines += [f".. used-in:: {name.full}", ""]
    for returned in RETURNED.get(name.full, ()):
        title = returned.rpartition(".")[2]
        lines += [*heading(title, "-"), f".. autoclass:: {returned}", "   :members:", ""]
    return "\n".join(lines) + "\n"


def module_page(module: str, package: Path = PACKAGE) -> str:
    """Return the page of a module: its docstring, and a table of its names."""
    second = aliases(package)
    lines = [*heading(module), f".. automodule:: {module}", "   :no-index:", ""]
    lines += [".. list-table::", "   :widths: 35 65", "   :class: names", ""]
    for one in names(module, package):
        page = second.get(one.full, one.full)
        lines += [f"   * - :py:obj:`{one.name} <{page}>`", f"     - {summary(one)}"]
    lines += ["", ".. toctree::", "   :hidden:", ""]
    lines += [f"   {one.full}" for one in names(module, package) if one.full not in second]
    return "\n".join(lines) + "\n"


def index_page() -> str:
    """Return the page that lists the modules."""
    lines = [*heading("Reference"), ".. toctree::", "   :maxdepth: 1", ""]
    return "\n".join([*lines, *(f"   {module}" for module in modules())]) + "\n"


def values(name: Name) -> str:
    """Return the value of a constant, as it is printed."""
    from importlib import import_module
    from pprint import pformat

    return pformat(getattr(import_module(name.module), name.name), width=88, sort_dicts=False)


def write(folder: Path) -> None:
    """Write all pages."""
    texts = {f"{module}.rst": module_page(module) for module in modules()}
    for page, name in pages().items():
        constant = not isinstance(name.node, ast.FunctionDef | ast.ClassDef)
        texts[f"{page}.rst"] = name_page(name, values(name) if constant else "")
    texts["index.rst"] = index_page()
    keep(folder, texts)


def keep(folder: Path, texts: dict[str, str]) -> None:
    """Write pages by name, and remove others; those that stay the same keep their time."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        path = folder / file
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in folder.glob("*.*"):
        if path.name not in texts:
            path.unlink()
