"""In Markdown, code that is a public name links to its page: `kc.train`, `grad_cam`."""

import re
from collections import Counter
from functools import cache

import reference
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

CALL = re.compile(r"^(kc\.|kerascnn\.)?([\w.]+?)(\(.*\))?$", re.DOTALL)
ORDINARY = {  # words that are also names of arguments and options
    "box", "boxes", "check", "load", "names", "pixel", "preprocessing", "region", "save", "slices",
    "style",
}  # fmt: skip


@cache
def pages() -> dict[str, str]:
    """Return the full name by each way to write it that is clear."""
    full = reference.pages()
    last = Counter(name.rpartition(".")[2] for name in full)
    found = {name.removeprefix("kerascnn."): name for name in full}
    found |= {name.removeprefix("kerascnn."): page for name, page in reference.aliases().items()}
    for name in full:
        short = name.rpartition(".")[2]
        if last[short] == 1 and short not in ORDINARY:
            found.setdefault(short, name)
    return found


def page_of(code: str) -> str | None:
    """Return the page of the public name that a piece of code is, or calls.

    >>> page_of("kc.train(model, data)"), page_of("grad_cam"), page_of("names")
    ('kerascnn.training.train', 'kerascnn.visualize.grad_cam', None)
    >>> page_of("evaluate"), page_of("kc.evaluate")  # kc.visualize has one, too
    (None, 'kerascnn.training.evaluate')
    """
    call = CALL.match(code)
    if call is None or (not call[1] and shared(call[2])):
        return None
    return pages().get(call[2])


@cache
def shared(name: str) -> bool:
    """Return whether several modules have a name, so that `kc.` must tell which is meant."""
    return sum(full.endswith(f".{name}") for full in reference.pages()) > 1


def inside(node: nodes.Node, *kinds: type) -> bool:
    """Return whether a node is within one of these kinds."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


class Links(SphinxTransform):
    """Makes links of code in paragraphs and tables of Markdown pages."""

    default_priority = 500  # after the translation

    def apply(self, **_more: object) -> None:
        """Replace the code by references."""
        if self.env.doc2path(self.env.docname).suffix != ".md":
            return
        for code in list(self.document.findall(nodes.literal)):
            page = page_of(code.astext())
            if page is None or inside(code, nodes.title, nodes.reference, pending_xref):
                continue
            link = pending_xref(
                "", refdomain="py", reftype="obj", reftarget=page, refexplicit=True, refwarn=True
            )
            code.replace_self(link)
            link += code


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the transform."""
    app.add_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
