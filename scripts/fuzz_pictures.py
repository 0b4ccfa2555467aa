"""Damage image files at random and read them: errors must have one line, and memory stay small.

    python scripts/fuzz_pictures.py --seed 0 --minutes 60

Each file is read as by the command line and as by a data set, in a separate process whose memory is
measured. A finding is any exception other than a one-line OSError, an image that is not finite or
not in [0, 1], more than 2 GB, more than a minute, or a crash. Files with findings are kept in
--keep, named by seed and number, which reproduce them: --seed 0 --only 1234.
"""

import argparse
import io
import multiprocessing
import resource
import struct
import sys
import time
import warnings
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
from PIL import Image

MOST = 2 * 10**9  # bytes
SECONDS, HANGING = 60, 1800  # of the processor, of the clock
TELLING = (
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    32,
    255,
    256,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    2**32 - 1,
)


def corpus() -> list[tuple[str, bytes]]:
    """Create small intact files of many formats, with their extensions."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 1, 24 * 32).reshape(24, 32) ** 1.5
    gray = Image.fromarray(np.uint8(255 * ramp))
    noise = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
    clear = noise.copy()
    clear.putalpha(gray)
    wide = Image.fromarray(np.uint16(65535 * ramp))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    made = []

    def save(image: Image.Image, kind: str, **options: object) -> None:
        file = io.BytesIO()
        image.save(file, kind, **options)
        made.append((kind.lower(), file.getvalue()))

    plain = (gray, noise, clear, wide, noise.quantize(16), gray.convert("1"))
    for image in (*plain, clear.convert("LA")):
        save(image, "PNG")
    save(noise, "PNG", exif=exif)
    save(noise.quantize(16), "PNG", transparency=bytes(range(16)))
    save(noise, "PNG", save_all=True, append_images=[noise.rotate(90)])
    for image in (gray, noise, noise.convert("CMYK")):
        save(image, "JPEG")
    save(noise, "JPEG", progressive=True, exif=exif)
    for image in (noise.quantize(16), gray):
        save(image, "GIF")
    save(noise.quantize(16), "GIF", save_all=True, append_images=[gray, noise], transparency=3)
    for image in (gray, noise, noise.quantize(16), gray.convert("1"), clear):
        save(image, "BMP")
    for options in ({}, {"lossless": True}, {"exif": exif}):
        save(noise, "WEBP", **options)
    save(clear, "WEBP", lossless=True)
    save(noise, "WEBP", save_all=True, append_images=[noise.rotate(90)])
    for image in (*plain, noise.convert("CMYK")):
        save(image, "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        save(noise, "TIFF", compression=compression)
        if compression != "jpeg":
            save(wide, "TIFF", compression=compression)
    for kind in ("i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8"):
        values = (100 * ramp).astype(kind)
        for options in ({}, {"compression": "zlib"}, {"byteorder": ">"}, {"tile": (16, 16)}):
            file = io.BytesIO()
            tifffile.imwrite(file, values, **options)
            made.append(("tiff", file.getvalue()))
    for options in ({"bigtiff": True}, {"compression": "zlib"}):
        file = io.BytesIO()
        color = np.float32(rng.random((24, 32, 3)))
        tifffile.imwrite(file, color, photometric="rgb", metadata=None, **options)
        made.append(("tiff", file.getvalue()))
    made += [("tiff", data) for data in many_tiffs(rng, ramp)]
    save(noise, "TIFF", save_all=True, append_images=[gray, noise.resize((9, 7))])
    for kind, channels in ((2, 3), (4, 2), (6, 4)):
        rows = rng.integers(0, 256, (24, 1 + 32 * 2 * channels), np.uint8)
        made.append(("png", wide_png(rows, kind)))
    for image in (gray, noise, clear, wide):
        save(image, "JPEG2000")
    for head in (b"P5 32 24 100\n", b"P5 16 24 4095\n", b"P6 8 16 4095\n", b"P2 9 9 4095\n"):
        made.append(("ppm", head + (b"99 " * 256 if head[1:2] == b"2" else bytes(range(256)) * 3)))
    return made


def many_tiffs(rng: np.random.Generator, ramp: np.ndarray) -> list[bytes]:
    """Create TIFFs with several pages, separate planes, palettes, predictors, alpha and so on."""
    made = []

    def write(*pages: np.ndarray, **options: object) -> None:
        file = io.BytesIO()
        with tifffile.TiffWriter(file, bigtiff=options.pop("bigtiff", False)) as tiff:
            for page in pages:
                tiff.write(page, metadata=None, **options)
        made.append(file.getvalue())

    for kind in ("u1", "u2", "u4", "f4"):
        largest = 1 if kind == "f4" else np.iinfo(kind).max
        color = (largest * rng.random((3, 24, 32))).astype(kind)
        gray = (largest * ramp).astype(kind)
        apart = {"photometric": "rgb", "planarconfig": "separate"}
        write(color, **apart)
        write(color, compression="zlib", tile=(16, 16), **apart)
        write(gray, gray[::-1].copy(), gray[:9])
        write(color, photometric="minisblack")
        write(gray, photometric="miniswhite")
        write(np.concatenate([color, gray[None]]), extrasamples=["unassalpha"], **apart)
        write(gray, compression="zlib", predictor=kind != "f4", rowsperstrip=5)
        write(gray, subifds=0, bigtiff=True, resolution=(300, 300))
    for kind in ("u1", "u2"):
        colors = rng.integers(0, 2**16, (3, 256 if kind == "u1" else 2**16), np.uint16)
        indices = rng.integers(0, 256, (24, 32)).astype(kind)
        write(indices, photometric="palette", colormap=colors)
    write((ramp + 1j * ramp).astype("c8"))
    write(ramp > 0.5, photometric="minisblack")
    return made


def wide_png(rows: np.ndarray, kind: int) -> bytes:
    """Create a PNG with several channels of 16 bits, which Pillow can read but not write."""
    rows[:, 0] = 0  # no filter
    head = struct.pack(">IIBBBBB", 32, len(rows), 16, kind, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(c)) + name + c + bytes(4) for name, c in chunks)
    return bytes(with_checksums(bytearray(b"\x89PNG\r\n\x1a\n" + data)))


def damaged(whole: list[tuple[str, bytes]], rng: np.random.Generator) -> tuple[str, bytes]:
    """Damage one of the files in a few places."""
    kind, data = whole[rng.integers(len(whole))]
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        head = min(len(data), 64 if rng.random() < 0.5 else 512)
        place = int(rng.integers(max(1, head if rng.random() < 0.7 else len(data))))
        how = rng.integers(7)
        if how == 0:  # some bits
            for at in rng.integers(0, max(1, len(data)), rng.integers(1, 9)):
                if at < len(data):
                    data[at] ^= 1 << int(rng.integers(8))
        elif how == 1:  # the file ends
            del data[place + 1 :]
        elif how == 2:  # a part is missing or repeated
            length = int(rng.integers(1, 64))
            part = data[place : place + length]
            data[place : place + length] = b"" if rng.random() < 0.5 else part * 2
        elif how == 3:  # it continues with another file
            other = whole[rng.integers(len(whole))][1]
            data[place:] = other[int(rng.integers(len(other))) :]
        else:  # a number is replaced
            size = int(rng.choice([1, 2, 4, 8]))
            value = int(rng.choice(TELLING)) if rng.random() < 0.7 else int(rng.integers(2**32))
            order = "little" if rng.random() < 0.5 else "big"
            data[place : place + size] = (value % 256**size).to_bytes(size, order)
    if data[:4] == b"\x89PNG" and rng.random() < 0.8:
        data = with_checksums(data)
    return kind, bytes(data)


def with_checksums(png: bytearray) -> bytearray:
    """Correct the checksums of a PNG's chunks, so that reading continues."""
    at = 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        if at + 12 + length > len(png):
            break
        checksum = zlib.crc32(png[at + 4 : at + 8 + length])
        struct.pack_into(">I", png, at + 8 + length, checksum)
        at += 12 + length
    return png


def read_all(path: str) -> str:
    """Read a file in all ways; return the result, which starts with "!" for a finding."""
    from kerascnn.cli._pictures import read_picture
    from kerascnn.datasets import ImageFiles
    from kerascnn.datasets._masks import read_mask

    def mask() -> None:
        with suppress(ValueError):  # values that are not whole numbers
            read_mask(Path(path))

    ways = {
        "command line": lambda: read_picture(path, say=one_line),
        "small": lambda: read_picture(path, 64),
        "data set": lambda: ImageFiles([path], image_size=16)[0],
        "stretched": lambda: ImageFiles([path], image_size=(8, 40), channels=1, resize="stretch")[
            0
        ],
        "window": lambda: ImageFiles([path], image_size=16, window=(0, 99))[0],
        "mask": mask,
        "check": lambda: ImageFiles([path], image_size=16).check(),
    }
    came = set()
    for way, read in ways.items():
        try:
            picture = read()
            if picture is not None and not (picture.min() >= 0 and picture.max() <= 1):
                return f"! {way}: {picture.min()} … {picture.max()}"
            if way not in ("check", "mask"):
                came.add("read")
        except OSError as error:
            if way != "mask":
                came.add("refused")
            try:
                one_line(error)
            except ValueError as many:
                return f"! {way}: {many}"
        except Exception as error:
            return f"! {way}: {type(error).__name__}: {error}"
    return " and ".join(sorted(came))


def one_line(said: object) -> None:
    """Check that a message has only one line."""
    if "\n" in str(said) or len(str(said)) > 600:
        raise ValueError(f"not one line: {str(said)[:200]!r}")


def work(pipe: object) -> None:
    """Read the files whose paths come through a pipe; send back the results and the memory."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (2 * MOST, 2 * MOST))
    while True:
        path, start = pipe.recv(), time.process_time()
        came, memory = read_all(path), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        pipe.send((came, memory, time.process_time() - start))


class Worker:
    """A process for reading files."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=work, args=(other,), daemon=True)
        self.process.start()
        other.close()

    def __call__(self, path: Path) -> str:
        """Read a file in the process and return the result."""
        self.pipe.send(str(path))
        try:
            if not self.pipe.poll(HANGING):
                return "! hangs"
            came, memory, seconds = self.pipe.recv()
        except EOFError:
            self.process.join()
            return f"! the process ended with {self.process.exitcode}"
        if memory > MOST or seconds > SECONDS:
            return f"! took {memory / 1e9:.1f} GB and {seconds:.0f} s"
        return came


def main() -> None:
    """Damage and read files until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--only", type=int, help="read one file, by its number, and keep it")
    parser.add_argument("--keep", type=Path, default=Path("findings"))
    options = parser.parse_args()

    whole, counts, worker = corpus(), Counter(), Worker()
    until = time.monotonic() + 60 * options.minutes
    number = options.only or 0
    with TemporaryDirectory() as folder:
        while time.monotonic() < until:
            kind, data = damaged(whole, np.random.default_rng((options.seed, number)))
            path = Path(folder, f"{options.seed}-{number}.{kind}")
            path.write_bytes(data)
            came = worker(path)
            if came.startswith("!") or options.only is not None:
                options.keep.mkdir(exist_ok=True)
                (options.keep / path.name).write_bytes(data)
                print(f"{path.name} {came}", flush=True)
            if came.startswith("!"):
                worker.process.kill()
                worker = Worker()
            counts["finding" if came.startswith("!") else came] += 1
            path.unlink()
            number += 1
            if options.only is not None:
                break
    print(f"seed {options.seed}: {number:,} files;", dict(counts))
    sys.exit(1 if counts["finding"] else 0)


if __name__ == "__main__":
    main()
