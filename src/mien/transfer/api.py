"""The API as an import calls it: a server's, over HTTP, or the operations in this process (`mien.local`)."""

from collections.abc import Mapping
from typing import Any, Protocol

from mien.errors import ApiError, SetupError

ATTEMPTS = 8  # of a request, with growing pauses: a server that is busy says so
MOST_SENT = 5_242_880  # bytes of an image in a request; reference 2.4


class Api(Protocol):
    """Something that answers the API's operations. Safe to call from many threads."""

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation, bytes as they are.

        Raises:
            ApiError: it was refused.
            SetupError: it cannot be reached.
        """

    def describe(self) -> str:
        """What is called."""

    def close(self) -> None:
        """Let go of it."""


class Remote:
    """A server, called with the credentials that AWS clients find, and any where they find none.

    Args:
        endpoint: its address.
        profile: of AWS's configuration; None for the default.
        connections: how many at the same time.
    """

    def __init__(self, endpoint: str, profile: str | None, connections: int) -> None:
        from botocore.config import Config  # noqa: PLC0415  half a second to import
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        self._endpoint = endpoint
        try:
            session = Session(profile=profile)
            found = session.get_credentials()
            self._client: Any = session.create_client(
                "rekognition",
                region_name=session.get_config_variable("region") or "us-east-1",
                endpoint_url=endpoint,
                aws_access_key_id=None if found else "any",
                aws_secret_access_key=None if found else "any",
                config=Config(
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"}, max_pool_connections=connections
                ),
            )
        except (BotoCoreError, ValueError) as error:
            raise SetupError(f"The server {endpoint} cannot be called: {error}.") from None

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation (see `Api.call`)."""
        from botocore import xform_name  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415
        from botocore.exceptions import ParamValidationError as Misshapen  # noqa: PLC0415

        if len(members.get("Image", {}).get("Bytes", b"")) > MOST_SENT:
            raise refusal(
                "ValidationException", "larger than the 5 MiB that a request takes; import without --endpoint"
            )
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**members)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise refusal(said.get("Code", "InternalServerError"), said.get("Message")) from None
        except Misshapen as error:
            raise refusal("ValidationException", str(error)) from None
        except (BotoCoreError, HTTPClientError) as error:
            raise SetupError(f"The server {self._endpoint} does not answer ({type(error).__name__}).") from None
        return answer

    def describe(self) -> str:
        """The server's address."""
        return self._endpoint

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def refusal(code: str, message: str | None) -> ApiError:
    """An error that a server answered."""
    error = ApiError(message)
    error.code = code
    return error
