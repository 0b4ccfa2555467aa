"""DICOM files: values, window and errors."""

import numpy as np
import pytest

from kerascnn._picture_reader import PictureError, check, dicom, read, read_labels

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
    if values is not None and values.dtype.itemsize == 1:
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit = 7
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


def sequence(**tags):
    """A sequence of one item."""
    pydicom = pytest.importorskip("pydicom")
    item = pydicom.Dataset()
    for name, value in tags.items():
        setattr(item, name, value)
    return pydicom.Sequence([item])


@pytest.mark.parametrize("groups", ["Shared", "PerFrame"])
def test_units_and_window_of_the_first_frame(tmp_path, values, groups):
    rescaling = sequence(RescaleSlope=2, RescaleIntercept=800, RescaleType="HU")
    window = sequence(WindowCenter=1100, WindowWidth=1000)
    group = sequence(PixelValueTransformationSequence=rescaling, FrameVOILUTSequence=window)
    both = np.stack([values, values[::-1]])
    tags = {"NumberOfFrames": 2, f"{groups}FunctionalGroupsSequence": group}
    path = write(tmp_path / "a.dcm", both, **tags)
    image, notes = read(path, channels=1)
    expected = np.clip((2 * values + 800 - 600) / 999, 0, 1)
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)
    assert notes.window == ""
    image, _ = read(path, channels=1, window=(0, 2200))
    np.testing.assert_allclose(image[..., 0], (2 * values + 800) / 2200, atol=1e-6)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    ("tags", "shown"),
    [
        ({"VOILUTFunction": "SIGMOID"}, lambda x: 1 / (1 + np.exp(-4 * (x - 150) / 600))),
        ({"VOILUTFunction": "LINEAR_EXACT"}, lambda x: np.clip((x - 150) / 600 + 0.5, 0, 1)),
        ({"VOILUTFunction": "LINEAR"}, lambda x: np.clip((x - 149.5) / 599 + 0.5, 0, 1)),
    ],
)
def test_curves_of_the_file(tmp_path, values, tags, shown, inverted):
    """PS3.3, Section C.11.2.1.2 and C.11.2.1.3."""
    if inverted:
        tags = tags | {"PhotometricInterpretation": "MONOCHROME1"}
    path = write(tmp_path / "a.dcm", values, WindowCenter=150, WindowWidth=600, **tags)
    image, _ = read(path, channels=1)
    expected = 1 - shown(values) if inverted else shown(values)
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)
    image, _ = read(path, channels=1, window=(-400, 700))  # of the user
    expected = (700 - values) / 1100 if inverted else (values + 400) / 1100
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 12])
def test_a_table_of_the_file(tmp_path, values, bits):
    """From -100 to 199; others are shown as the ends. Eight bits in two bytes each."""
    levels = np.random.default_rng(0).integers(2**bits, size=300, dtype="u2")
    descriptor, data = [300, 2**16 - 100, bits], levels.tobytes()
    table = sequence(LUTDescriptor=descriptor, LUTData=data)
    table[0]["LUTData"].VR = "OW"
    table[0]["LUTDescriptor"].VR = "US"
    path = write(tmp_path / "a.dcm", values, VOILUTSequence=table, WindowCenter=0, WindowWidth=10)
    image, _ = read(path, channels=1)
    expected = levels[np.clip(values + 100, 0, 299)] / (2**bits - 1)
    np.testing.assert_allclose(image[..., 0], expected, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_has_colors_and_a_mask_its_indices(tmp_path, bits):
    indices = np.arange(12, dtype="u1").reshape(3, 4)
    palette = np.random.default_rng(0).integers(2**bits, size=(3, 12), dtype="u2")
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, levels in zip(("Red", "Green", "Blue"), palette, strict=True):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [12, 0, bits]
        tags[f"{name}PaletteColorLookupTableData"] = levels.tobytes()
    path = write(tmp_path / "a.dcm", indices, **tags)
    image, notes = read(path)
    expected = np.moveaxis(palette[:, indices], 0, -1) / (2**bits - 1)
    np.testing.assert_allclose(image, expected, atol=1e-6)
    assert notes.window == ""
    np.testing.assert_array_equal(read_labels(path), indices)


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
