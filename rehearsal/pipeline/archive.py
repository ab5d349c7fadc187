"""Artefacts as files: a folder packed, and unpacked elsewhere."""

import io
import os
import zipfile
from pathlib import Path


def pack(folder: Path) -> bytes:
    """A zip of all files of a folder, which keeps which of them may be executed."""
    buffer = io.BytesIO()
    # Stored: most of it is compressed already, and it goes to this machine only.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Lay the files of a zip into a folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            if mode := entry.external_attr >> 16 & 0o777:
                os.chmod(path, mode)  # noqa: PTH101  # zipfile extracts no modes
