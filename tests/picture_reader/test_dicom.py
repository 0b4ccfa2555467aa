"""DICOM files: values, window and errors."""

import numpy as np
import pytest

from kerascnn._picture_reader import PictureError, check, dicom, read

pytestmark = pytest.mark.frameworks


def write(path, values, **tags):
    """Write an uncompressed DICOM file."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    if values is not None:
        data.Rows, data.Columns = values.shape[-2:]
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, int(values.dtype.kind == "i")
        data.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def values():
    return np.arange(-4, 8, dtype="int16").reshape(3, 4) * 100


def test_units_and_the_window_of_the_file(tmp_path, values):
    """Rescaled values from 0 to 2200; the window of 1000 around 1100 is 600 to 1599."""
    path = write(
        tmp_path / "a.dcm", values,
        RescaleSlope=2, RescaleIntercept=800, WindowCenter=1100, WindowWidth=1000,
    )  # fmt: skip
    check(path)
    image, notes = read(path, channels=1)
    expected = np.clip((2 * values + 800 - 600) / 999, 0, 1)
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)
    assert (notes.window, notes.pages) == ("", "")
    image, _ = read(path, channels=1, window=(0, 2200))
    np.testing.assert_allclose(image[..., 0], (2 * values + 800) / 2200, atol=1e-6)


def test_inverted_values_and_percentiles(tmp_path, values):
    path = write(tmp_path / "a.dcm", values, PhotometricInterpretation="MONOCHROME1")
    image, notes = read(path, channels=1)
    assert image[0, 0, 0] == 1
    assert image[2, 3, 0] == 0
    assert "unknown range" in notes.window


def test_of_several_frames_the_first_is_used(tmp_path, values):
    both = np.stack([values, values[::-1]])
    path = write(tmp_path / "a.dcm", both, NumberOfFrames=2)
    image, notes = read(path, channels=1, window=(-400, 700))
    np.testing.assert_allclose(image[..., 0], (values + 400) / 1100, atol=1e-6)
    assert "2 frames" in notes.pages


def test_files_without_pixels_are_one_line(tmp_path, monkeypatch, values):
    path = write(tmp_path / "a.dcm", None)
    for function in (read, check):
        with pytest.raises(PictureError, match="a DICOM file without pixels"):
            function(path)
    path = write(tmp_path / "b.dcm", values)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(PictureError):
        read(path)


def test_without_pydicom(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pydicom", None)
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(dicom.START) + dicom.MAGIC)
    with pytest.raises(
        PictureError, match=r'pydicom must be installed: pip install "kerascnn\[med'
    ):
        read(path)
