"""Architecture diagrams: their contents, their layout, and the proof that nothing is missing.

`calls` reads the layers of a network and joins those that belong together, `folds` finds repeated
parts, `blocks`, `hourglass` and `volumes` compute the layout, `certificate` checks it against the
network, and `tikz` and `slides` write it for LaTeX and PowerPoint. Nothing here draws with
matplotlib.
"""
