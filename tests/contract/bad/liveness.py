"""Bad requests about Face Liveness sessions."""

from tests.contract.bad.row import FACE, Row, invalid, mistyped

CREATE, GET = "CreateFaceLivenessSession", "GetFaceLivenessSessionResults"
BUCKET, NAMES = r"[0-9A-Za-z\.\-_]*", "[FaceMovementAndLightChallenge, FaceMovementChallenge]"
KMS = "^[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,2048}$"
VERSION = r"^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$"
TOKEN = "^[a-zA-Z0-9-_]+$"
HEX = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
DENIED = (
    "The bucket {} may not be written to; it must be allowed to the server (s3_buckets), to the access key, and to the "
    "server's credentials for S3 (s3:PutObject)."
)


def preferring(kind: str, **versions: str) -> dict[str, object]:
    wanted = {"Type": kind} | ({"Versions": versions} if versions else {})
    return {"Settings": {"ChallengePreferences": [wanted]}}


def output(bucket: str | None, prefix: str | None = None) -> dict[str, object]:
    where = {"S3Bucket": bucket, "S3KeyPrefix": prefix}
    return {"Settings": {"OutputConfig": {name: value for name, value in where.items() if value is not None}}}


ROWS = [
    invalid("no session", GET, {"SessionId": None}, "null at sessionId must not be null"),
    invalid("session id in capitals", GET, {"SessionId": FACE.upper()},
            f"'{FACE.upper()}' at sessionId must satisfy regular expression pattern: {HEX}"),
    invalid("short session id", GET, {"SessionId": "abc"},
            "'abc' at sessionId must have length greater than or equal to 36",
            f"'abc' at sessionId must satisfy regular expression pattern: {HEX}"),
    mistyped("session id that is a number", GET, {"SessionId": 5},
             "class java.math.BigDecimal can not be converted to an String"),
    Row("a session that is not there", GET, {}, 400, "SessionNotFoundException", "Session not found."),
    invalid("token with a dot", CREATE, {"ClientRequestToken": "a.b"},
            f"'a.b' at clientRequestToken must satisfy regular expression pattern: {TOKEN}"),
    invalid("KMS key of no letters", CREATE, {"KmsKeyId": ""},
            "'' at kmsKeyId must have length greater than or equal to 1",
            f"'' at kmsKeyId must satisfy regular expression pattern: {KMS}"),
    invalid("KMS key that begins with a slash", CREATE, {"KmsKeyId": "/key"},
            f"'/key' at kmsKeyId must satisfy regular expression pattern: {KMS}"),
    invalid("five audit images", CREATE, {"Settings": {"AuditImagesLimit": 5}},
            "'5' at settings.auditImagesLimit must have value less than or equal to 4"),
    invalid("fewer audit images than none", CREATE, {"Settings": {"AuditImagesLimit": -1}},
            "'-1' at settings.auditImagesLimit must have value greater than or equal to 0"),
    mistyped("audit images as a word", CREATE, {"Settings": {"AuditImagesLimit": "2"}},
             "class java.lang.String can not be converted to an Integer"),
    mistyped("settings that are a list", CREATE, {"Settings": []}, "Start of list found where not expected"),
    invalid("a challenge without a type", CREATE, {"Settings": {"ChallengePreferences": [{}]}},
            "null at settings.challengePreferences.1.member.type must not be null"),
    invalid("a challenge that is null", CREATE, {"Settings": {"ChallengePreferences": [None]}},
            "null at settings.challengePreferences.1.member must not be null"),
    mistyped("a challenge that is a word", CREATE, {"Settings": {"ChallengePreferences": ["FaceMovementChallenge"]}},
             "Expected map or null"),
    mistyped("a type that is a number", CREATE, {"Settings": {"ChallengePreferences": [{}, {"Type": 5}]}},
             "class java.math.BigDecimal can not be converted to an String"),
    mistyped("challenges that are a map", CREATE, {"Settings": {"ChallengePreferences": {}}},
             "Start of structure or map found where not expected."),
    invalid("a challenge of an unknown type", CREATE, preferring("FaceMovement"),
            f"'FaceMovement' at settings.challengePreferences.1.member.type must satisfy enum value set: {NAMES}"),
    invalid("a short version", CREATE, preferring("FaceMovementChallenge", Minimum="1.0"),
            "'1.0' at settings.challengePreferences.1.member.versions.minimum must have length greater than or equal "
            "to 5",
            "'1.0' at settings.challengePreferences.1.member.versions.minimum must satisfy regular expression pattern: "
            + VERSION),
    invalid("a version with a zero before it", CREATE, preferring("FaceMovementChallenge", Maximum="01.0.0"),
            "'01.0.0' at settings.challengePreferences.1.member.versions.maximum must satisfy regular expression "
            f"pattern: {VERSION}"),
    *(Row(name, CREATE, preferring("FaceMovementChallenge", **versions), 400, "InvalidParameterException",
          "No version of FaceMovementChallenge lies between those preferred; there are 1.0.0.")
      for name, versions in (("versions later than any", {"Minimum": "2.0.0"}),
                             ("versions earlier than any", {"Maximum": "0.999.999"}),
                             ("versions the wrong way round", {"Minimum": "1.0.0", "Maximum": "0.1.0"}))),
    invalid("no bucket", CREATE, output(None, "a"), "null at settings.outputConfig.s3Bucket must not be null"),
    invalid("a bucket of two letters", CREATE, output("ab"),
            "'ab' at settings.outputConfig.s3Bucket must have length greater than or equal to 3"),
    invalid("a bucket with a slash", CREATE, output("a/b"),
            f"'a/b' at settings.outputConfig.s3Bucket must satisfy regular expression pattern: {BUCKET}"),
    invalid("a prefix with a space", CREATE, output("abc", "a b"),
            r"'a b' at settings.outputConfig.s3KeyPrefix must satisfy regular expression pattern: \S*"),
    invalid("a prefix of 951 letters", CREATE, output("abc", "p" * 951),
            f"'{'p' * 951}' at settings.outputConfig.s3KeyPrefix must have length less than or equal to 950"),
    *(Row(f"the prefix {prefix}", CREATE, output("abc", prefix), 400, "InvalidParameterException",
          "S3KeyPrefix may not have '.' or '..' between its slashes.") for prefix in ("..", "a/../b", "./")),
    *(Row(f"the bucket {bucket}, which is not allowed", CREATE, output(bucket), 400, "AccessDeniedException",
          DENIED.format(bucket)) for bucket in ("abc", "...")),
]  # fmt: skip
