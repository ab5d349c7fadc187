"""Tokens as `aws eks get-token` makes them: a signed call of STS that whoever holds the token can make.

A token is `k8s-aws-v1.` and the base64url of a presigned URL of GetCallerIdentity, with the cluster's name in
the signed header `x-k8s-aws-id`: it is good for one cluster and a quarter of an hour.
https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import botocore.session
from botocore.signers import RequestSigner

CLUSTER_HEADER = "x-k8s-aws-id"

_PREFIX = "k8s-aws-v1."
_LIFETIME = timedelta(minutes=15)
_SKEW = timedelta(minutes=5)


class TokenError(Exception):
    """Why a token is not believed."""


def make_token(*, cluster: str, region: str) -> str:
    """A token for a cluster, signed with the credentials of this process.

    Raises:
        TokenError: it has none.
    """
    session = botocore.session.get_session()
    credentials = session.get_credentials()
    if credentials is None:
        raise TokenError("there are no credentials to sign a token with")
    # The host of the real service, whatever endpoint this process uses.
    host = f"sts.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    signer = RequestSigner(
        session.get_service_model("sts").service_id,
        region,
        "sts",
        "v4",
        credentials,
        session.get_component("event_emitter"),
    )
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {CLUSTER_HEADER: cluster},
            "context": {},
        },
        region_name=region,
        expires_in=60,
        operation_name="",
    )
    return _PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def access_key_of(
    token: str, *, cluster: str, secret_of: Callable[[str], str | None], now: datetime | None = None
) -> str:
    """The access key that has signed a token for a cluster.

    Args:
        token: what was presented to the cluster.
        cluster: the cluster's name.
        secret_of: the secret of an access key, or None when there is no such key or its session is over.
        now: the time. Default: the present.

    Raises:
        TokenError: it is no such token, is for another cluster, too old, or not signed with the key's secret.
    """
    url = urlsplit(_decoded(token))
    query = dict(parse_qsl(url.query))
    if parse_qs(url.query).get("Action") != ["GetCallerIdentity"] or not (url.hostname or "").startswith(
        "sts."
    ):
        raise TokenError("the URL in the token is not a call of GetCallerIdentity")
    try:
        key, day, region, service, _ = query["X-Amz-Credential"].split("/")
        signed_headers = query["X-Amz-SignedHeaders"].split(";")
        stamp, signature = query["X-Amz-Date"], query["X-Amz-Signature"]
        age = (now or datetime.now(UTC)) - datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (KeyError, ValueError) as error:
        raise TokenError("the URL in the token is not presigned") from error
    if CLUSTER_HEADER not in signed_headers:
        raise TokenError(f"the header {CLUSTER_HEADER} is not signed")
    if not -_SKEW <= age <= _LIFETIME:
        raise TokenError("the token is expired")
    secret = secret_of(key)
    if secret is None:
        raise TokenError(f"the access key {key} is not known, or its session is over")
    canonical = "\n".join(
        [
            "GET",
            "/",
            "&".join(
                f"{quote(name, safe='~')}={quote(value, safe='~')}"
                for name, value in sorted(query.items())
                if name != "X-Amz-Signature"
            ),
            f"host:{url.netloc}\n{CLUSTER_HEADER}:{cluster}\n",
            ";".join(signed_headers),
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/{service}/aws4_request\n{digest}"
    signing_key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    expected = hmac.new(signing_key, text.encode(), "sha256").hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise TokenError(f"the token is not signed for the cluster {cluster} with the secret of {key}")
    return key


def _decoded(token: str) -> str:
    if not token.startswith(_PREFIX):
        raise TokenError(f"the token does not begin with {_PREFIX}")
    text = token.removeprefix(_PREFIX)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError as error:
        raise TokenError("the token is not base64url") from error
