#!/bin/sh
# Installs the Debian packages of a lane, each lane including those before it: build, test, interop, check.
# Does nothing when they are there; needs root or sudo only when something is missing.
set -eu

build="g++ cmake ninja-build ccache pkg-config libboost1.81-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev
zlib1g-dev liblz4-dev libzstd-dev libsnappy-dev libisal-dev libssl-dev libedit-dev"
test="$build doctest-dev python3 python3-pytest python3-kafka python3-kazoo python3-pure-sasl python3-confluent-kafka python3-snappy python3-lz4 python3-zstandard kafkacat zookeeper zookeeper-bin librdkafka-dev
libzookeeper-mt-dev default-jre-headless netcat-openbsd procps time zsh fish iproute2 util-linux"
interop="$test python3-pip maven nodejs npm golang-go"
check="$test clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev"

case ${1:-} in
  build) wanted=$build ;;
  test) wanted=$test ;;
  interop) wanted=$interop ;;
  check) wanted=$check ;;
  *) echo "usage: packages.sh build|test|interop|check" >&2; exit 2 ;;
esac

missing=
for p in $wanted; do
  # Tools that were installed by other means count too.
  case $p in
    maven) command -v mvn > /dev/null && continue ;;
    nodejs) command -v node > /dev/null && continue ;;
    npm) command -v npm > /dev/null && continue ;;
    golang-go) command -v go > /dev/null && continue ;;
    default-jre-headless) command -v java > /dev/null && continue ;;
  esac
  dpkg-query -W -f '${Status}' "$p" 2> /dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || { echo "packages are missing and there is no sudo; as root: apt-get install$missing" >&2; exit 1; }
  as_root=sudo
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
