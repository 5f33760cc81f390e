#!/usr/bin/env bash
# Fetches the peers that Debian does not have, once, into build/peers: Apache Kafka 2.7.1 and 3.4.0 (Maven Central),
# kafkajs (npm), kazoo's sources with its tests (PyPI). Prints nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=build/peers
mkdir -p $peers

kafka() {  # release
  local dir=$peers/kafka-$1
  [ -e "$dir/.complete" ] && return
  mkdir -p "$dir"
  cat > "$dir/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kz</groupId><artifactId>peers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$1</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
  echo "fetching Apache Kafka $1"
  mvn -q -B -f "$dir/pom.xml" dependency:copy-dependencies -DoutputDirectory=libs -DexcludeArtifactIds=slf4j-log4j12 > "$dir/mvn.log" 2>&1 || { tail -5 "$dir/mvn.log" >&2; exit 1; }
  touch "$dir/.complete"
}
kafka 3.4.0
kafka 2.7.1

if [ ! -e $peers/npm/.complete ]; then
  echo "fetching kafkajs"
  mkdir -p $peers/npm
  (cd $peers/npm && npm init -y > /dev/null && npm install --no-audit --no-fund --silent kafkajs@2.2.4 > npm.log 2>&1) || { tail -5 $peers/npm/npm.log >&2; exit 1; }
  touch $peers/npm/.complete
fi

# The sdist has the tests; beside it what they import.
if [ ! -e $peers/kazoo/.complete ]; then
  echo "fetching kazoo"
  rm -rf $peers/kazoo
  mkdir -p $peers/kazoo
  (cd $peers/kazoo && /usr/bin/python3 -m pip download -q --no-deps --no-binary kazoo kazoo==2.11.0 &&
    /usr/bin/python3 -m pip install -q --root-user-action ignore --target lib ./kazoo-2.11.0.tar.gz pyjks==20.0.0 pyOpenSSL==23.2.0 \
      objgraph==3.6.1 pytest==7.4.4 pytest-timeout==2.2.0 gevent==23.9.1 eventlet==0.35.2 pure_sasl==0.6.2) > $peers/kazoo.log 2>&1 || { tail -5 $peers/kazoo.log >&2; exit 1; }
  touch $peers/kazoo/.complete
fi
