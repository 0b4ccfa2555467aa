"""The list of all pretrained weights that builders load by name."""

from ._official import OFFICIAL
from ._shipped import shipped
from ._weight_set import WeightSets


def available(architecture: str | None = None) -> WeightSets:
    """List the pretrained weights for one architecture, or for all of them.

    Args:
        architecture: the name of the builder without `build_`; `None` for all architectures.

    Returns:
        A list of `WeightSet`, which prints as a table. The sets that are shipped with the package
        come first.

    >>> import kerascnn as kc
    >>> [(s.name, s.variant, s.source) for s in kc.weights.available("resnet50")]
    [('imagenet', 'v1', 'Keras'), ('imagenet', 'v1.5', 'torchvision')]
    """
    everything = [*shipped(), *OFFICIAL]
    return WeightSets(s for s in everything if architecture in (None, s.architecture))
