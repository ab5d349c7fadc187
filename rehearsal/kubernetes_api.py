"""Single requests to the Kubernetes API server as its administrator, for the rehearsal's own processes."""

import json
import urllib.error
import urllib.request
from typing import Any

from rehearsal.plan import Plan
from rehearsal.tls import context_trusting

_SECONDS = 5.0


class KubernetesApi:
    """A client of a few lines: the official one takes a second to import, and more memory than a server."""

    def __init__(self, plan: Plan) -> None:
        """Talk to the API server of a plan."""
        self._plan = plan

    def get(self, path: str) -> Any | None:
        """The object at a path; None when there is no such object.

        Raises:
            OSError: the API server does not answer, or refuses.
        """
        try:
            return self._request("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """The object as it was created.

        Raises:
            OSError: the API server does not answer, or refuses.
        """
        return self._request("POST", path, body)

    def apply(
        self, path: str, body: dict[str, Any], *, manager: str, force: bool = False, dry_run: bool = False
    ) -> Any:
        """Apply an object on the server's side, and return it as it is then.

        Args:
            path: the object's.
            body: the fields that the manager wants, and no others.
            manager: who wants them.
            force: take fields over that another manager has set to another value.
            dry_run: only ask what would happen.

        Raises:
            OSError: the API server does not answer, or refuses; with 409 for a conflict.
        """
        options = f"fieldManager={manager}&force={str(force).lower()}" + ("&dryRun=All" if dry_run else "")
        # JSON is YAML.
        return self._request("PATCH", f"{path}?{options}", body, kind="application/apply-patch+yaml")

    def delete(self, path: str) -> None:
        """Delete an object and what belongs to it; one that is gone is no failure.

        Raises:
            OSError: the API server does not answer, or refuses.
        """
        try:
            self._request("DELETE", f"{path}?propagationPolicy=Background")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise

    def ensure(self, path: str, body: dict[str, Any]) -> None:
        """Create an object, unless there is one of its name.

        Raises:
            OSError: the API server does not answer, or refuses for another reason.
        """
        try:
            self._request("POST", path, body)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, kind: str = "application/json"
    ) -> Any:
        request = urllib.request.Request(  # noqa: S310  # the URL is ours
            self._plan.api_server_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._plan.admin_token}",
                "Content-Type": kind,
            },
        )
        context = context_trusting(self._plan.api_server_authority)
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310
            return json.load(answer)
