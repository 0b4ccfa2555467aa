"""Certificates of equality: methods."""

import pytest
from certificates import LIMIT, methods

PEERS = ("torch", "torchvision", "captum", "pytorch_grad_cam", "zennit")
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.mark.parametrize("certificate", list(methods.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
