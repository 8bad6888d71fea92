#!/bin/bash
# Whether the broker answers: it is asked for its API versions, which it tells before any login. Kafka's own tools would
# start a Java every few seconds for it; a mere connection is taken by the kernel even where the broker has hung.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/9092
# Length 10, key 18 (ApiVersions), version 0, correlation id "port", no client id.
printf '\0\0\0\012\0\022\0\0port\377\377' >&3
# Of the answer: length (4), the same correlation id (4), error code 0 (2).
answer=$(head -c 10 <&3 | od -An -tx1 | tr -d ' \n')
[[ $answer == ????????706f72740000 ]]
