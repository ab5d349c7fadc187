"""The keys with which Airflow encrypts and signs: by the names of the secrets that hold them."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import ObjectName
from settings.section import Between, Section


class SecretStore(Section):
    """A store of External Secrets, an operator that copies AWS secrets into the cluster."""

    name: ObjectName = Field(description="Name of the store.", examples=["aws-secrets-manager"])
    kind: Literal["ClusterSecretStore", "SecretStore"] = Field(
        default="ClusterSecretStore", description="Kind of the store."
    )
    refresh_minutes: Annotated[int, Between(1, 44640)] = Field(
        default=60, description="Minutes between two looks at AWS Secrets Manager."
    )


class Secrets(Section):
    """Where the three keys come from, and the names of their Kubernetes secrets in airflow.namespace."""

    source: Literal["expected", "generated", "kept"] = Field(
        default="expected",
        description="expected: the secrets are there; generated: the stack makes each key once in AWS "
        "Secrets Manager; kept: those of an earlier stack are used again.",
    )
    store: SecretStore | None = Field(
        default=None, description="Store that copies generated or kept keys into the cluster."
    )
    fernet_key: ObjectName = Field(
        default="airflow-fernet-key", description="Secret whose key fernet-key encrypts connections."
    )
    api_secret_key: ObjectName = Field(
        default="airflow-api-secret-key", description="Secret whose key api-secret-key signs sessions."
    )
    jwt_secret: ObjectName = Field(
        default="airflow-jwt-secret", description="Secret whose key jwt-secret signs the workers' tokens."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.source != "expected" and self.store is None:
            yield Fault(
                f"is missing, but source is {self.source}",
                "write {name: NAME} of a store of External Secrets, or source: expected",
                ("store",),
                "",
            )
        if self.source == "expected" and self.store is not None:
            yield Fault(
                "is not used, because source is expected",
                "remove it, or write source: generated",
                ("store",),
                "",
            )
        names = (self.fernet_key, self.api_secret_key, self.jwt_secret)
        fields = ("fernet_key", "api_secret_key", "jwt_secret")
        for place, name in enumerate(names):
            if name in names[:place]:
                earlier = fields[names.index(name)]
                yield Fault(f"is also {earlier}", "give each key a secret of its own", (fields[place],))
