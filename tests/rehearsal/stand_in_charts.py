"""Charts that tests put in the place of those whose repositories are out of reach."""

import os
import shutil
from pathlib import Path

from rehearsal.binaries import KEDA, module_directory

_CHARTS = Path(__file__).parents[1] / "charts"


def keda_chart(folder: Path) -> Path:
    """KEDA's chart for a test: the real one where `AIRFLOW_EFS_CHARTS` has it, else the stand-in.

    The stand-in is completed in `folder`: KEDA's definitions of its resources come from its Go module.
    """
    real = os.environ.get("AIRFLOW_EFS_CHARTS")
    if real:
        for found in (*Path(real).glob("keda-[0-9]*.tgz"), Path(real) / "keda"):
            if found.exists():
                return found
    chart = folder / "keda"
    shutil.copytree(_CHARTS / "keda", chart)
    definitions = (
        module_directory(KEDA, "github.com/kedacore/keda/v2", say=lambda _: None) / "config/crd/bases"
    )
    for definition in definitions.glob("*.yaml"):
        shutil.copyfile(definition, chart / "templates" / definition.name)
    return chart
