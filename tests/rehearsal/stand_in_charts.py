"""Charts that tests put in the place of those whose repositories are out of reach."""

import shutil
from pathlib import Path

from rehearsal.binaries import KEDA, module_directory

_CHARTS = Path(__file__).parents[1] / "charts"

_ANNOTATIONS = "\nmetadata:\n  annotations:\n"
_MORE_ANNOTATIONS = "    {{- with .Values.crds.additionalAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}\n"


def keda_stand_in(folder: Path) -> Path:
    """The stand-in for KEDA's chart, completed in `folder`.

    KEDA's definitions of its resources come from its Go module, as templates that take more annotations.
    """
    chart = folder / "keda"
    shutil.copytree(_CHARTS / "keda", chart)
    module = module_directory(KEDA, "github.com/kedacore/keda/v2", say=lambda _: None)
    for definition in (module / "config" / "crd" / "bases").glob("*.yaml"):
        text = definition.read_text()
        assert text.count(_ANNOTATIONS) == 1
        template = text.replace(_ANNOTATIONS, _ANNOTATIONS + _MORE_ANNOTATIONS)
        (chart / "templates" / definition.name).write_text(template)
    return chart
