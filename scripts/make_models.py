"""Write docs/models.md anew: every builder and variant, what its paper says and what we count.

python scripts/make_models.py
"""

from pathlib import Path

import keras

import kerascnn as kc
from kerascnn.models import Architecture, Case

ROOT = Path(__file__).parent.parent
HEADINGS = (
    "builder", "option", "paper", "year", "input", "parameters", "expected", "MACs", "depth",
    "weights",
)  # fmt: skip


def row(architecture: Architecture, case: Case) -> list[str]:
    """Build a network and put what it is beside what its paper says."""
    # Some networks take images of any size; MACs are for the paper's.
    model = architecture.builder(**case.options)
    description = kc.describe(model, input_shape=case.input_shape)
    ours = description.trainable_parameters
    if (ours, description.macs) != (case.parameters, case.macs):
        raise ValueError(
            f"{architecture.name} {case.variant}: expected {case.parameters:,} parameters and "
            f"{case.macs:,} MACs; received {ours:,} and {description.macs:,}."
        )
    sets = kc.weights.available(architecture.name)
    keras.backend.clear_session()
    return [
        f"`build_{architecture.name}`",
        ", ".join(f'`{name}="{value}"`' for name, value in case.options.items()),
        architecture.reference,
        str(architecture.year),
        "x".join(map(str, case.input_shape)),
        f"{ours:,}",
        f"{case.parameters:,}",
        f"{description.macs:,}",
        str(description.depth),
        ", ".join(s.name for s in sets if s.variant in (None, case.variant)),
    ]


def main() -> None:
    """Build everything and write the table."""
    lines = [
        "# Architectures",
        "",
        "Made by `python scripts/make_models.py`. Parameters are those that are trained, counted",
        "in the network as it is built; expected are those of the paper, or counted by hand.",
        "MACs: multiply-adds of convolutions and dense layers for one image. Depth: layers with",
        "weights on the longest way. Variant: the builder's argument; on the command line, such as",
        "`kerascnn describe unet --option padding=same`.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "| --- | --- | --- | --: | --: | --: | --: | --: | --: | --- |",
    ]
    for architecture in kc.models.architectures().values():
        for case in architecture.cases:
            lines.append("| " + " | ".join(row(architecture, case)) + " |")
            print(lines[-1], flush=True)
    (ROOT / "docs" / "models.md").write_text("\n".join([*lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
