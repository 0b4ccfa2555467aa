"""`python -m kerascnn` is the command `kerascnn`."""

from .cli import main

main(prog_name="kerascnn")
