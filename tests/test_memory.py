"""Large buffers stay in the process, unless the user has chosen."""

import pytest

from kerascnn import _memory
from kerascnn._memory import is_glibc, keep_buffers

glibc = pytest.mark.skipif(not is_glibc(), reason="another C library")

TOUCH = """
import ctypes, resource
from kerascnn._memory import keep_buffers
said = keep_buffers()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
def touch():
    buffer = libc.malloc(2**26)
    ctypes.memset(buffer, 1, 2**26)
    libc.free(buffer)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(said)
"""


@glibc
@pytest.mark.parametrize(
    ("variable", "value", "kept", "says"),
    [
        (None, None, True, "are kept for the next step (KERASCNN_KEEP_MEMORY=0 turns it off)"),
        ("KERASCNN_KEEP_MEMORY", "0", False, "KERASCNN_KEEP_MEMORY=0"),
        ("MALLOC_TOP_PAD_", "0", False, "as set by MALLOC_TOP_PAD_"),
        ("GLIBC_TUNABLES", "glibc.malloc.mmap_max=65536", False, "as set by GLIBC_TUNABLES"),
    ],
)
def test_pages_are_not_asked_for_again(run_python, monkeypatch, variable, value, kept, says):
    """A buffer of 64 MB has 16,384 pages of 4 KiB; the kernel may give larger ones."""
    if variable:
        monkeypatch.setenv(variable, value)
    faults, said = run_python(TOUCH).splitlines()
    assert (int(faults) < 20) == kept
    assert says in said


def test_what_is_not_glibc_is_left_alone(monkeypatch):
    def unknown(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(_memory.os, "confstr", unknown)
    assert keep_buffers.__wrapped__() is None


def test_another_allocator_is_a_choice(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libjemalloc.so.2")
    assert _memory.choice_of_the_user() == "LD_PRELOAD"
