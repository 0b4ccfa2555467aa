"""oneDNN is switched on before TensorFlow is imported, unless the user has chosen."""

import os
import platform

import pytest

from kerascnn import _onednn

SHOW = """
import os
print(kerascnn._onednn.switch_on())
print(os.environ.get("TF_ENABLE_ONEDNN_OPTS"))
"""
x86 = pytest.mark.skipif(
    platform.machine().lower() not in _onednn.X86, reason="another kind of processor"
)


@x86
@pytest.mark.parametrize(
    ("given", "code", "value", "said"),
    [
        (None, "import kerascnn", "1", "switched on (TF_ENABLE_ONEDNN_OPTS=0 before the import"),
        ("0", "import kerascnn", "0", "switched off (TF_ENABLE_ONEDNN_OPTS=0)"),
        (
            None,
            "import sys; sys.modules['tensorflow'] = sys; import kerascnn",
            "None",
            "left to TensorFlow",
        ),
    ],
)
def test_the_user_decides_and_else_it_is_on(run_python, monkeypatch, given, code, value, said):
    monkeypatch.delenv(_onednn.SWITCH, raising=False)
    if given is not None:
        monkeypatch.setenv(_onednn.SWITCH, given)
    printed, set_to = run_python(code + SHOW).splitlines()
    assert printed.startswith(said)
    assert set_to == value


def test_other_processors_are_left_to_tensorflow(monkeypatch):
    monkeypatch.delenv(_onednn.SWITCH, raising=False)
    monkeypatch.delitem(_onednn.sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert _onednn.switch_on.__wrapped__() is None
    assert _onednn.SWITCH not in os.environ
