#!/bin/sh
# Renews tests/golden/records: batches made by Apache Kafka 3.4.0 and by Debian's kafka-python.
#   tests/tools/renew_record_golden.sh LIBS    LIBS: the libs/ directory of a Kafka 3.4.0 distribution; needs java 11+
#                                              and python3-kafka with the codecs that it finds
set -eu
[ $# -eq 1 ] || { sed -n 2,5p "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
golden=$here/../golden/records
mkdir -p "$golden"
java -cp "$1/*" "$here/KafkaRecordGolden.java" "$golden/java.txt"
/usr/bin/python3 "$here/kafka_python_records.py" > "$golden/kafka_python.txt"
