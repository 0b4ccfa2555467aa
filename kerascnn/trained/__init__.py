"""Trained networks with everything needed to show them a photo: input, size and class names.

>>> import kerascnn as kc
>>> net = kc.trained.load("vgg16", weights="cifar10")
>>> found = net.explain(kc.datasets.photo("chelsea"), "grad_cam", target="cat")
>>> found.label, found.heatmap.shape
('cat', (8, 12))
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

del lazy
