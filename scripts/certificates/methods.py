"""Methods against captum, Zennit, pytorch-grad-cam, or the papers' equations in PyTorch."""

from collections.abc import Callable, Iterator
from functools import partial

from . import Certificate, nets, with_captum, with_equations, with_grad_cam, with_zennit

NETS = {
    "small net with strided, padded, normalized convolutions": nets.small,
    "AlexNet (torchvision)": nets.alexnet,
    "ResNet-18 (torchvision)": nets.resnet18,
}
PEERS = {
    "captum": with_captum.METHODS,
    "Zennit": with_zennit.METHODS,
    "pytorch-grad-cam": with_grad_cam.METHODS,
    "equation, in PyTorch": with_equations.METHODS,
}
# The loss of one map changes the score by little more than rounding does.
LEFT_OUT = {("Ablation-CAM", "AlexNet (torchvision)")}


def certificates() -> Iterator[Certificate]:
    """Each method on each network."""
    for net, pair in NETS.items():
        for peer, methods in PEERS.items():
            for what, (function, why) in methods.items():
                if (what, net) not in LEFT_OUT:
                    compare = partial(_compared, function, pair)
                    yield Certificate("Methods", what, net, peer, compare, why)


def _compared(function: Callable, pair: Callable) -> dict[str, tuple]:
    return function(pair())
