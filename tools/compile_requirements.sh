#!/bin/sh
# Compile every requirements/*.in to a hash-pinned *.txt that names no index.
set -eu
cd "$(dirname "$0")/.."
uv="${VIDEOCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/videoctl}/uv/bin/uv"
command -v "$uv" >/dev/null 2>&1 || uv=uv
for name in uv runtime sandbox dev; do
    "$uv" pip compile -q --generate-hashes --universal --no-header -p 3.11 \
        "requirements/$name.in" -o "requirements/$name.txt" "$@"
done
"$uv" pip compile -q --generate-hashes --no-header -p 3.11 requirements/flink.in -o requirements/flink.txt "$@"
"$uv" pip compile -q --generate-hashes --universal --no-header -p 3.11 \
    jobs/http_handler/requirements.in -o jobs/http_handler/requirements.txt "$@"
