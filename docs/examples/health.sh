#!/bin/sh
# Does mien live, and can it work? Exits with 1 where it cannot.
#
#     sh health.sh http://127.0.0.1:6436
set -eu
mien=${1:-http://127.0.0.1:6436}
curl --silent --show-error --fail "$mien/healthz"
curl --silent --show-error --fail-with-body "$mien/readyz"
echo
