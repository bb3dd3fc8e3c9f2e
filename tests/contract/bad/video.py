"""Bad requests about video jobs."""

from tests.contract.bad.row import JOB, NOWHERE, Row, invalid, mistyped

DETECT, SEARCH, DETECTED, FOUND = "StartFaceDetection", "StartFaceSearch", "GetFaceDetection", "GetFaceSearch"
STARTS, GETS = (DETECT, SEARCH), (DETECTED, FOUND)
BUCKET, TOKEN, TAG = r"[0-9A-Za-z\.\-_]*", "^[a-zA-Z0-9-_]+$", r"[a-zA-Z0-9_.\-:+=\/]+"
TOPIC, ROLE = r"(^arn:aws:sns:.*:\w{12}:.+$)", r"arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"
GOOD_TOPIC, GOOD_ROLE = "arn:aws:sns:us-east-1:000000000000:ends", "arn:aws:iam::000000000000:role/any"
UNREADABLE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


def film(**where: object) -> dict[str, object]:
    return {"Video": {"S3Object": where}}


def channel(topic: str | None, role: str | None) -> dict[str, object]:
    given = {"SNSTopicArn": topic, "RoleArn": role}
    return {"NotificationChannel": {name: value for name, value in given.items() if value is not None}}


ROWS = [
    *(row for start in STARTS for row in (
        invalid("no video", start, {"Video": None}, "null at video must not be null"),
        mistyped("a video that is a name", start, {"Video": "one.mp4"}, "Expected null"),
        Row("a video without an object", start, {"Video": {}}, 400, "InvalidParameterException",
            "Request has invalid parameters"),
        Row("an object without a bucket", start, film(Name="one.mp4"), 400, "InvalidS3ObjectException",
            "Request has invalid S3 object."),
        Row("an object without a name", start, film(Bucket="films"), 400, "InvalidS3ObjectException",
            "Request has invalid S3 object."),
        Row("a bucket that is not allowed", start, {}, 400, "InvalidS3ObjectException", UNREADABLE),
        invalid("a bucket with a slash", start, film(Bucket="a/bc", Name="one.mp4"),
                f"'a/bc' at video.s3Object.bucket must satisfy regular expression pattern: {BUCKET}"),
        invalid("a name of no letters", start, film(Bucket="films", Name=""),
                "'' at video.s3Object.name must have length greater than or equal to 1"),
        invalid("a token with a dot", start, {"ClientRequestToken": "a.b"},
                f"'a.b' at clientRequestToken must satisfy regular expression pattern: {TOKEN}"),
        invalid("a tag with a space", start, {"JobTag": "a b"},
                f"'a b' at jobTag must satisfy regular expression pattern: {TAG}"),
        invalid("no topic", start, channel(None, GOOD_ROLE),
                "null at notificationChannel.sNSTopicArn must not be null"),
        invalid("no role", start, channel(GOOD_TOPIC, None), "null at notificationChannel.roleArn must not be null"),
        invalid("a topic that is a queue", start, channel("arn:aws:sqs:us-east-1:000000000000:a", GOOD_ROLE),
                "'arn:aws:sqs:us-east-1:000000000000:a' at notificationChannel.sNSTopicArn must satisfy regular "
                f"expression pattern: {TOPIC}"),
        invalid("a role that is a user", start, channel(GOOD_TOPIC, "arn:aws:iam::000000000000:user/any"),
                "'arn:aws:iam::000000000000:user/any' at notificationChannel.roleArn must satisfy regular expression "
                f"pattern: {ROLE}"),
        Row("a topic that is not allowed", start, channel(GOOD_TOPIC, GOOD_ROLE), 400, "InvalidParameterException",
            f"This server publishes nothing to {GOOD_TOPIC}; its operator may allow it with the setting sns_topics."),
    )),
    invalid("some attributes", DETECT, {"FaceAttributes": "SMILE"},
            "'SMILE' at faceAttributes must satisfy enum value set: [DEFAULT, ALL]"),
    invalid("no collection", SEARCH, {"CollectionId": None}, "null at collectionId must not be null"),
    Row("a collection that is not there", SEARCH, {"CollectionId": NOWHERE}, 400, "ResourceNotFoundException",
        f"The collection id: {NOWHERE} does not exist"),
    invalid("a threshold above all", SEARCH, {"FaceMatchThreshold": 101},
            "'101.0' at faceMatchThreshold must have value less than or equal to 100"),
    *(row for get in GETS for row in (
        invalid("no job", get, {"JobId": None}, "null at jobId must not be null"),
        invalid("a job of 65 letters", get, {"JobId": "1" * 65},
                f"'{'1' * 65}' at jobId must have length less than or equal to 64"),
        Row("a job that is not there", get, {}, 400, "ResourceNotFoundException", f"Could not find JobId {JOB}."),
        invalid("a page of none", get, {"MaxResults": 0},
                "'0' at maxResults must have value greater than or equal to 1"),
        invalid("a page token of 256 letters", get, {"NextToken": "a" * 256},
                f"'{'a' * 256}' at nextToken must have length less than or equal to 255"),
    )),
    invalid("an order of its own", FOUND, {"SortBy": "NAME"},
            "'NAME' at sortBy must satisfy enum value set: [INDEX, TIMESTAMP]"),
]  # fmt: skip
