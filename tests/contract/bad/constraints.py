"""Broken constraints: every request member's length, range, pattern, enum, presence and JSON type."""

from tests.contract.bad.row import (
    ARN,
    FACE,
    MOST_BYTES,
    WITH_COLLECTION,
    WITH_IMAGE,
    WITH_USER,
    Row,
    first_lower,
    invalid,
    mistyped,
    zeros,
)

LIST_FOUND = "Start of list found where not expected"
MAP_FOUND = "Start of structure or map found where not expected."
NO_STRING = "class java.math.BigDecimal can not be converted to an String"
NO_INTEGER = "class java.lang.String can not be converted to an Integer"
NO_FLOAT = "class java.lang.String can not be converted to an Float"
BOOL_STRING = "class java.lang.Boolean can not be converted to an String"
HEX = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TAG_KEY = r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$"
TAG_VALUE = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"
TOKEN = "^[a-zA-Z0-9-_]+$"
QUALITIES = "[NONE, AUTO, LOW, MEDIUM, HIGH]"
ATTRIBUTES = (
    "[DEFAULT, ALL, AGE_RANGE, BEARD, EMOTIONS, EYE_DIRECTION, EYEGLASSES, EYES_OPEN, GENDER, MOUTH_OPEN, MUSTACHE, "
    "FACE_OCCLUDED, SMILE, SUNGLASSES]"
)
LONG = "x" * 256
UPPER = FACE.upper()

COLLECTION_IDS = [row for op in WITH_COLLECTION for row in (
    invalid("no collection", op, {"CollectionId": None}, "null at collectionId must not be null"),
    invalid("collection id of no letters", op, {"CollectionId": ""},
            "'' at collectionId must have length greater than or equal to 1",
            r"'' at collectionId must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+"),
    invalid("collection id of 256 letters", op, {"CollectionId": LONG},
            f"'{LONG}' at collectionId must have length less than or equal to 255"),
    invalid("collection id with a space", op, {"CollectionId": "a b"},
            r"'a b' at collectionId must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+"),
    mistyped("collection id that is a number", op, {"CollectionId": 5}, NO_STRING),
)]  # fmt: skip

USER_IDS = [row for op in WITH_USER for row in (
    invalid("no user", op, {"UserId": None}, "null at userId must not be null"),
    invalid("user id of no letters", op, {"UserId": ""},
            "'' at userId must have length greater than or equal to 1",
            r"'' at userId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
    invalid("user id of 129 letters", op, {"UserId": "u" * 129},
            f"'{'u' * 129}' at userId must have length less than or equal to 128"),
    invalid("user id with a slash", op, {"UserId": "a/b"},
            r"'a/b' at userId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
    mistyped("user id that is true", op, {"UserId": True}, BOOL_STRING),
    invalid("token of no letters", op, {"ClientRequestToken": ""},
            "'' at clientRequestToken must have length greater than or equal to 1",
            f"'' at clientRequestToken must satisfy regular expression pattern: {TOKEN}"),
    invalid("token of 65 letters", op, {"ClientRequestToken": "t" * 65},
            f"'{'t' * 65}' at clientRequestToken must have length less than or equal to 64"),
    invalid("token with a dot", op, {"ClientRequestToken": "a.b"},
            f"'a.b' at clientRequestToken must satisfy regular expression pattern: {TOKEN}"),
    mistyped("token that is a list", op, {"ClientRequestToken": ["a"]}, LIST_FOUND),
)] + [row for op in ("ListFaces", "SearchUsers") for row in (
    invalid("optional user id with a space", op, {"UserId": "a b"},
            r"'a b' at userId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
    invalid("optional user id of 129 letters", op, {"UserId": "u" * 129},
            f"'{'u' * 129}' at userId must have length less than or equal to 128"),
)]  # fmt: skip

FACE_IDS = [row for op, most in (
    ("AssociateFaces", 100), ("DisassociateFaces", 100), ("DeleteFaces", 4096), ("ListFaces", 4096)
) for row in (
    invalid("face ids of none", op, {"FaceIds": []}, "'[]' at faceIds must have length greater than or equal to 1"),
    invalid("face ids too many", op, {"FaceIds": [FACE] * (most + 1)},
            f"'[{', '.join([FACE] * (most + 1))}]' at faceIds must have length less than or equal to {most}"),
    invalid("face id in capitals, second", op, {"FaceIds": [FACE, UPPER]},
            f"'{UPPER}' at faceIds.2.member must satisfy regular expression pattern: {HEX}"),
    invalid("face id that is null", op, {"FaceIds": [FACE, None]}, "null at faceIds.2.member must not be null"),
    mistyped("face ids that are one text", op, {"FaceIds": FACE}, "Expected list or null"),
    mistyped("face ids that are a map", op, {"FaceIds": {"0": FACE}}, MAP_FOUND),
    mistyped("face id that is a number", op, {"FaceIds": [1]}, NO_STRING),
    mistyped("face id that is a list", op, {"FaceIds": [[FACE]]}, LIST_FOUND),
)] + [
    invalid("no face ids", op, {"FaceIds": None}, "null at faceIds must not be null")
    for op in ("AssociateFaces", "DisassociateFaces", "DeleteFaces")
] + [
    invalid("no face id", "SearchFaces", {"FaceId": None}, "null at faceId must not be null"),
    invalid("face id of no letters", "SearchFaces", {"FaceId": ""},
            f"'' at faceId must satisfy regular expression pattern: {HEX}"),
    invalid("face id without dashes", "SearchFaces", {"FaceId": FACE.replace("-", "")},
            f"'{FACE.replace('-', '')}' at faceId must satisfy regular expression pattern: {HEX}"),
    invalid("face id with a new line", "SearchFaces", {"FaceId": f"{FACE}\n"},
            f"'{FACE}\n' at faceId must satisfy regular expression pattern: {HEX}"),
    mistyped("face id that is a map", "SearchFaces", {"FaceId": {}}, MAP_FOUND),
    invalid("face id in capitals", "SearchUsers", {"UserId": None, "FaceId": UPPER},
            f"'{UPPER}' at faceId must satisfy regular expression pattern: {HEX}"),
]  # fmt: skip

NUMBERS = [row for op, member, least, most in (
    ("ListCollections", "MaxResults", 0, 4096), ("ListFaces", "MaxResults", 0, 4096),
    ("ListUsers", "MaxResults", 1, 500), ("SearchFaces", "MaxFaces", 1, 4096),
    ("SearchFacesByImage", "MaxFaces", 1, 4096), ("SearchUsers", "MaxUsers", 1, 500),
    ("SearchUsersByImage", "MaxUsers", 1, 500),
) for row in (
    invalid("too few", op, {member: least - 1},
            f"'{least - 1}' at {first_lower(member)} must have value greater than or equal to {least}"),
    invalid("too many", op, {member: most + 1},
            f"'{most + 1}' at {first_lower(member)} must have value less than or equal to {most}"),
    mistyped("a number in quotes", op, {member: "10"}, NO_INTEGER),
    mistyped("a list for a number", op, {member: [10]}, LIST_FOUND),
)] + [
    invalid("no faces to index", "IndexFaces", {"MaxFaces": 0},
            "'0' at maxFaces must have value greater than or equal to 1"),
    mistyped("half a face", "IndexFaces", {"MaxFaces": 0.5},
             "class java.math.BigDecimal can not be converted to an Integer"),
    mistyped("true for a number", "IndexFaces", {"MaxFaces": True},
             "class java.lang.Boolean can not be converted to an Integer"),
] + [row for op, member in (
    ("SearchFaces", "FaceMatchThreshold"), ("SearchFacesByImage", "FaceMatchThreshold"),
    ("SearchUsers", "UserMatchThreshold"), ("SearchUsersByImage", "UserMatchThreshold"),
    ("AssociateFaces", "UserMatchThreshold"), ("CompareFaces", "SimilarityThreshold"),
) for row in (
    invalid("threshold below 0", op, {member: -0.5},
            f"'-0.5' at {first_lower(member)} must have value greater than or equal to 0"),
    invalid("threshold above 100", op, {member: 101},
            f"'101.0' at {first_lower(member)} must have value less than or equal to 100"),
    mistyped("threshold in quotes", op, {member: "80"}, NO_FLOAT),
)]  # fmt: skip

WORDS = [
    row for op in ("IndexFaces", "SearchFacesByImage", "SearchUsersByImage", "CompareFaces") for row in (
        invalid("no such quality filter", op, {"QualityFilter": "BEST"},
                f"'BEST' at qualityFilter must satisfy enum value set: {QUALITIES}"),
        invalid("quality filter in small letters", op, {"QualityFilter": "auto"},
                f"'auto' at qualityFilter must satisfy enum value set: {QUALITIES}"),
        mistyped("quality filter that is a number", op, {"QualityFilter": 1}, NO_STRING),
    )
] + [
    row for op, member in (("DetectFaces", "Attributes"), ("IndexFaces", "DetectionAttributes")) for row in (
        invalid("no such attribute", op, {member: ["ALL", "HAIR"]},
                f"'HAIR' at {first_lower(member)}.2.member must satisfy enum value set: {ATTRIBUTES}"),
        mistyped("attributes that are one text", op, {member: "ALL"}, "Expected list or null"),
    )
] + [
    invalid("external id of no letters", "IndexFaces", {"ExternalImageId": ""},
            "'' at externalImageId must have length greater than or equal to 1",
            r"'' at externalImageId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
    invalid("external id of 256 letters", "IndexFaces", {"ExternalImageId": LONG},
            f"'{LONG}' at externalImageId must have length less than or equal to 255"),
    invalid("external id with a slash", "IndexFaces", {"ExternalImageId": "a/b.jpg"},
            r"'a/b.jpg' at externalImageId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
] + [
    row for op in ("ListCollections", "ListFaces", "ListUsers") for row in (
        invalid("token of 256 letters", op, {"NextToken": LONG},
                f"'{LONG}' at nextToken must have length less than or equal to 255"),
        mistyped("token that is a number", op, {"NextToken": 7}, NO_STRING),
    )
]  # fmt: skip

IMAGES = [row for op, member in WITH_IMAGE for path in [first_lower(member)] for row in (
    invalid("no image", op, {member: None}, f"null at {path} must not be null"),
    invalid("image of no bytes", op, {member: {"Bytes": ""}},
            f"'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at {path}.bytes must have length greater than or equal to "
            "1"),
    invalid("image of a byte too many", op, {member: {"Bytes": zeros(MOST_BYTES + 1)}},
            f"'java.nio.HeapByteBuffer[pos=0 lim={MOST_BYTES + 1} cap={MOST_BYTES + 1}]' at {path}.bytes must have "
            "length less than or equal to 5242880"),
    mistyped("image that is a text", op, {member: "aGVsbG8="}, "Expected null"),
    mistyped("image that is a list", op, {member: [{"Bytes": "aGVsbG8="}]}, LIST_FOUND),
    mistyped("bytes that are a number", op, {member: {"Bytes": 1}},
             "class java.math.BigDecimal can not be converted to a Blob"),
    mistyped("bytes as a data address", op, {member: {"Bytes": "data:image/png;base64,aGVsbG8==="}},
             "'data:image/png;base64,aGVsbG8===' can not be converted to a Blob: Invalid Base64 character: ':'"),
    mistyped("base64 cut short", op, {member: {"Bytes": "aGVsbG8"}},
             "'aGVsbG8' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but "
             "found: 7"),
    mistyped("base64 for addresses", op, {member: {"Bytes": "_-__"}},
             "'_-__' can not be converted to a Blob: Invalid Base64 character: '_'"),
    mistyped("a long text that is no base64", op, {member: {"Bytes": "*" * 400}},
             f"'{'*' * 64}...' can not be converted to a Blob: Invalid Base64 character: '*'"),
    invalid("bucket of two letters", op, {member: {"S3Object": {"Bucket": "ab", "Name": "n"}}},
            f"'ab' at {path}.s3Object.bucket must have length greater than or equal to 3"),
    invalid("bucket of 256 letters", op, {member: {"S3Object": {"Bucket": LONG, "Name": "n"}}},
            f"'{LONG}' at {path}.s3Object.bucket must have length less than or equal to 255"),
    invalid("bucket with a slash", op, {member: {"S3Object": {"Bucket": "a/b", "Name": "n"}}},
            rf"'a/b' at {path}.s3Object.bucket must satisfy regular expression pattern: [0-9A-Za-z\.\-_]*"),
    invalid("object without letters in its name", op, {member: {"S3Object": {"Bucket": "abc", "Name": ""}}},
            f"'' at {path}.s3Object.name must have length greater than or equal to 1"),
    invalid("object with 1025 letters in its name", op, {member: {"S3Object": {"Bucket": "abc", "Name": "n" * 1025}}},
            f"'{'n' * 1025}' at {path}.s3Object.name must have length less than or equal to 1024"),
    invalid("object version of no letters", op,
            {member: {"S3Object": {"Bucket": "abc", "Name": "n", "Version": ""}}},
            f"'' at {path}.s3Object.version must have length greater than or equal to 1"),
    mistyped("object that is a text", op, {member: {"S3Object": "s3://abc/n"}}, "Expected null"),
    mistyped("bucket that is a list", op, {member: {"S3Object": {"Bucket": ["abc"]}}}, LIST_FOUND),
)]  # fmt: skip

TAGS = [row for op in ("ListTagsForResource", "TagResource", "UntagResource") for row in (
    invalid("no resource", op, {"ResourceArn": None}, "null at resourceArn must not be null"),
    invalid("resource of 19 letters", op, {"ResourceArn": ARN[:19]},
            f"'{ARN[:19]}' at resourceArn must have length greater than or equal to 20"),
    invalid("resource of 2049 letters", op, {"ResourceArn": "r" * 2049},
            f"'{'r' * 2049}' at resourceArn must have length less than or equal to 2048"),
    mistyped("resource that is a map", op, {"ResourceArn": {"Arn": ARN}}, MAP_FOUND),
)] + [row for op in ("TagResource", "CreateCollection") for row in (
    invalid("tag of no letters", op, {"Tags": {"": "v"}},
            "'' at tags.key must have length greater than or equal to 1"),
    invalid("tag of 129 letters", op, {"Tags": {"k" * 129: "v"}},
            f"'{'k' * 129}' at tags.key must have length less than or equal to 128"),
    invalid("tag of AWS's own", op, {"Tags": {"aws:name": "v"}},
            f"'aws:name' at tags.key must satisfy regular expression pattern: {TAG_KEY}"),
    invalid("tag with a star", op, {"Tags": {"ключ*": "v"}},
            f"'ключ*' at tags.key must satisfy regular expression pattern: {TAG_KEY}"),
    invalid("value of 257 letters", op, {"Tags": {"k": "v" * 257}},
            f"'{'v' * 257}' at tags.k.member must have length less than or equal to 256"),
    invalid("value with a bracket", op, {"Tags": {"k": "<b>"}},
            f"'<b>' at tags.k.member must satisfy regular expression pattern: {TAG_VALUE}"),
    invalid("201 tags", op, {"Tags": {f"k{number}": "" for number in range(201)}},
            f"'{{{', '.join(f'k{number}=' for number in range(201))}}}' at tags must have length less than or equal "
            "to 200"),
    mistyped("tags as a list of pairs", op, {"Tags": [{"Key": "k", "Value": "v"}]}, LIST_FOUND),
    mistyped("tags that are a text", op, {"Tags": "k=v"}, "Expected map or null"),
    mistyped("value that is a number", op, {"Tags": {"k": 1}}, NO_STRING),
)] + [
    invalid("no tags", "TagResource", {"Tags": None}, "null at tags must not be null"),
    invalid("no tag keys", "UntagResource", {"TagKeys": None}, "null at tagKeys must not be null"),
    invalid("201 tag keys", "UntagResource", {"TagKeys": ["k"] * 201},
            f"'[{', '.join(['k'] * 201)}]' at tagKeys must have length less than or equal to 200"),
    invalid("tag key of no letters", "UntagResource", {"TagKeys": ["k", ""]},
            "'' at tagKeys.2.member must have length greater than or equal to 1"),
    invalid("tag key of AWS's own", "UntagResource", {"TagKeys": ["aws:k"]},
            f"'aws:k' at tagKeys.1.member must satisfy regular expression pattern: {TAG_KEY}"),
    mistyped("tag keys that are a text", "UntagResource", {"TagKeys": "k"}, "Expected list or null"),
]  # fmt: skip

# The grammar once more, spelled out: two errors, and no more than ten of many.
SEVERAL = [
    Row("nothing at all", "SearchFaces", b"{}", 400, "ValidationException",
        "2 validation errors detected: Value null at 'collectionId' failed to satisfy constraint: Member must not be "
        "null; Value null at 'faceId' failed to satisfy constraint: Member must not be null"),
    Row("nulls for everything", "SearchFaces", b'{"CollectionId":null,"FaceId":null,"MaxFaces":null}', 400,
        "ValidationException",
        "2 validation errors detected: Value null at 'collectionId' failed to satisfy constraint: Member must not be "
        "null; Value null at 'faceId' failed to satisfy constraint: Member must not be null"),
    Row("a wrong member and a missing one", "CompareFaces", b'{"TargetImage":{"Bytes":""}}', 400, "ValidationException",
        "2 validation errors detected: Value null at 'sourceImage' failed to satisfy constraint: Member must not be "
        "null; Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'targetImage.bytes' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1"),
    invalid("twelve wrong, ten told", "DeleteFaces", {"FaceIds": ["x"] * 12},
            *(f"'x' at faceIds.{n}.member must satisfy regular expression pattern: {HEX}" for n in range(1, 11))),
    invalid("a type and a pattern come in that order", "IndexFaces", {"CollectionId": "a b", "ExternalImageId": "/"},
            r"'a b' at collectionId must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+",
            r"'/' at externalImageId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
    mistyped("a wrong type is told before a wrong pattern", "ListFaces", {"CollectionId": "a b", "MaxResults": "1"},
             NO_INTEGER),
    invalid("a wrong member of a collection that is not there", "ListFaces", {"CollectionId": "nowhere", "UserId": "/"},
            r"'/' at userId must satisfy regular expression pattern: [a-zA-Z0-9_.\-:]+"),
]  # fmt: skip

ROWS = COLLECTION_IDS + USER_IDS + FACE_IDS + NUMBERS + WORDS + IMAGES + TAGS + SEVERAL
