"""The arrows between our packages point one way, as docs/architecture.md says."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

FOLDERS = {
    "airflow_efs": PROJECT / "constructs" / "airflow_efs",
    "operations": PROJECT / "operations",
    "rehearsal": PROJECT / "rehearsal",
    "settings": PROJECT / "settings",
    "stacks": PROJECT / "stacks",
}

MAY_IMPORT = {
    "airflow_efs": set[str](),
    "operations": {"rehearsal", "settings"},
    "rehearsal": {"settings"},
    "settings": set[str](),
    "stacks": {"airflow_efs", "settings"},
}


def imported_packages(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", sorted(FOLDERS))
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    ours = set(FOLDERS) - {package}
    for path in FOLDERS[package].rglob("*.py"):
        wrong = imported_packages(path) & ours - MAY_IMPORT[package]
        assert wrong == set(), f"{path.relative_to(PROJECT)} imports {wrong}"


def test_settings_do_not_load_the_cdk() -> None:
    for path in FOLDERS["settings"].rglob("*.py"):
        assert "aws_cdk" not in imported_packages(path), path


def test_the_composition_root_fits_on_a_page() -> None:
    assert len((PROJECT / "app.py").read_text().splitlines()) <= 70


def test_constructs_is_a_source_root_and_not_a_package() -> None:
    assert not (PROJECT / "constructs" / "__init__.py").exists()
