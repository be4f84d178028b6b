"""Every sample file with pixel data of pydicom, pydicom-data and wsidicom-data, and what it holds.

One table serves every test of every decoder.  What cannot be decoded, or not exactly as pydicom does, stands in
``EXCEPTIONS`` with the reason; a file in neither is decoded equal to pydicom.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

_IMPLICIT = "1.2.840.10008.1.2"

# Package to install, module that it brings, and the folder of its files.
_PACKAGES = {
    "pydicom": ("pydicom", "data/test_files"),
    "pydicom-data": ("data_store", "data"),
    "wsidicom-data": ("wsidicom_data", "data/encoded"),
}


@dataclass(frozen=True)
class SampleFile:
    """A file, and what its header says; files of wsidicom-data are single frames without a header."""

    package: str
    name: str
    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: int
    frames: int

    def path(self) -> Path:
        """Return where the file lies, or skip the test."""
        module, folder = _PACKAGES[self.package]
        try:
            root = Path(next(iter(import_module(module).__path__)))
        except ImportError:
            pytest.skip(f"needs pip install {self.package}", allow_module_level=True)
        path = root / folder / self.name
        if not path.exists():
            pytest.skip(f"{self.name} is not in the installed {self.package}: needs pip install -U {self.package}")
        return path

    def read(self) -> Dataset:
        """Return the data set; one is built around a file that is a bare frame."""
        return copy.deepcopy(_read(self))  # a test may do with it what it likes


@cache
def _read(file: SampleFile) -> Dataset:
    if file.package != "wsidicom-data":
        return dcmread(file.path(), force=True)
    frame = file.path().read_bytes()
    syntax = UID(file.transfer_syntax)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.Rows, dataset.Columns = file.rows, file.columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = file.samples, file.photometric
    if file.samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = (
        file.bits_allocated,
        file.bits_stored,
        file.bits_stored - 1,
    )
    dataset.PixelRepresentation = file.signed
    dataset.PixelData = encapsulate([frame]) if syntax.is_encapsulated else frame
    dataset["PixelData"].VR = "OB" if syntax.is_encapsulated or file.bits_allocated == 8 else "OW"
    dataset["PixelData"].is_undefined_length = syntax.is_encapsulated
    return dataset


# Transfer syntax after 1.2.840.10008.1.2 (0: that itself), rows, columns, samples per pixel, photometric
# interpretation, bits allocated, bits stored, pixel representation, frames, file.
_TABLE = """
[pydicom]
.4.91    512   512  1  MONOCHROME2    16  14  1    1  693_J2KI.dcm
.1       128   128  1  MONOCHROME2    16  16  1    1  CT_small.dcm
.2        60    80  3  RGB             8   8  0    1  ExplVR_BigEnd.dcm
.4.90    400   400  3  YBR_RCT         8   8  0    1  GDCMJ2K_TextGBR.dcm
.4.90    512   512  1  MONOCHROME2    16  13  1    1  J2K_pixelrep_mismatch.dcm
.4.51   1024   256  1  MONOCHROME2    16  12  0    1  JPEG-lossy.dcm
.4.91   1024   256  1  MONOCHROME2    16  16  1    1  JPEG2000-embedded-sequence-delimiter.dcm
.4.91   1024   256  1  MONOCHROME2    16  16  1    1  JPEG2000.dcm
.4.81     45    10  1  MONOCHROME2     8   8  0    1  JPEGLSNearLossless_08.dcm
.4.81     50    10  1  MONOCHROME2    16  16  0    1  JPEGLSNearLossless_16.dcm
.4.51   1024   256  1  MONOCHROME2    16  12  0    1  JPGExtended.dcm
.1        64    64  1  MONOCHROME2    16  16  1    1  MR_small.dcm
.5        64    64  1  MONOCHROME2    16  16  1    1  MR_small_RLE.dcm
.2        64    64  1  MONOCHROME2    16  16  1    1  MR_small_bigendian.dcm
.2        64    64  1  MONOCHROME2    16  16  1    1  MR_small_expb.dcm
0         64    64  1  MONOCHROME2    16  16  1    1  MR_small_implicit.dcm
.4.90     64    64  1  MONOCHROME2    16  16  1    1  MR_small_jp2klossless.dcm
.4.80     64    64  1  MONOCHROME2    16  16  1    1  MR_small_jpeg_ls_lossless.dcm
.1        64    64  1  MONOCHROME2    16  16  1    1  MR_small_padded.dcm
.1        64    64  1  MONOCHROME2    16  16  1    1  MR_truncated.dcm
.4.50    256   256  3  RGB             8   8  0    1  SC_jpeg_no_color_transform.dcm
.4.50    256   256  3  RGB             8   8  0    1  SC_jpeg_no_color_transform_2.dcm
.4.50    100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_+eb+cr.dcm
.4.50    100   100  3  YBR_FULL        8   8  0    1  SC_rgb_dcmtk_+eb+cy+n1.dcm
.4.50    100   100  3  YBR_FULL        8   8  0    1  SC_rgb_dcmtk_+eb+cy+n2.dcm
.4.50    100   100  3  YBR_FULL_422    8   8  0    1  SC_rgb_dcmtk_+eb+cy+np.dcm
.4.50    100   100  3  YBR_FULL_422    8   8  0    1  SC_rgb_dcmtk_+eb+cy+s2.dcm
.4.50    100   100  3  YBR_FULL        8   8  0    1  SC_rgb_dcmtk_+eb+cy+s4.dcm
.4.91    100   100  3  RGB             8   8  0    1  SC_rgb_gdcm_KY.dcm
.4.81    100   100  3  RGB             8   8  0    1  SC_rgb_jls_lossy_line.dcm
.4.81    100   100  3  RGB             8   8  0    1  SC_rgb_jls_lossy_sample.dcm
.4.50    256   256  3  RGB             8   8  0    1  SC_rgb_jpeg.dcm
.4.50    256   256  3  RGB             8   8  0    1  SC_rgb_jpeg_app14_dcmd.dcm
0        256   256  3  RGB             8   8  0    1  SC_rgb_jpeg_dcmd.dcm
.4.50    100   100  3  YBR_FULL        8   8  0    1  SC_rgb_jpeg_dcmtk.dcm
.4.70    100   100  3  RGB             8   8  0    1  SC_rgb_jpeg_gdcm.dcm
.4.50    100   100  3  YBR_FULL        8   8  0    1  SC_rgb_jpeg_lossy_gdcm.dcm
.5       100   100  3  RGB             8   8  0    1  SC_rgb_rle.dcm
.5       100   100  3  RGB            16  16  0    1  SC_rgb_rle_16bit.dcm
.5       100   100  3  RGB            16  16  0    2  SC_rgb_rle_16bit_2frame.dcm
.5       100   100  3  RGB             8   8  0    2  SC_rgb_rle_2frame.dcm
.5       100   100  3  RGB            32  32  0    1  SC_rgb_rle_32bit.dcm
.5       100   100  3  RGB            32  32  0    2  SC_rgb_rle_32bit_2frame.dcm
.1         3     3  3  RGB             8   8  0    1  SC_rgb_small_odd.dcm
.2         3     3  3  RGB             8   8  0    1  SC_rgb_small_odd_big_endian.dcm
.4.50      3     3  3  YBR_FULL        8   8  0    1  SC_rgb_small_odd_jpeg.dcm
.1       100   100  3  YBR_FULL_422    8   8  0    1  SC_ybr_full_422_uncompressed.dcm
.1        10    10  1  MONOCHROME2    32  32  0    1  badVR.dcm
.4.90    480   640  3  YBR_RCT         8   8  0    1  examples_jpeg2k.dcm
.1       300   484  1  MONOCHROME2    16  12  0    1  examples_overlay.dcm
.1       350   800  1  PALETTE-COLOR   8   8  0    1  examples_palette.dcm
.1       240   320  3  RGB             8   8  0    1  examples_rgb_color.dcm
.4.50    240   320  3  YBR_FULL_422    8   8  0   30  examples_ybr_color.dcm
.1.99    512   512  1  MONOCHROME2     8   8  0    1  image_dfl.dcm
.1       512   512  1  MONOCHROME2     1   1  0    1  liver_1frame.dcm
.2       512   512  1  MONOCHROME2     1   1  0    1  liver_expb_1frame.dcm
0         10    10  1  MONOCHROME2    32  32  0   15  rtdose.dcm
0         10    10  1  MONOCHROME2    32  32  0    1  rtdose_1frame.dcm
.2        10    10  1  MONOCHROME2    32  32  0   15  rtdose_expb.dcm
.2        10    10  1  MONOCHROME2    32  32  0    1  rtdose_expb_1frame.dcm
.5        10    10  1  MONOCHROME2    32  32  0   15  rtdose_rle.dcm
.5        10    10  1  MONOCHROME2    32  32  0    1  rtdose_rle_1frame.dcm
.1        16    16  1  MONOCHROME1    16  12  0    1  dicomdirtests/77654033/CR1/6154
.1        16    16  1  MONOCHROME1    16  12  0    1  dicomdirtests/77654033/CR2/6247
.1        16    16  1  MONOCHROME1    16  12  0    1  dicomdirtests/77654033/CR3/6278
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/77654033/CT2/17106
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/77654033/CT2/17136
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/77654033/CT2/17166
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/77654033/CT2/17196
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT2N/6293
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT2N/6924
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT5N/2062
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT5N/2392
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT5N/2693
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT5N/3023
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892001/CT5N/3353
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR1/15820
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR1/4919
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR1/5641
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/15970
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/4950
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/4981
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/5011
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/6273
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/6605
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR2/6935
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4467
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4528
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4558
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4588
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4618
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4648
.1        16    16  1  MONOCHROME2    16  16  1    1  dicomdirtests/98892003/MR700/4678
[pydicom-data]
.4.90    512   512  1  MONOCHROME2    16  16  1    1  693_J2KR.dcm
.1       512   512  1  MONOCHROME2    16  14  1    1  693_UNCI.dcm
.1       512   512  1  MONOCHROME2    16  14  1    1  693_UNCR.dcm
.4.70   1024   256  1  MONOCHROME2    16  16  1    1  JPEG-LL.dcm
.1      1024   256  1  MONOCHROME2    16  16  1    1  JPEG2000_UNC.dcm
.4.70    768  1024  1  MONOCHROME2     8   8  0    1  JPGLosslessP14SV1_1s_1f_8b.dcm
.1       484   484  1  MONOCHROME2    16  12  0    1  MR-SIEMENS-DICOM-WithOverlays.dcm
.4.91   1024  1024  1  MONOCHROME2    16  12  0    1  MR2_J2KI.dcm
.4.90   1024  1024  1  MONOCHROME2    16  12  0    1  MR2_J2KR.dcm
.1      1024  1024  1  MONOCHROME2    16  12  0    1  MR2_UNCI.dcm
.1      1024  1024  1  MONOCHROME2    16  12  0    1  MR2_UNCR.dcm
.1       600   800  1  PALETTE-COLOR   8   8  0    1  OBXXXX1A.dcm
.1       600   800  1  PALETTE-COLOR   8   8  0    2  OBXXXX1A_2frame.dcm
.2       600   800  1  PALETTE-COLOR   8   8  0    1  OBXXXX1A_expb.dcm
.2       600   800  1  PALETTE-COLOR   8   8  0    2  OBXXXX1A_expb_2frame.dcm
.5       600   800  1  PALETTE-COLOR   8   8  0    1  OBXXXX1A_rle.dcm
.5       600   800  1  PALETTE-COLOR   8   8  0    2  OBXXXX1A_rle_2frame.dcm
none     480   640  1  PALETTE-COLOR   8   8  0    1  OT-PAL-8-face.dcm
.4.91   1955  1841  1  MONOCHROME1    16  15  0    1  RG1_J2KI.dcm
.4.90   1955  1841  1  MONOCHROME1    16  15  0    1  RG1_J2KR.dcm
.1      1955  1841  1  MONOCHROME1    16  15  0    1  RG1_UNCI.dcm
.1      1955  1841  1  MONOCHROME1    16  15  0    1  RG1_UNCR.dcm
.4.91   1760  1760  1  MONOCHROME1    16  10  0    1  RG3_J2KI.dcm
.4.90   1760  1760  1  MONOCHROME1    16  10  0    1  RG3_J2KR.dcm
.1      1760  1760  1  MONOCHROME1    16  10  0    1  RG3_UNCI.dcm
.1      1760  1760  1  MONOCHROME1    16  10  0    1  RG3_UNCR.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb.dcm
.1       100   100  3  RGB            16  16  0    1  SC_rgb_16bit.dcm
.1       100   100  3  RGB            16  16  0    2  SC_rgb_16bit_2frame.dcm
.1       100   100  3  RGB             8   8  0    2  SC_rgb_2frame.dcm
.1       100   100  3  RGB            32  32  0    1  SC_rgb_32bit.dcm
.1       100   100  3  RGB            32  32  0    2  SC_rgb_32bit_2frame.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcr_dcmd.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcyn1_dcmd.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcyn2_dcmd.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcynp_dcmd.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcys2_dcmd.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_dcmtk_ebcys4_dcmd.dcm
.2       100   100  3  RGB             8   8  0    1  SC_rgb_expb.dcm
.2       100   100  3  RGB            16  16  0    1  SC_rgb_expb_16bit.dcm
.2       100   100  3  RGB            16  16  0    2  SC_rgb_expb_16bit_2frame.dcm
.2       100   100  3  RGB             8   8  0    2  SC_rgb_expb_2frame.dcm
.2       100   100  3  RGB            32  32  0    1  SC_rgb_expb_32bit.dcm
.2       100   100  3  RGB            32  32  0    2  SC_rgb_expb_32bit_2frame.dcm
.1       100   100  3  RGB             8   8  0    1  SC_rgb_gdcm2k_uncompressed.dcm
.1       100   100  3  YBR_FULL        8   8  0    1  SC_ybr_full_uncompressed.dcm
.4.91    480   640  3  YBR_ICT         8   8  0    1  US1_J2KI.dcm
.4.90    480   640  3  YBR_RCT         8   8  0    1  US1_J2KR.dcm
.1       480   640  3  RGB             8   8  0    1  US1_UNCI.dcm
.1       480   640  3  RGB             8   8  0    1  US1_UNCR.dcm
.4.70    512   512  1  MONOCHROME2    16  12  0    1  bad_sequence.dcm
.1       120   256  3  RGB             8   8  0    1  color-pl.dcm
.1       120   256  3  RGB             8   8  0    1  color-px.dcm
.4.50    480   640  3  YBR_FULL_422    8   8  0  120  color3d_jpeg_baseline.dcm
.1       512   512  1  MONOCHROME2    16  16  0    2  eCT_Supplemental.dcm
.1        64    64  1  MONOCHROME2    16  12  0   10  emri_small.dcm
.5        64    64  1  MONOCHROME2    16  12  0   10  emri_small_RLE.dcm
.2        64    64  1  MONOCHROME2    16  12  0   10  emri_small_big_endian.dcm
.4.90     64    64  1  MONOCHROME2    16  12  0   10  emri_small_jpeg_2k_lossless.dcm
.4.80     64    64  1  MONOCHROME2    16  12  0   10  emri_small_jpeg_ls_lossless.dcm
.4.90    512   512  1  MONOCHROME2    16  16  1    1  explicit_VR-UN.dcm
0        480   640  1  PALETTE-COLOR  16  16  0    1  gdcm-US-ALOKA-16.dcm
.2       480   640  1  PALETTE-COLOR  16  16  0    1  gdcm-US-ALOKA-16_big.dcm
.1       512   512  1  MONOCHROME2     1   1  0    3  liver.dcm
.2       512   512  1  MONOCHROME2     1   1  0    3  liver_expb.dcm
.1       512   512  1  MONOCHROME2    16  12  1    1  mlut_18.dcm
.1       512   512  1  MONOCHROME2     8   8  0    1  vlut_04.dcm
[wsidicom-data]
.2       240   240  1  MONOCHROME2    16  16  0    1  Explicit_VR_Big_Endian-GRAYSCALE-16.raw
.2       240   240  1  MONOCHROME2     8   8  0    1  Explicit_VR_Big_Endian-GRAYSCALE-8.raw
.2       240   240  3  RGB             8   8  0    1  Explicit_VR_Big_Endian-RGB-8.raw
.1       240   240  1  MONOCHROME2    16  16  0    1  Explicit_VR_Little_Endian-GRAYSCALE-16.raw
.1       240   240  1  MONOCHROME2     8   8  0    1  Explicit_VR_Little_Endian-GRAYSCALE-8.raw
.1       240   240  3  RGB             8   8  0    1  Explicit_VR_Little_Endian-RGB-8.raw
0        240   240  1  MONOCHROME2    16  16  0    1  Implicit_VR_Little_Endian-GRAYSCALE-16.raw
0        240   240  1  MONOCHROME2     8   8  0    1  Implicit_VR_Little_Endian-GRAYSCALE-8.raw
0        240   240  3  RGB             8   8  0    1  Implicit_VR_Little_Endian-RGB-8.raw
.4.80    240   240  1  MONOCHROME2    16  16  0    1  JPEG-LS_Lossless_Image_Compression-GRAYSCALE-16.jls
.4.80    240   240  1  MONOCHROME2     8   8  0    1  JPEG-LS_Lossless_Image_Compression-GRAYSCALE-8.jls
.4.80    240   240  3  RGB             8   8  0    1  JPEG-LS_Lossless_Image_Compression-RGB-8.jls
.4.81    240   240  1  MONOCHROME2    16  16  0    1  JPEG-LS_Lossy_(Near-Lossless)_Image_Compression-GRAYSCALE-16.jls
.4.81    240   240  1  MONOCHROME2     8   8  0    1  JPEG-LS_Lossy_(Near-Lossless)_Image_Compression-GRAYSCALE-8.jls
.4.81    240   240  3  RGB             8   8  0    1  JPEG-LS_Lossy_(Near-Lossless)_Image_Compression-RGB-8.jls
.4.91    240   240  1  MONOCHROME2    16  16  0    1  JPEG_2000_Image_Compression-GRAYSCALE-16.jp2
.4.91    240   240  1  MONOCHROME2     8   8  0    1  JPEG_2000_Image_Compression-GRAYSCALE-8.jp2
.4.91    240   240  3  RGB             8   8  0    1  JPEG_2000_Image_Compression-RGB-8.jp2
.4.91    240   240  3  YBR_ICT         8   8  0    1  JPEG_2000_Image_Compression-YBR-8.jp2
.4.90    240   240  1  MONOCHROME2    16  16  0    1  JPEG_2000_Image_Compression_(Lossless_Only)-GRAYSCALE-16.jp2
.4.90    240   240  1  MONOCHROME2     8   8  0    1  JPEG_2000_Image_Compression_(Lossless_Only)-GRAYSCALE-8.jp2
.4.90    240   240  3  RGB             8   8  0    1  JPEG_2000_Image_Compression_(Lossless_Only)-RGB-8.jp2
.4.90    240   240  3  YBR_RCT         8   8  0    1  JPEG_2000_Image_Compression_(Lossless_Only)-YBR-8.jp2
.4.50    240   240  1  MONOCHROME2     8   8  0    1  JPEG_Baseline_(Process_1)-GRAYSCALE-8.jpg
.4.50    240   240  3  RGB             8   8  0    1  JPEG_Baseline_(Process_1)-RGB-8.jpg
.4.50    240   240  3  YBR_FULL        8   8  0    1  JPEG_Baseline_(Process_1)-YBR-8.jpg
.4.51    240   240  1  MONOCHROME2    16  12  0    1  JPEG_Extended_(Process_2_and_4)-GRAYSCALE-12.jpg
.4.57    240   240  1  MONOCHROME2    16  16  0    1  JPEG_Lossless,_Non-Hierarchical_(Process_14)-GRAYSCALE-16.jpg
.4.57    240   240  1  MONOCHROME2     8   8  0    1  JPEG_Lossless,_Non-Hierarchical_(Process_14)-GRAYSCALE-8.jpg
.4.57    240   240  3  RGB             8   8  0    1  JPEG_Lossless,_Non-Hierarchical_(Process_14)-RGB-8.jpg
.4.57    240   240  3  RGB             8   8  0    1  JPEG_Lossless,_Non-Hierarchical_(Process_14)-YBR-8.jpg
.5       240   240  1  MONOCHROME2    16  16  0    1  RLE_Lossless-GRAYSCALE-16.rle
.5       240   240  1  MONOCHROME2     8   8  0    1  RLE_Lossless-GRAYSCALE-8.rle
.5       240   240  3  RGB             8   8  0    1  RLE_Lossless-RGB-8.rle
"""


def _parse(table: str) -> Iterator[SampleFile]:
    package = ""
    for line in table.split("\n"):
        if line.startswith("["):
            package = line.strip("[]")
        elif line:
            suffix, rows, columns, samples, photometric, *numbers, name = line.split(maxsplit=9)
            syntax = {"0": _IMPLICIT, "none": ""}.get(suffix, _IMPLICIT + suffix)
            bits_and_frames = map(int, numbers)
            yield SampleFile(
                package,
                name,
                syntax,
                int(rows),
                int(columns),
                int(samples),
                photometric.replace("-", " "),
                *bits_and_frames,
            )


SAMPLE_FILES = tuple(_parse(_TABLE))

_INEXACT_DCT = "lossy: another library rounds the inverse DCT and interpolates chroma otherwise"

# Name of a file -> why it is not decoded, or decoded not quite as pydicom does.
UNDECODABLE = {
    "JPEG-lossy.dcm": "its scan header claims a single coefficient; pydicom refuses it, too",
    "JPEG2000-embedded-sequence-delimiter.dcm": "pydicom finds the frame's end too early in it",
    "MR_truncated.dcm": "Pixel Data is cut short",
    "badVR.dcm": "Number of Frames is not a number",
    "OT-PAL-8-face.dcm": "it has no transfer syntax",
}
INEXACT = dict.fromkeys(
    (
        "JPEG_Baseline_(Process_1)-GRAYSCALE-8.jpg",
        "JPEG_Baseline_(Process_1)-RGB-8.jpg",
        "JPEG_Baseline_(Process_1)-YBR-8.jpg",
        "SC_jpeg_no_color_transform.dcm",
        "SC_jpeg_no_color_transform_2.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "SC_rgb_dcmtk_+eb+cy+n1.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm",
        "SC_rgb_jpeg.dcm",
        "SC_rgb_jpeg_app14_dcmd.dcm",
        "SC_rgb_jpeg_lossy_gdcm.dcm",
        "examples_ybr_color.dcm",
        "color3d_jpeg_baseline.dcm",
    ),
    _INEXACT_DCT,
)
# Refused as a file, though the bytes of a frame can be cut out of it.
OVERLONG = {
    "MR_small_padded.dcm": "Pixel Data is a row longer than the image: as likely Rows or Columns are wrong",
}
EXCEPTIONS = {**UNDECODABLE, **INEXACT, **OVERLONG}
