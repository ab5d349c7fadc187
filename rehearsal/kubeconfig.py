"""Kubeconfig files for the rehearsal's own programs."""

import json
from pathlib import Path

import yaml

from rehearsal.plan import Plan


def write_kubeconfig(
    plan: Plan, path: Path, *, user: str, token: str | None = None, token_file: Path | None = None
) -> Path:
    """Write a kubeconfig for the plan's cluster, readable by its user only.

    Args:
        plan: names the API server and the certificate to trust.
        path: the file.
        user: the user's name in the file; the API server goes by the token alone.
        token: a token that does not change.
        token_file: where a token lies that somebody renews; the client reads it again in time.
    """
    identity = {"token": token} if token_file is None else {"tokenFile": str(token_file)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rehearsal",
        "clusters": [
            {
                "name": "rehearsal",
                "cluster": {
                    "server": plan.api_server_url,
                    "certificate-authority": str(plan.api_server_authority),
                },
            }
        ],
        "users": [{"name": user, "user": identity}],
        "contexts": [{"name": "rehearsal", "context": {"cluster": "rehearsal", "user": user}}],
    }
    path.touch(mode=0o600)
    # Through JSON: PyYAML writes anchors for values that occur twice.
    path.write_text(yaml.safe_dump(json.loads(json.dumps(content))), encoding="utf-8")
    return path
