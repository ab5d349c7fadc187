"""AssumeRoleWithWebIdentity that decides: IAM roles for service accounts as STS grants them.

moto gives credentials to any token. Here the token must be signed by the cluster's API server, its issuer
must be an IAM OIDC provider of the account, its audience one of the provider's client ids, and the role's
trust policy must let it in. The words of a refusal are those of STS.
"""

import base64
import json
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, OpenIDConnectProvider, iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.role_policies import as_document
from rehearsal.kubernetes_api import KubernetesApi

_sessions: dict[str, dict[str, str]] = {}
"""The tags of every session of a service account, by its access key."""


class AccessDeniedError(ServiceException):
    """The trust policy of the role does not let this identity in, or there is no such role."""

    code = "AccessDenied"
    message = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


class InvalidIdentityTokenError(ServiceException):
    """The token is not one that STS believes."""

    code = "InvalidIdentityToken"


class ExpiredTokenError(ServiceException):
    """The token was one, and its time is over."""

    code = "ExpiredTokenException"


def install(api: KubernetesApi) -> None:
    """Check every AssumeRoleWithWebIdentity; the keys of tokens are the API server's."""
    assume = TokenResponse.assume_role_with_web_identity

    def checked(self: TokenResponse) -> ActionResult:
        iam = iam_backends[self.current_account][get_partition(self.region)]
        verify(
            self._get_param("WebIdentityToken"),
            role_arn=self._get_param("RoleArn"),
            iam=iam,
            keys=lambda: _key_set(api),
        )
        answer = assume(self)
        result: Any = answer.result
        begin_session(result["Credentials"].access_key_id)
        return answer

    TokenResponse.assume_role_with_web_identity = checked  # type: ignore[method-assign]


def begin_session(access_key: str, *, principal_tags: dict[str, str] | None = None) -> None:
    """Count a session as that of a service account, whose rights are decided by IAM."""
    _sessions[access_key] = principal_tags or {}


def principal_tags(access_key: str) -> dict[str, str]:
    """The tags of a service account's session, as conditions know them."""
    return {f"aws:PrincipalTag/{key}": value for key, value in _sessions.get(access_key, {}).items()}


def session_of(access_key: str, *, account: str, region: str) -> AssumedRole | None:
    """The session of a service account that an access key belongs to; None for any other key."""
    if access_key not in _sessions:
        return None
    return sts_backends[account][get_partition(region)].get_assumed_role_from_access_key(access_key)


def verify(token: str, *, role_arn: str, iam: IAMBackend, keys: Any) -> None:
    """Refuse a token that does not give its bearer the role.

    Args:
        token: a JSON web token.
        role_arn: the role that its bearer wants.
        iam: where roles and identity providers are.
        keys: called for the issuer's JSON web key set, once its issuer is known.

    Raises:
        ServiceException: with STS's code and words.
    """
    header, claims, signed, signature = _parse(token)
    provider_arn, provider = _provider(claims.get("iss", ""), iam)
    _check_signature(header, signed, signature, keys())
    now = int(time.time())
    if claims["exp"] <= now:
        raise ExpiredTokenError(
            f"Token expired: current date/time {now} must be before the expiration date/time {claims['exp']}"
        )
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if not set(audiences) & set(provider.client_id_list):
        raise InvalidIdentityTokenError("Incorrect token audience")
    role = next((role for role in iam.roles.values() if role.arn == role_arn), None)
    if role is None:
        raise AccessDeniedError()
    trust = as_document(role.assume_role_policy_document)
    request = Request(
        action="sts:AssumeRoleWithWebIdentity",
        federated=provider_arn,
        context={f"{provider.url}:sub": claims["sub"], f"{provider.url}:aud": audiences[0]},
    )
    if not is_allowed(request, [trust]):
        raise AccessDeniedError()


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        return header, claims, signed.encode(), _decode(signature)
    except ValueError as error:
        raise InvalidIdentityTokenError(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from error


def _provider(issuer: str, iam: IAMBackend) -> tuple[str, OpenIDConnectProvider]:
    for arn, provider in iam.open_id_providers.items():
        if f"https://{provider.url}" == issuer:
            return arn, provider
    raise InvalidIdentityTokenError(f"No OpenIDConnect provider found in your account for {issuer}")


def _check_signature(
    header: dict[str, Any], signed: bytes, signature: bytes, key_set: dict[str, Any]
) -> None:
    key = next((key for key in key_set["keys"] if key["kid"] == header.get("kid")), None)
    if key is None:
        raise InvalidIdentityTokenError(
            "Couldn't retrieve verification key from your identity provider, "
            "please reference AssumeRoleWithWebIdentity documentation for requirements"
        )
    numbers = rsa.RSAPublicNumbers(n=_number(key["n"]), e=_number(key["e"]))
    try:
        numbers.public_key().verify(signature, signed, padding.PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise InvalidIdentityTokenError(
            "The web identity token that was passed could not be validated by AWS. "
            "Get a new identity token from the identity provider and then retry the request."
        ) from error


def _key_set(api: KubernetesApi) -> dict[str, Any]:
    return api.get("/openid/v1/jwks") or {"keys": []}


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_decode(text), "big")
