"""Reads an environment from its file, and says in plain words what is wrong with it."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from settings.airflow.values import airflow_values
from settings.aws import efs_regions
from settings.chart_archive import CHART, chart_archive_problem
from settings.environment import Environment
from settings.environment_name import ENVIRONMENT_NAME_CURE, is_environment_name
from settings.faults import Fault, SettingsError
from settings.faults import Path as FaultPath
from settings.plain_yaml import number_faults, text_faults
from settings.values_schema import find_schema, schema_faults
from settings.versions import EFS_CSI_DRIVER_CHART_REPOSITORY
from settings.wording import fault_line, fault_lines
from settings.yaml_file import YamlFile, shown

_SUFFIX = ".yaml"


def available_environments(directory: Path) -> list[str]:
    """Names of the environments in a directory, in alphabetical order; none without such a directory."""
    return sorted(
        path.stem
        for path in directory.glob(f"*{_SUFFIX}")
        if path.is_file() and is_environment_name(path.stem)
    )


def load_environment(name: str, directory: Path) -> Environment:
    """Read `directory/name.yaml` and validate it.

    Args:
        name: name of the environment.
        directory: where the environments are.

    Raises:
        SettingsError: there is no such environment, or something in it is wrong; one line for each fault.
    """
    path = _existing_file(name, directory)
    file = YamlFile(path)
    if not isinstance(file.data, dict):
        what = "is empty" if file.data is None else "is not a mapping at its top level"
        raise SettingsError(
            f"{file.shown}:1: the file {what}: "
            "write account, region, cluster and file_system, each as KEY: VALUE"
        )
    _raise_if_any(file, (), text_faults(file))
    try:
        environment = Environment.named(name, file.data, directory)
    except ValidationError as error:
        raise SettingsError(*fault_lines(error, Environment, file)) from None
    _raise_if_any(file, (), number_faults(file, Environment))
    _check_airflow_values(environment, file, directory)
    _check_pipeline(environment, file, directory)
    _check_chart_archive(environment, file)
    return environment


def _raise_if_any(file: YamlFile, path: FaultPath, faults: Iterable[Fault]) -> None:
    """Raise when there is a fault below a path."""
    lines = [fault_line(file, path, fault) for fault in faults]
    if lines:
        raise SettingsError(*lines)


def _existing_file(name: str, directory: Path) -> Path:
    if not is_environment_name(name):
        raise SettingsError(f'environment "{name}" is not a name for an environment: {ENVIRONMENT_NAME_CURE}')
    if not _is_there(directory) or not directory.is_dir():
        raise SettingsError(
            f'environment "{name}": there is no directory {shown(directory)}: make it, or name another'
        )
    path = directory / f"{name}{_SUFFIX}"
    if not _is_there(path):
        if _is_there(path.with_suffix(".yml")):
            raise SettingsError(f"{shown(path.with_suffix('.yml'))}: is not read: rename it to {path.name}")
        there = available_environments(directory)
        cure = f"choose {' or '.join(there)}, or write {shown(path)}" if there else f"write {shown(path)}"
        raise SettingsError(f'there is no environment "{name}": {cure}')
    if not path.is_file() and not path.is_dir():
        raise SettingsError(f"{shown(path)}: is no file: put a YAML file in its place")
    return path


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise SettingsError(
            f"{shown(path.parent)}: cannot be read: Permission denied: let this user read and enter it"
        ) from None


def _check_airflow_values(environment: Environment, file: YamlFile, directory: Path) -> None:
    if environment.airflow is None:
        return
    try:
        schema = find_schema(environment.airflow, directory)
    except SettingsError as error:
        if environment.airflow.values_schema is None:
            raise
        fault = Fault(f"cannot be used: {error}", "its path begins at this file", ("values_schema",))
        raise SettingsError(fault_line(file, ("airflow",), fault)) from None
    if schema is None:
        return
    faults = dict.fromkeys(schema_faults(airflow_values(environment), schema))
    _raise_if_any(file, ("airflow", "values"), faults)


def _check_pipeline(environment: Environment, file: YamlFile, directory: Path) -> None:
    if environment.pipeline is None:
        return
    there = available_environments(directory)
    faults = []
    for index, name in enumerate(environment.pipeline.environments):
        if name not in there:
            what, cure = "is not an environment beside this file", f"choose {' or '.join(there)}"
        elif (partition := _partition(directory / f"{name}{_SUFFIX}")) not in (None, environment.partition):
            what = f"is in partition {partition}, and the pipeline in {environment.partition}"
            cure = "give it a pipeline of its own there"
        else:
            continue
        faults.append(Fault(what, cure, ("environments", index)))
    _raise_if_any(file, ("pipeline",), faults)


def _partition(path: Path) -> str | None:
    """The partition of another environment, whose faults are said where it is loaded; None: not known."""
    data = YamlFile(path).data
    return efs_regions().get(str(data.get("region"))) if isinstance(data, dict) else None


def _check_chart_archive(environment: Environment, file: YamlFile) -> None:
    archive = environment.chart_archive
    problem = None if archive is None else chart_archive_problem(archive)
    if problem is not None:
        cure = f"put the chart there: helm pull {CHART} --repo {EFS_CSI_DRIVER_CHART_REPOSITORY}"
        raise SettingsError(fault_line(file, ("driver",), Fault(problem, cure, ("chart_archive",))))
