"""The group of all commands, error messages, and the start of Keras."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import click


class OneLine(click.Group):
    """Commands that report errors in one line, without a traceback, and exit with status 2."""

    def invoke(self, context: click.Context) -> object:
        """Run a command and print errors about invalid input in one line."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("once", UserWarning)
                warnings.showwarning = Warnings().show
                return super().invoke(context)
        except click.UsageError as error:
            click.echo(f"Error: {error.format_message()}", err=True)
        except BrokenPipeError:  # as in `kerascnn figures --list | head`; click exits quietly
            raise
        except (ValueError, TypeError, OSError, NotImplementedError, ImportError) as error:
            click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        return context.exit(2)


class Warnings:
    """What a command shows of warnings: one line each, without the line of code that caused it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def show(self, message: Warning, *_where: object) -> None:
        """Show a warning; of doubtful images, which are read several times, one of each kind."""
        if isinstance(message, DeprecationWarning):  # pyparsing's are UserWarnings, too
            return
        line = str(message)
        if (kind := getattr(message, "kind", None)) is not None:
            if kind in self._said:
                return
            self._said.add(kind)
            with_advice = getattr(message, "line", None)
            if kind == "window" and with_advice is not None:
                line = with_advice("Give --window BLACK WHITE to scale all images alike")
        click.echo(f"Warning: {' '.join(line.split())}", err=True)


@contextmanager
def quiet() -> Iterator[int]:
    """Suppress the terminal output of TensorFlow's libraries during startup.

    They write to the file descriptor before Python can filter anything. Exceptions are raised as
    usual. Yields a descriptor that still writes to the terminal.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield kept
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def libraries_quiet() -> Iterator[None]:
    """Suppress the terminal output of libraries, but not of Python."""
    stderr = sys.stderr
    with quiet() as kept:
        try:
            if stderr.fileno() == 2:
                sys.stderr = os.fdopen(os.dup(kept), "w", buffering=1, encoding=stderr.encoding)
        except (OSError, ValueError):  # leave a stream without a file alone
            pass
        try:
            yield
        finally:
            if sys.stderr is not stderr:
                sys.stderr.close()
                sys.stderr = stderr


def start_keras() -> None:
    """Import Keras and its backend, and have the backend look for devices.

    This takes seconds, so a terminal shows a message, which is erased afterwards.
    """
    seen = sys.stderr.isatty() and "keras" not in sys.modules
    if seen:
        click.echo("Starting TensorFlow …", nl=False, err=True)
    with quiet():
        import keras

        keras.ops.zeros(1)
    if seen:
        click.echo("\r\033[K", nl=False, err=True)  # erase the line


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kerascnn")
def main() -> None:
    """Convolutional networks for teaching: figures, tables and explanations."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's startup messages
