#!/usr/bin/env bash
# `make demo`: the main job on real input. A server in a temporary directory, a topic of 3 partitions, a real text file
# through the console producer and back, SIGKILL, start again, everything read once more and compared by key.
set -euo pipefail
kz=$(realpath "${1:-build/kz}")
dir=$(mktemp -d /tmp/kz-demo.XXXXXX)
server=
cleanup() {
  [ -z "$server" ] || kill -9 "$server" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT

input=/var/lib/dpkg/status
[ -r $input ] || { input=$dir/words; seq 1 20000 | sed 's/.*/line number & of a made-up text/' > "$input"; }
awk '{ print NR "\t" $0 }' $input > "$dir/in"
lines=$(wc -l < "$dir/in")

now() { date +%s%N; }
report() { printf '  %-46s %6d ms\n' "$1" $((($(now) - $2) / 1000000)); }

start_server() {
  "$kz" dev --data-dir "$dir/data" --zookeeper-port "${zk_port:-0}" --port "${port:-0}" > "$dir/server.log" 2>&1 &
  server=$!
  for _ in $(seq 1 2000); do
    address=$(sed -nE 's/.*broker on ([^ ,]+).*/\1/p' "$dir/server.log" | head -1)
    [ -n "$address" ] && return 0
    kill -0 $server 2> /dev/null || break
    read -rt 0.005 < <(:) || true
  done
  echo "kz dev did not start:" >&2
  cat "$dir/server.log" >&2
  exit 1
}

read_back() {  # file
  timeout 120 "$kz" console-consumer --bootstrap-server "$address" --topic demo --from-beginning --max-messages "$lines" \
    --property print.key=true > "$1" 2> "$dir/consumer.err" || { cat "$dir/consumer.err" >&2; exit 1; }
  sort -n -k1,1 -s "$1" | cmp - "$dir/in" || { echo "what came back differs from what was sent" >&2; exit 1; }
}

echo "kz demo: $lines lines of $input"
t=$(now); start_server; report "start ZooKeeper and a broker ($address)" "$t"
t=$(now); "$kz" topics --bootstrap-server "$address" --create --topic demo --partitions 3 --replication-factor 1 > "$dir/create.out"
grep -q '^Created topic demo\.$' "$dir/create.out"; report "create topic demo with 3 partitions" "$t"
t=$(now); "$kz" console-producer --bootstrap-server "$address" --topic demo --property parse.key=true < "$dir/in"; report "console-producer: $lines records" "$t"
t=$(now); read_back "$dir/out1"; report "console-consumer: every byte compared by key" "$t"
port=${address##*:}
t=$(now); kill -9 $server; wait $server 2> /dev/null || true; start_server; report "SIGKILL, started again" "$t"
t=$(now); read_back "$dir/out2"; report "everything read and compared once more" "$t"
kill -TERM $server
wait $server 2> /dev/null || true
server=
echo "demo passed: $lines records survived SIGKILL"
