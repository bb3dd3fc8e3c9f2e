#!/bin/sh
# Who is in a photograph? People are enrolled from photographs that are named after them.
#
#     sh who.sh us.jpg people/anna.jpg people/bert.jpg
set -eu
collection=who-shell # the AWS CLI finds mien by AWS_ENDPOINT_URL_REKOGNITION, and its key as it finds any
question=$1
shift

aws rekognition create-collection --collection-id $collection >/dev/null
trap 'aws rekognition delete-collection --collection-id $collection >/dev/null' EXIT
for photograph in "$@"; do
    name=$(basename "$photograph")
    aws rekognition index-faces --collection-id $collection --image-bytes "fileb://$photograph" \
        --external-image-id "${name%.*}" --max-faces 1 >/dev/null
done
found=$(aws rekognition search-faces-by-image --collection-id $collection --image-bytes "fileb://$question" \
    --face-match-threshold 90 --query 'FaceMatches[].[Face.ExternalImageId, Similarity]' --output text)
echo "${found:-unknown}"
