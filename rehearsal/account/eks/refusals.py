"""How CloudFormation shows that EKS has refused what a stack wanted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from moto.eks.exceptions import EKSError


class EksRefusalError(Exception):
    """What the event of a resource says."""

    def __init__(self, words: str, status: int | None = None) -> None:
        """Put CloudFormation's words around those of EKS.

        Args:
            words: why.
            status: of HTTP, where a call was refused.
        """
        service = f" (Service: Eks, Status Code: {status})" if status else ""
        self.message = f'Resource handler returned message: "{words}"{service}'
        super().__init__(self.message)


@contextmanager
def shown_by_cloudformation() -> Iterator[None]:
    """Raise an error of EKS as CloudFormation shows it.

    Raises:
        EksRefusalError: EKS refuses a call.
    """
    try:
        yield
    except EKSError as error:
        raise EksRefusalError(str(json.loads(error.description)["message"]), error.STATUS) from error
