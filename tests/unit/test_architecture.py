"""The arrows between our packages point one way, as docs/architecture.md says."""

import ast
from graphlib import TopologicalSorter
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


def imported_modules(path: Path) -> set[str]:
    """The modules that a file imports, whole names; what is imported from a package may be a module of it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def module_name(path: Path, package: str) -> str:
    parts = (package, *path.relative_to(FOLDERS[package]).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


@pytest.mark.parametrize("package", sorted(FOLDERS))
def test_no_modules_of_a_package_import_each_other_in_a_circle(package: str) -> None:
    paths = {module_name(path, package): path for path in FOLDERS[package].rglob("*.py")}
    arrows = {name: imported_modules(path) & set(paths) - {name} for name, path in paths.items()}
    faces = {name for name, path in paths.items() if path.name == "__init__.py"}
    # What a package's face hands on is imported from it by others only. A circle is a CycleError.
    TopologicalSorter({name: needed - faces for name, needed in arrows.items()}).prepare()
