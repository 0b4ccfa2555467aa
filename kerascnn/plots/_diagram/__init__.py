"""Architecture diagrams: what is drawn, where it stands, and the proof that nothing is missing.

`calls` reads the layers of a network and joins those that belong together, `folds` finds what
repeats, `blocks`, `hourglass` and `volumes` give everything its place, `certificate` holds the
result against the network, and `tikz` and `slides` write it for LaTeX and PowerPoint. Nothing here
draws with matplotlib.
"""
