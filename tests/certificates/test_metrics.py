"""Certificates of equality: metrics."""

import pytest
from certificates import LIMIT, metrics

PEERS = ("torch", "torchvision", "captum", "pytorch_grad_cam", "quantus")
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.mark.parametrize("certificate", list(metrics.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
