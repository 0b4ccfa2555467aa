"""Diagrams for LaTeX: a standalone document that requires only TikZ."""

from __future__ import annotations

import re

from kerascnn._markup import latex
from kerascnn.plots._style import layer_style

from .parts import Box, Label, Layout
from .volumes import SHIFT

EM = 9.0  # font size in points
LINE = 1.25
PRINTED = "×…–·"  # other characters in the fonts of pdfTeX
LATIN = 0x250  # pdfTeX's fonts have the letters below this


def tikz(layout: Layout, title: str | None = None) -> str:
    """Return a layout as a document that compiles on its own."""
    foreign = any(ord(c) >= LATIN and c not in PRINTED for b in layout.labels for c in b.text)
    foreign |= any(ord(c) >= LATIN and c not in PRINTED for c in title or "")
    colors: dict[str, str] = {}
    for box in layout.boxes:
        look = layer_style(box.kind)
        colors.setdefault(look.color, f"kind{_letters(len(colors))}")
    lines = [
        r"\documentclass[border=4pt]{standalone}",
        *([r"% XeLaTeX or LuaLaTeX: the names have letters that pdfLaTeX lacks.",
           r"\usepackage{fontspec}"] if foreign else
          [r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}"]),
        r"\usepackage{tikz}",
        *(rf"\definecolor{{{name}}}{{HTML}}{{{color[1:]}}}" for color, name in colors.items()),
        r"\begin{document}",
        rf"\begin{{tikzpicture}}[x={EM}pt, y=-{EM}pt, line width=0.4pt,",
        rf"  every node/.style={{align=center, inner sep=0pt, font=\sffamily\fontsize{{{EM}}}"
        rf"{{{EM * LINE}}}\selectfont}}]",
    ]  # fmt: skip
    for fold in layout.folds:
        lines.append(
            rf"\draw[gray, dashed, rounded corners=4pt] {_at(fold.x, fold.y)} rectangle "
            rf"{_at(fold.x + fold.width, fold.y + fold.height)};"
        )
    for edge in layout.edges:
        if edge.points:
            way = " -- ".join(_at(*point) for point in edge.points)
            lines.append(rf"\draw[gray, -latex] {way};")
    for box in layout.boxes:
        lines += _box(box, colors[layer_style(box.kind).color])
    lines += [_label(label) for label in layout.labels]
    if title:
        lines.append(rf"\node[above] at {_at(layout.width / 2, -1.0)} {{{escaped(title)}}};")
    return "\n".join([*lines, r"\end{tikzpicture}", r"\end{document}", ""])


def escaped(text: str) -> str:
    """Escape a text for LaTeX; lines end in `\\\\`."""
    return r"\\".join(map(latex, text.split("\n")))


def _box(box: Box, color: str) -> list[str]:
    x, y, right, bottom, back = box.x, box.y, box.x + box.width, box.y + box.height, box.depth
    front = rf"rectangle {_at(right, bottom)};"
    comment = f"% {re.sub(r'[^ -~]', '?', box.name)}"
    if box.stack:
        return [comment] + [
            rf"\filldraw[fill={color}] {_at(x + SHIFT * n, y - SHIFT * n)} rectangle "
            rf"{_at(right + SHIFT * n, bottom - SHIFT * n)};"
            for n in range(box.stack - 1, -1, -1)
        ]
    if not back:
        return [comment, rf"\filldraw[fill={color}, rounded corners=2pt] {_at(x, y)} {front}"]
    top = [(x, y), (x + back, y - back), (right + back, y - back), (right, y)]
    side = [(right, y), (right + back, y - back), (right + back, bottom - back), (right, bottom)]
    return [
        comment,
        rf"\filldraw[fill={color}!55!white] {_way(top)};",
        rf"\filldraw[fill={color}!72!black] {_way(side)};",
        rf"\filldraw[fill={color}] {_at(x, y)} {front}",
    ]


def _label(label: Label) -> str:
    look = layer_style(label.on) if label.on else None
    options = [look.text_color] if look and look.text_color != "black" else []
    options += ["rotate=90"] * label.upright + ["fill=white"] * label.on_line
    chosen = f"[{', '.join(options)}]" if options else ""
    return rf"\node{chosen} at {_at(label.x, label.y)} {{{escaped(label.text)}}};"


def _way(points: list) -> str:
    return " -- ".join(_at(*point) for point in points) + " -- cycle"


def _at(x: float, y: float) -> str:
    return f"({x:.2f}, {y:.2f})"


def _letters(number: int) -> str:
    return chr(ord("a") + number)
