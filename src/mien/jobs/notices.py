"""Publishes the end of a video job to its SNS topic, in AWS's message."""

import json
import time
from typing import Any

from mien.image.source import S3Settings
from mien.store.tables.job_records import VideoJob

CONNECT_TIMEOUT, READ_TIMEOUT = 3, 10  # seconds
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)  # seconds before a notice is sent again


class NotPublishedError(Exception):
    """The topic did not take the notice; the text says why, without what was sent."""


class Publisher:
    """Publishes to SNS topics, each in the region of its ARN; the clients are made when they are needed.

    Args:
        endpoint: address of the SNS service; empty for AWS's own.
        credentials: the settings of the S3 service, which has the same keys.
    """

    def __init__(self, endpoint: str, credentials: S3Settings) -> None:
        self._endpoint, self._credentials = endpoint, credentials
        self._clients: dict[str, Any] = {}

    def publish(self, job: VideoJob) -> None:
        """Publishes the end of a job to its topic.

        Raises:
            NotPublishedError: the service does not take it.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  rarely needed

        topic = job.asked.topic or ""
        try:
            self._client(topic.split(":")[3]).publish(TopicArn=topic, Message=message(job))
        except ClientError as error:
            raise NotPublishedError(str(error.response.get("Error", {}).get("Code", "ClientError"))) from None
        except (BotoCoreError, HTTPClientError, OSError, ValueError, LookupError) as error:
            raise NotPublishedError(type(error).__name__) from None

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            from botocore.config import Config  # noqa: PLC0415  half a second to import
            from botocore.session import Session  # noqa: PLC0415

            self._clients[region] = Session().create_client(
                "sns",
                region_name=region,
                endpoint_url=self._endpoint or None,
                aws_access_key_id=self._credentials.access_key or None,
                aws_secret_access_key=self._credentials.secret_key or None,
                config=Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT, retries={"max_attempts": 0}),
            )
        return self._clients[region]


def message(job: VideoJob) -> str:
    """Returns the JSON that AWS publishes at the end of a job."""
    facts = {
        "JobId": job.job_id,
        "Status": job.status,
        "API": job.operation,
        "JobTag": job.asked.tag,
        "Timestamp": round(1000 * time.time()),
        "Video": {"S3ObjectName": job.asked.name, "S3Bucket": job.asked.bucket},
    }
    return json.dumps({name: value for name, value in facts.items() if value is not None})
