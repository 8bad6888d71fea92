#!/bin/bash
# Kafka in its container: the disk formatted where it is new, with the first user; then the broker, as pid 1's only child.
# ADVERTISED: what clients are told of the doors. The rest comes from the secrets, which `make compose-secrets` makes.
set -euo pipefail
umask 077

data=/var/lib/kafka/data
options=(
    -Xms256m -Xmx512m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -Djava.awt.headless=true
    -Dlog4j2.configurationFile=/etc/portolano/log4j2.properties
    -cp '/opt/kafka/libs/*'
)

{ cat /run/secrets/kafka/server.properties; echo "advertised.listeners=$ADVERTISED"; } >/tmp/server.properties

if [ ! -d "$data/log" ]; then
    # Beside its place first: half a format must not be started.
    rm -rf "$data/draft"
    sed "s#^log\.dirs=.*#log.dirs=$data/draft#" /tmp/server.properties >/tmp/format.properties
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
    # The password goes through a file that java itself reads: a command line is for all on the machine to see.
    printf '"%s"\n' "${options[@]}" kafka.tools.StorageTool format -t "$cluster" -c /tmp/format.properties \
        --add-scram "SCRAM-SHA-512=[name=admin,password=$(cat /run/secrets/kafka/admin)]" >/tmp/format.arguments
    "$JAVA_HOME/bin/java" @/tmp/format.arguments
    rm /tmp/format.arguments /tmp/format.properties
    mv "$data/draft" "$data/log"
fi

exec "$JAVA_HOME/bin/java" "${options[@]}" kafka.Kafka /tmp/server.properties
