# The Debian 12 packages that wheelwork needs, by purpose; sourced by the other scripts.
# shellcheck shell=bash disable=SC2034  # each script uses some of the lists

# To compile and link (cmake/dependencies.cmake names the libraries).
packages_build=(
  g++ cmake ninja-build pkg-config
  libcaf-dev              # actors
  libabsl-dev             # hash maps
  libboost-dev            # Beast and Asio, headers only
  libcurl4-openssl-dev    # HTTP callbacks
  libsqlite3-dev
  libpqxx-dev libpq-dev
  libmariadb-dev
  libhiredis-dev          # Redis
  librdkafka-dev          # Kafka
  nlohmann-json3-dev libsimdjson-dev
  libspdlog-dev libfmt-dev
  prometheus-cpp-dev
  libtoml11-dev libcli11-dev
  libexpected-dev         # tl::expected
  libhowardhinnant-date-dev
  libsodium-dev
  libyaml-cpp-dev         # import from services that are configured so
)
# At run time beside the libraries; the samples of examples/quickstart are Python and shell.
packages_run=(tzdata)
packages_quickstart=(python3)
packages_test=(libgtest-dev libgmock-dev tzdata openssl postgresql pgbouncer mariadb-server redis-server curl nginx-light # the tests start servers of their own
  openjdk-17-jre-headless maven) # Kafka, which Debian does not have (scripts/kafka)
packages_check=(clang-format clang-tidy shellcheck)
packages_benchmark=(libbenchmark-dev wrk nginx-light curl python3 postgresql mariadb-server redis-server openjdk-17-jre-headless maven)

# need_packages PACKAGE...: installs those that are missing, and nothing else. Asks for root rights only when something is missing.
need_packages() {
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      echo "These packages are missing and need root to install: apt-get install ${missing[*]}" >&2
      return 1
    }
    root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${root[@]}" apt-get -qq update </dev/null >&2 &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null >&2
}
