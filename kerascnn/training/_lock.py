"""A lock on a directory, which ends with the process that holds it, however that ends."""

import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TRIES, PAUSE = 10, 0.1  # seconds, since others may only look at a finished run


def lock(path: Path, *, shared: bool) -> int | None:
    """Lock a directory against other calls, in this process and in others.

    Args:
        path: the directory.
        shared: whether others may have it, too, if they only share it.

    Returns:
        What `unlock` takes; `None` where directories cannot be locked, as on Windows.

    Raises:
        BlockingIOError: If another call has locked it.
        OSError: If it cannot be read.
    """
    if fcntl is None:
        return None
    descriptor = os.open(path, os.O_RDONLY)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if not left:
                os.close(descriptor)
                raise
            time.sleep(PAUSE)
        except OSError:  # a file system without locks
            break
    os.close(descriptor)
    return None


def unlock(descriptor: int | None) -> None:
    """Release a lock, also where a process that was forked has inherited it."""
    if fcntl is not None and descriptor is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
