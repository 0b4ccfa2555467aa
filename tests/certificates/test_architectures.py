"""Certificates of equality: architectures."""

import pytest
from certificates import LIMIT, architectures

PEERS = ("torch", "torchvision")
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.usefixtures("memory_is_freed"),
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.mark.parametrize("certificate", list(architectures.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
