#!/bin/sh
# Installs kz, its man pages and completions, and the two homes that scripts name.
# usage: install.sh KZ DESTDIR PREFIX KAFKA_HOME ZOOKEEPER_HOME
set -eu
kz=$1 dest=$2 prefix=$3 kafka=$4 zookeeper=$5
here=$(dirname "$0")/../..

install -D -m 755 "$kz" "$dest$prefix/bin/kz"
for page in "$here"/man/*.1; do [ -e "$page" ] && install -D -m 644 "$page" "$dest$prefix/share/man/man1/$(basename "$page")"; done
install -D -m 644 "$here/completions/kz.bash" "$dest$prefix/share/bash-completion/completions/kz"
install -D -m 644 "$here/completions/_kz" "$dest$prefix/share/zsh/site-functions/_kz"
install -D -m 644 "$here/completions/kz.fish" "$dest$prefix/share/fish/vendor_completions.d/kz.fish"

# Links are relative, so that the tree can be moved as a whole; kz finds its home through the link's own path.
link() {
  mkdir -p "$(dirname "$dest$1")"
  ln -sf "$(realpath -m --relative-to="$(dirname "$dest$1")" "$dest$prefix/bin/kz")" "$dest$1"
}
"$kz" help --names | tr ' ' '\n' | grep '\.sh$' | while read -r name; do
  case $name in
    zk*) link "$zookeeper/bin/$name" ;;
    *) link "$kafka/bin/$name" ;;
  esac
done
# A configuration that was edited is kept.
sample() { [ -e "$dest$2" ] || install -D -m 644 "$here/cmd/config/$1" "$dest$2"; }
sample server.properties "$kafka/config/server.properties"
sample zookeeper.properties "$kafka/config/zookeeper.properties"
sample producer.properties "$kafka/config/producer.properties"
sample consumer.properties "$kafka/config/consumer.properties"
install -D -m 644 "$here/cmd/config/zoo_sample.cfg" "$dest$zookeeper/conf/zoo_sample.cfg"
echo "installed: $prefix/bin/kz, $kafka/bin, $zookeeper/bin"
