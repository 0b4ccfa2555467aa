"""Equations as MathML, which browsers draw and read aloud without a script or a network."""

import re
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

# docutils reads these otherwise than TeX: 12 as one number, an index as part of the accent.
MISREAD = re.compile(r"\\frac\d\d|\\(tilde|bar|hat|vec|dot) ?\{?\w\}?[_^]")
BAR = re.compile(r'<mo( class="mathopen")?>(?=[|‖]<)')


def mathml(tex: str) -> str:
    r"""Return an equation as MathML.

    Browsers stretch bars, and put space around them, unless they know which side of a pair they
    are: `\lvert` is a prefix, and `\rvert` a postfix.
    """
    if MISREAD.search(tex):
        raise ValueError(
            rf"write \frac{{1}}{{2}} for \frac12 and \tilde A{{}}_l for \tilde A_l: {tex}"
        )
    return BAR.sub(
        lambda bar: f'<mo form="{"prefix" if bar[1] else "postfix"}" stretchy="false">',
        tex2mathml(tex),
    )


def inline(self: Any, node: nodes.math) -> None:
    """Write an equation in a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(self: Any, node: nodes.math_block) -> None:
    """Write an equation in a line of its own."""
    self.body.append(mathml(node.astext()).replace("<math", '<math display="block"', 1))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it; `html_math_renderer` names it."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
