"""Certificates of equality: graphs."""

import gc
from importlib.util import find_spec

import pytest
from certificates import LIMIT, graphs

MISSING = [name for name in ("torch", "onnx") if find_spec(name) is None]
pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed"),
    pytest.mark.filterwarnings("ignore"),  # the peers' own
]


@pytest.fixture(autouse=True)
def memory_is_freed():
    """Networks of hundreds of megabytes are in cycles, which are not collected by themselves."""
    yield
    gc.collect()


@pytest.mark.parametrize("certificate", list(graphs.certificates()), ids=lambda c: c.name)
def test_equal_to_the_peer(certificate):
    difference, count = certificate.difference()
    assert difference <= LIMIT
    assert count > 0
