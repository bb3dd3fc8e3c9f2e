"""A cloud on loopback for the tests of video jobs: films in a bucket, a topic, and a queue that hears it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.jobs import films
from tests.live import Live

BUCKET, ROLE = "films", "arn:aws:iam::000000000000:role/any"
PATIENCE = 120.0  # seconds for a job, on a machine that others use as well


@dataclass(frozen=True, slots=True)
class Cloud:
    """Clients of S3 and SQS, the ARN of the topic, and the address of the queue."""

    endpoint: str
    s3: Any
    sqs: Any
    topic: str
    queue: str

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> "Iterator[Cloud]":
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = partial(
            boto3.client, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b",
        )  # fmt: skip
        s3, sns, sqs = client("s3"), client("sns"), client("sqs")
        s3.create_bucket(Bucket=BUCKET)
        two = films.of_two(folder / "two.mp4").read_bytes()
        s3.put_object(Bucket=BUCKET, Key="two.mp4", Body=two)
        s3.put_object(Bucket=BUCKET, Key="cut.mp4", Body=two[: len(two) // 2])
        s3.put_object(Bucket=BUCKET, Key="words.mp4", Body=b"no film at all")
        topic = sns.create_topic(Name="AmazonRekognitionEnds")["TopicArn"]
        queue = sqs.create_queue(QueueName="ends")["QueueUrl"]
        place = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=place)
        yield cls(endpoint, s3, sqs, topic, queue)
        server.stop()

    @property
    def flags(self) -> list[str]:
        """The flags of a server that uses this cloud."""
        return [
            "--s3-endpoint", self.endpoint, "--s3-access-key", "a", "--s3-secret-key", "b", "--s3-buckets", BUCKET,
            "--sns-endpoint", self.endpoint, "--sns-topics", "arn:aws:sns:us-east-1:*",
        ]  # fmt: skip

    @property
    def channel(self) -> dict[str, str]:
        return {"SNSTopicArn": self.topic, "RoleArn": ROLE}

    def heard(self, job_id: str) -> dict[str, Any]:
        """What the topic was told of a job."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for message in self.sqs.receive_message(QueueUrl=self.queue).get("Messages", []):
                told: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
                if told["JobId"] == job_id:
                    return told
            time.sleep(0.1)
        raise AssertionError("the topic was not told")


def film(name: str = "two.mp4") -> dict[str, Any]:
    return {"S3Object": {"Bucket": BUCKET, "Name": name}}


def ended(server: Live, operation: str, job_id: str, **members: Any) -> dict[str, Any]:
    """The answer about a job once it has ended, as plain JSON."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer = server.post(operation, json.dumps({"JobId": job_id, **members}).encode())
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        if found["JobStatus"] != "IN_PROGRESS":
            return found
        time.sleep(0.2)
    raise AssertionError("the job has not ended")
