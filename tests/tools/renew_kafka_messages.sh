#!/bin/sh
# Renews tests/golden/kafka_messages with Apache Kafka 3.4.0's own classes.
#   tests/tools/renew_kafka_messages.sh LIBS    LIBS: the libs/ directory of a Kafka 3.4.0 distribution; needs java 11+
set -eu
[ $# -eq 1 ] || { sed -n 2,3p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/../golden/kafka_messages
mkdir -p "$golden"
rm -f "$golden"/*.txt
java -cp "$1/*" "$here/KafkaMessageGolden.java" "$golden"
