"""What autodoc shows: docstrings as they are meant, types as they are written, links to names."""

import ast
import inspect
from textwrap import dedent
from typing import Any

import reference
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole


class Name(XRefRole):
    """Code between single backticks, which links to the public name that it is, if it is one."""

    def process_link(
        self, env: BuildEnvironment, refnode: Any, has_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Look up the whole name; Sphinx's own role would also take any name that ends like it."""
        refnode["refdomain"], refnode["reftype"] = "py", "obj"
        refnode["py:module"] = env.ref_context.get("py:module")
        refnode["py:class"] = env.ref_context.get("py:class")
        return title, target


def link_to_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Node
) -> nodes.Node | None:
    """Resolve `kc.plots.style`, `plots.style` and names that are public in two modules."""
    if node.get("refdomain") != "py":
        return None
    full = "kerascnn." + node["reftarget"].removeprefix("kc.").removeprefix("kerascnn.")
    full = reference.aliases().get(full, full)
    domain: Any = env.domains["py"]
    entry = domain.objects.get(full)
    if entry is None or entry.objtype == "module":
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, contents)


def signature_as_written(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    """Show `images: Images`; autodoc would show all types that `Images` stands for."""
    if what not in ("function", "method") or "__wrapped__" in vars(obj):
        return None
    try:
        tree = ast.parse(dedent(inspect.getsource(obj))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    if not isinstance(tree, ast.FunctionDef):
        return None
    arguments = tree.args
    if what == "method" and arguments.args and arguments.args[0].arg in ("self", "cls"):
        del arguments.args[0]
    return f"({ast.unparse(arguments)})", ast.unparse(tree.returns) if tree.returns else ""


def formulas_as_code(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Show an indented block as code, as in Markdown; it would be a quotation."""
    shown: list[str] = []
    above, code = 0, False  # indentation of the last line of text
    for line in lines:
        if line:
            indent = len(line) - len(line.lstrip())
            code = code and indent >= above + 4
            if not code and shown and not shown[-1] and indent >= above + 4:
                shown += [f"{' ' * above}::", ""]
                code = True
            if not code:
                above = indent
        shown.append(line)
    lines[:] = shown


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect them."""
    app.add_role("name", Name())
    app.connect("missing-reference", link_to_name)
    app.connect("autodoc-process-signature", signature_as_written)
    app.connect("autodoc-process-docstring", formulas_as_code, priority=400)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
