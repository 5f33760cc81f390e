#!/usr/bin/env bash
# `make golden`: renews the golden bytes from real peers (tests/tools/peers.sh fetches them). The schema and configuration
# tables have their own scripts, which take a Kafka source tree or tables as arguments: renew_kafka_schema.py,
# kafka_config_facts.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/peers.sh
libs=build/peers/kafka-3.4.0/libs
tests/tools/renew_kafka_messages.sh $libs
tests/tools/renew_record_golden.sh $libs
for release in 3.4.0 2.7.1; do /usr/bin/python3 tests/tools/record_kafka_files.py $release; done

work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 20000))
printf 'tickTime=2000\ndataDir=%s/zk\nclientPort=%s\nadmin.enableServer=false\n4lw.commands.whitelist=*\n' "$work" $port > "$work/zoo.cfg"
java -Xmx256M -cp '/usr/share/java/*' org.apache.zookeeper.server.quorum.QuorumPeerMain "$work/zoo.cfg" > "$work/zk.log" 2>&1 &
broker=$((port + 1))
printf '%s\n' broker.id=0 "listeners=PLAINTEXT://127.0.0.1:$broker" "log.dirs=$work/kafka" "zookeeper.connect=127.0.0.1:$port" \
  log.segment.bytes=1073741824 log.retention.hours=100 num.network.threads=3 offsets.topic.replication.factor=1 \
  ssl.key.password=secret > "$work/server.properties"
java -Xmx384M -cp "$libs/*" kafka.Kafka "$work/server.properties" > "$work/kafka.log" 2>&1 &
for _ in $(seq 300); do
  (exec 3<> /dev/tcp/127.0.0.1/$broker) 2> /dev/null && break
  read -rt 0.2 < <(:) || true
done
/usr/bin/python3 tests/tools/record_describe_configs.py 127.0.0.1:$broker
git diff --stat -- tests/golden
