# What ./run, ./test and ./dev share: packages, build, models. Sourced with the project's root as working directory.

# "package", or "command=package" where any program of that name will do. Names hold for Debian 12, Debian 13 and
# Ubuntu 24.04; Boost's are found by boost_packages.
RUN_PACKAGES=(g++ cmake ninja=ninja-build pkg-config=pkgconf ca-certificates curl=curl python3=python3 pip3=python3-pip
  libcurl4-openssl-dev libssl-dev libfmt-dev libcli11-dev libtomlplusplus-dev libpcre2-dev libutf8proc-dev libedit-dev libsqlite3-dev)
TEST_PACKAGES=(libgtest-dev python3-venv node=nodejs npm=npm openssl=openssl)
ALL_PACKAGES=(qemu-x86_64-static=qemu-user-static)
DEV_PACKAGES=(git=git clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev)

OLDEST_BOOST=1.81

export LSAN_OPTIONS=suppressions=$PWD/tools/leaks.txt:print_suppressions=0

die() {
  echo "error: $*" >&2
  exit 1
}

# The names among stdin's libboost-jsonX.Y-dev that are new enough, newest last.
new_enough_boost() {
  sed -n 's/^libboost-json\(1\.[0-9]*\)-dev$/\1/p' | { cat; echo "$OLDEST_BOOST"; } | sort -uV |
    sed -n "/^$OLDEST_BOOST\$/,\$p"
}

# Boost's package names carry its version: what is installed, else the newest that apt offers.
boost_packages() {
  local offered version
  offered=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'libboost-json1.*-dev' 2>/dev/null | sed -n 's/^ii *//p')
  [ -n "$offered" ] || offered=$(apt-cache pkgnames libboost-json1. 2>/dev/null)
  version=$(new_enough_boost <<<"$offered" | tail -n 1)
  echo "libboost$version-dev" "libboost-json$version-dev"
}

missing_packages() {
  local entry wanted=() installed
  for entry in "$@"; do
    if [[ $entry == *=* ]] && command -v "${entry%%=*}" >/dev/null; then continue; fi
    wanted+=("${entry#*=}")
  done
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^ii *//p')
  for entry in "${wanted[@]}"; do
    [[ $'\n'$installed$'\n' == *$'\n'$entry$'\n'* ]] || echo "$entry"
  done
}

# install_packages PACKAGE…: says what is missing and installs it, as root or through sudo.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "This is not Debian or Ubuntu; if the build fails, install the equivalents of: ${*#*=} Boost >= $OLDEST_BOOST"
    return
  fi
  # shellcheck disable=SC2046
  local missing=($(missing_packages "$@" $(boost_packages))) as_root=()
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
      echo "These packages are missing, and installing them needs root. Run this as root, then start again:"
      echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "Packages to install (apt):"
  printf '  %s\n' "${missing[@]}"
  "${as_root[@]}" apt-get update -qq || echo "apt-get update failed; going on with the lists that are here"
  # shellcheck disable=SC2046
  missing=($(missing_packages "$@" $(boost_packages)))  # fresh lists may offer a newer Boost
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
    die "apt could not install: ${missing[*]}"
}

# build PRESET TESTS [TARGET…]: configures when needed, then builds what changed. TESTS is ON or OFF; a folder that
# already builds tests keeps doing so.
build() {
  local preset=$1 tests=$2 folder=build/$1
  shift 2
  if [ ! -f "$folder/build.ninja" ] ||
    { [ "$tests" = ON ] && ! grep -q '^UNDERSTUDY_TESTS:BOOL=ON' "$folder/CMakeCache.txt"; }; then
    cmake --preset "$preset" "-DUNDERSTUDY_TESTS=$tests" -Wno-dev --log-level=NOTICE || return 1
  fi
  ninja -C "$folder" --quiet "$@"
}
