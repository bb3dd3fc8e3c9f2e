"""The API that an import calls: a server over HTTP, or the operations in this process (`mien.local`)."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mien.errors import ApiError, SetupError
from mien.image.contents import content
from mien.image.fitting import fitted
from mien.operations.shapes import MOST_IMAGE_BYTES
from mien.operations.table import EXTENSIONS

BEARER = "ListCollections"  # AWS's operation that carries a call of mien's own, since it needs no member
ATTEMPTS = 8  # per request, with growing pauses: a busy server answers that it is throttling


class Api(Protocol):
    """Answers the API's operations. Safe to call from many threads."""

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Calls an operation and returns its response. Binary members are passed as bytes, not as base64.

        Raises:
            ApiError: the call was refused.
            SetupError: the server cannot be reached.
        """

    def describe(self) -> str:
        """Returns the server's address, or the kind and place of the store."""

    def close(self) -> None:
        """Closes the connections, or the store."""


class Remote:
    """A server over HTTP, called with the credentials of the AWS configuration, or arbitrary ones if it has none.

    Args:
        endpoint: the server's address.
        profile: the profile in the AWS configuration; None for the default.
        connections: the most connections that are open at the same time.
        attempts: for each request.
    """

    def __init__(self, endpoint: str, profile: str | None, connections: int, attempts: int = ATTEMPTS) -> None:
        from botocore.config import Config  # noqa: PLC0415  half a second to import
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        self._endpoint = endpoint
        self._own = threading.local()  # the call of mien's own that a thread makes: its target and body
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
                    retries={"total_max_attempts": attempts, "mode": "standard"}, max_pool_connections=connections
                ),
            )
        except (BotoCoreError, ValueError) as error:
            raise SetupError(f"The server {endpoint} cannot be called: {error}.") from None
        self._client.meta.events.register(f"before-call.rekognition.{BEARER}", self._send_own)
        self._client.meta.events.register(f"after-call.rekognition.{BEARER}", self._answer_own)

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Calls an operation (see `Api.call`)."""
        from botocore import xform_name  # noqa: PLC0415
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            HTTPClientError,
            ParamValidationError,
        )

        data = members.get("Image", {}).get("Bytes", b"")
        if content(data).is_photograph:
            members = {**members, "Image": {"Bytes": fitted(data, MOST_IMAGE_BYTES)}}
        sent: Mapping[str, Any] = members
        if operation in EXTENSIONS:  # the SDK does not know it, but signs, sends and retries it as any other
            self._own.call = f"Mien.{operation}", msgspec.json.encode(members)
            operation, sent = BEARER, {}
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**sent)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise refusal(said.get("Code", "InternalServerError"), said.get("Message")) from None
        except ParamValidationError as error:
            raise refusal("ValidationException", str(error)) from None
        except (BotoCoreError, HTTPClientError) as error:
            raise SetupError(f"The server {self._endpoint} does not answer ({type(error).__name__}).") from None
        finally:
            self._own.call = None
        return answer

    def describe(self) -> str:
        """Returns the server's address."""
        return self._endpoint

    def _send_own(self, params: dict[str, Any], **_: Any) -> None:
        if call := getattr(self._own, "call", None):
            params["headers"]["X-Amz-Target"], params["body"] = call

    def _answer_own(self, http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        if getattr(self._own, "call", None) and http_response.status_code == 200:
            parsed.clear()
            parsed.update(msgspec.json.decode(http_response.content))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def refusal(code: str, message: str | None) -> ApiError:
    """Returns the error that a server sent as this code and message."""
    error = ApiError(message)
    error.code = code
    return error
