import json
import re

from tests.unit.conftest import ROOT

CDK_JSON = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))


def test_every_feature_flag_is_explained_with_its_value() -> None:
    page = (ROOT / "docs" / "feature-flags.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `(@[^`]+)` \| \**(true|false|\"[a-z]+\")\** \|", page, re.MULTILINE))
    flags = {key: value for key, value in CDK_JSON["context"].items() if key.startswith("@")}
    assert explained == {key: json.dumps(value) for key, value in flags.items()}


def test_the_default_environment_exists() -> None:
    assert (ROOT / "environments" / f"{CDK_JSON['context']['environment']}.yaml").is_file()
