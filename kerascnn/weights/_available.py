"""All sets of weights that builders take by name."""

from ._official import OFFICIAL
from ._shipped import shipped
from ._weight_set import WeightSets


def available(architecture: str | None = None) -> WeightSets:
    """List the sets of weights of one architecture or of all: shipped ones, then official ones.

    Args:
        architecture: the builder's name without "build_"; `None` for all.

    Returns:
        A list of `WeightSet`, which prints as a table.

    >>> import kerascnn as kc
    >>> [(s.name, s.variant, s.source) for s in kc.weights.available("resnet50")]
    [('imagenet', 'v1', 'Keras'), ('imagenet', 'v1.5', 'torchvision')]
    """
    everything = [*shipped(), *OFFICIAL]
    return WeightSets(s for s in everything if architecture in (None, s.architecture))
