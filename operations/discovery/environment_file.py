"""The file of an environment: read, checked before it is written, and written whole or not at all."""

import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from operations.discovery.findings import DiscoveryError
from settings import Environment, SettingsError
from settings.wording import fault_lines
from settings.yaml_file import YamlFile, shown


def file_of(name: str, directory: Path) -> Path:
    """The file of an environment, whether it exists or not.

    Raises:
        DiscoveryError: there is no such directory.
    """
    if not directory.is_dir():
        raise DiscoveryError(
            f"--environments: there is no directory {shown(directory)}: make it, or name another"
        )
    return directory / f"{name}.yaml"


def read_text(path: Path) -> str | None:
    """What the file holds; None where there is none.

    Raises:
        DiscoveryError: it cannot be read.
        SettingsError: it is not YAML; the text has the line, and what mends it.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiscoveryError(f"{shown(path)}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DiscoveryError(f"{shown(path)}: is not UTF-8: save the file as UTF-8") from None
    YamlFile(path)
    return text


def check(text: str, path: Path) -> None:
    """Refuse text that no deployment would accept, in the words of the settings.

    Args:
        text: the environment.
        path: the file that it is for.

    Raises:
        SettingsError: something in it is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="airflow-efs-") as folder:
        copy = Path(folder) / path.name
        copy.write_text(text, encoding="utf-8")
        file = YamlFile(copy)
        file.shown = shown(path)
        try:
            Environment.named(path.stem, file.data)
        except ValidationError as error:
            raise SettingsError(*fault_lines(error, Environment, file)) from None


def write_text(text: str, path: Path) -> None:
    """Put the text in the place of the file, with the file's mode; an interruption leaves the former one.

    Raises:
        DiscoveryError: it cannot be written.
    """
    target = path.resolve()  # a link stays one
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        if target.exists():
            partial.chmod(target.stat().st_mode & 0o777)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise DiscoveryError(f"{shown(path)}: cannot be written: {error.strerror}") from None
