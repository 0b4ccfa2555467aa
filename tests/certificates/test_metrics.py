"""Certificates of equality: metrics."""

from importlib.util import find_spec

import pytest
from certificates import LIMIT, metrics

MISSING = [
    name
    for name in ("torch", "torchvision", "captum", "pytorch_grad_cam", "quantus")
    if find_spec(name) is None
]
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed"),
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.mark.parametrize("certificate", list(metrics.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
