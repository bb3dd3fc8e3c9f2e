"""Who is in a photograph? People are enrolled from photographs that are named after them.

python who.py us.jpg people/anna.jpg people/bert.jpg
"""

import sys
from pathlib import Path

import boto3  # finds mien by AWS_ENDPOINT_URL_REKOGNITION, and its key as it finds any

COLLECTION = "who-python"


def main(question: str, *people: str) -> None:
    mien = boto3.client("rekognition")
    mien.create_collection(CollectionId=COLLECTION)
    try:
        for photograph in map(Path, people):
            indexed = mien.index_faces(
                CollectionId=COLLECTION,
                Image={"Bytes": photograph.read_bytes()},
                ExternalImageId=photograph.stem,
                MaxFaces=1,
            )
            for refused in indexed["UnindexedFaces"]:
                print(f"{photograph.name}: a face was left out, {', '.join(refused['Reasons'])}", file=sys.stderr)
        try:
            found = mien.search_faces_by_image(
                CollectionId=COLLECTION, Image={"Bytes": Path(question).read_bytes()}, FaceMatchThreshold=90
            )
        except mien.exceptions.InvalidParameterException as error:
            print(error.response["Error"]["Message"])
            return
        for match in found["FaceMatches"]:
            print(match["Face"]["ExternalImageId"], f"{match['Similarity']:.1f}")
        if not found["FaceMatches"]:
            print("unknown")
    finally:
        mien.delete_collection(CollectionId=COLLECTION)


if __name__ == "__main__":
    main(*sys.argv[1:])
