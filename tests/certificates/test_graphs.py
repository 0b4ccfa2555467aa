"""Certificates of equality: graphs."""

import pytest
from certificates import LIMIT, graphs

PEERS = ("torch", "onnx")
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.usefixtures("memory_is_freed"),
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.mark.parametrize("certificate", list(graphs.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
