"""Write docs/models.md anew: every builder and variant, what its paper says and what we count.

python scripts/make_models.py
"""

from pathlib import Path

import keras

import kerascnn as kc
from kerascnn.models import Architecture

ROOT = Path(__file__).parent.parent
HEADINGS = (
    "builder", "variant", "paper", "year", "input", "parameters", "expected", "M MACs", "depth",
    "weights",
)  # fmt: skip


def of_variant(value: object, variant: str | None) -> object:
    """One variant's value of what may differ between variants."""
    return value[variant] if isinstance(value, dict) else value


def row(architecture: Architecture, variant: str | None) -> list[str]:
    """Build a network and put what it is beside what its paper says."""
    options = {} if variant is None else {"variant": variant}
    shape = of_variant(architecture.input_shape, variant)
    # Some networks take images of any size; MACs are for the paper's.
    description = kc.describe(architecture.builder(**options), input_shape=shape)
    ours, expected = description.trainable_parameters, of_variant(architecture.parameters, variant)
    if ours != expected:
        raise ValueError(f"{architecture.name} {variant}: {ours:,} parameters, not {expected:,}.")
    sets = [s.name for s in kc.weights.available(architecture.name) if s.variant in (None, variant)]
    keras.backend.clear_session()
    return [
        f"`build_{architecture.name}`",
        variant or "",
        architecture.reference,
        str(architecture.year),
        "x".join(map(str, shape)),
        f"{ours:,}",
        f"{expected:,}",
        f"{description.macs / 1e6:,.1f}",
        str(description.depth),
        ", ".join(sets),
    ]


def main() -> None:
    """Build everything and write the table."""
    lines = [
        "# Architectures",
        "",
        "Made by `python scripts/make_models.py`. Parameters are those that are trained, counted",
        "in the network as it is built; expected are those of the paper, or counted by hand.",
        "MACs: multiply-adds of convolutions and dense layers for one image. Depth: layers with",
        "weights on the longest way.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "| --- | --- | --- | --: | --: | --: | --: | --: | --: | --- |",
    ]
    for architecture in kc.models.architectures().values():
        for variant in architecture.variants:
            lines.append("| " + " | ".join(row(architecture, variant)) + " |")
            print(lines[-1], flush=True)
    (ROOT / "docs" / "models.md").write_text("\n".join([*lines, ""]), "utf-8")


if __name__ == "__main__":
    main()
