"""Who may import whom, read from the sources; and what `import kerascnn` loads."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import kerascnn

PACKAGE = Path(kerascnn.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# What each part may use of the others; the private modules at the top serve all.
MAY_USE = {
    "arithmetic": set(),
    "layers": set(),
    "datasets": set(),
    "metrics": set(),
    "plots": {"_describe"},  # of a model, when one is given
    "weights": set(),
    "_describe": {"arithmetic"},
    "models": {"layers", "weights", "_describe"},
    "training": {"datasets"},  # U-Net's weight map
    "visualize": {"_describe"},
    "prediction": {"_describe", "metrics"},
    "trained": {"_describe", "layers", "datasets", "models", "training", "visualize", "weights"},
    "experiments": {
        "layers", "datasets", "metrics", "models", "training", "visualize", "_describe",
    },
    "exercises": {"arithmetic", "datasets"},
    "explorer": {"_describe", "layers", "plots", "training", "weights"},
    "figures": {
        "arithmetic", "layers", "datasets", "plots", "weights", "_describe",
        "models", "training", "visualize", "experiments", "trained", "metrics", "prediction",
    },
    "decks": {"figures", "plots"},
    "__main__": {"cli"},
    "cli": {
        "decks", "exercises", "explorer", "figures", "models", "_describe", "weights", "training",
        "datasets", "visualize", "plots", "trained", "metrics",
        "prediction",
    },
}  # fmt: skip
SERVE_ALL = {
    "_calls", "_checks", "_class_axis", "_class_names", "_copies", "_errors", "_files", "_fusion",
    "_gradients", "_graph", "_heads", "_kernel_gradients", "_known", "_markup", "_max_pooling_3d",
    "_memory", "_moved_axes", "_onednn", "_picture_reader", "_print", "_processor", "_progress",
    "_rescaling", "_sizes", "_state", "_text", "_twin",
}  # fmt: skip

TENSORFLOW = (
    "_fusion.py",
    "_gradients.py",
    "_kernel_gradients.py",
    "_max_pooling_3d.py",
    "visualize/_engine/",
    "training/_devices.py",
    "training/_pipeline.py",
)


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported(path, *, at_once=False):
    """All modules that a file imports, also within functions, or at once; as absolute names."""
    names = set()
    package = ("kerascnn", *path.relative_to(PACKAGE).parent.parts)
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


PARTS = sorted({part(source) for source in SOURCES})


def parts_used(path):
    return {n.split(".")[1] for n in imported(path) if n.startswith("kerascnn.")} & {*PARTS}


@pytest.mark.parametrize("own", PARTS)
def test_each_part_uses_only_what_it_may(own):
    allowed = {own} | SERVE_ALL
    if own not in {"__init__", *SERVE_ALL}:
        allowed |= MAY_USE[own]
    wrong = {path: parts_used(path) - allowed for path in SOURCES if part(path) == own}
    assert {str(path): parts for path, parts in wrong.items() if parts} == {}


def test_frameworks_stay_in_their_places():
    for path in SOURCES:
        roots = {name.split(".")[0] for name in imported(path)}
        where = str(path.relative_to(PACKAGE))
        if not where.startswith(TENSORFLOW):
            assert "tensorflow" not in roots, where
        if part(path) == "visualize":
            assert "matplotlib" not in roots, where
        if part(path) == "plots":
            assert not roots & {"keras", "tensorflow"}, where
        if where == "arithmetic.py":
            assert roots <= {
                "__future__",
                "collections",
                "dataclasses",
                "fractions",
                "math",
                "numbers",
                "kerascnn",
            }


def test_imports_run_in_no_circle():
    files = {}
    for path in SOURCES:
        parts = ("kerascnn", *path.relative_to(PACKAGE).with_suffix("").parts)
        files[".".join(parts).removesuffix(".__init__")] = path
    TopologicalSorter(
        {name: imported(path, at_once=True) - {name} for name, path in files.items()}
    ).prepare()  # raises a CycleError that names the files


def test_the_reader_of_imports_reads():
    """The checks above rest on it."""
    assert "tensorflow" in imported(PACKAGE / "visualize" / "_engine" / "tape.py")
    assert parts_used(PACKAGE / "models" / "alexnet.py") == {"models", "layers"}


HEAVY = ("tensorflow", "keras", "matplotlib", "numpy", "tf_keras_vis", "skimage", "sklearn")


def test_import_loads_nothing_heavy(run_python):
    loaded = run_python("import sys, kerascnn; print(*sys.modules)").split()
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)


def test_help_loads_nothing_heavy(run_python):
    code = """
import sys
from kerascnn.cli import main
try:
    main(["--help"])
except SystemExit as stop:
    assert stop.code == 0
print(*sys.modules)
"""
    printed = run_python(code)
    assert "figures" in printed
    assert not {name.split(".")[0] for name in printed.splitlines()[-1].split()} & set(HEAVY)


def test_public_names_exist():
    for name in kerascnn.__all__:
        assert getattr(kerascnn, name) is not None
    for package in ("datasets", "figures", "layers", "models", "plots", "training", "visualize"):
        module = getattr(kerascnn, package)
        for name in module.__all__:
            assert getattr(module, name).__doc__ or package == "training", name
    assert callable(kerascnn.describe)


def test_builders_are_public():
    """A new architecture needs its lines in the two stubs, so that editors complete its name."""
    builders = {f"build_{name}" for name in kerascnn.models.names()}
    assert builders <= set(kerascnn.__all__)
    assert builders <= set(kerascnn.models.__all__)
