# Builds a preset and runs its tests, sums up over several runs; sourced by scripts/test and scripts/tsan.
# shellcheck shell=bash

passed=0 failed=0 skipped=0
run_prefix=()
mkdir -p build
failures=$PWD/build/failures.log
: >"$failures"

# run_preset NAME [CMAKE-OPTION...] -- [CTEST-OPTION...]: a build that fails counts as one failed test, so that the other presets still run.
run_preset() {
  local preset=$1 cmake_options=()
  shift
  while (($#)) && [[ $1 != -- ]]; do cmake_options+=("$1") && shift; done
  shift
  echo "== $preset: build"
  mkdir -p build
  local began=$SECONDS
  if ! cmake --preset "$preset" "${cmake_options[@]}" >"build/$preset-cmake.log" 2>&1; then
    cat "build/$preset-cmake.log"
    echo "== $preset: cmake failed"
    failed=$((failed + 1))
    return 0
  fi
  if ! cmake --build --preset "$preset" --target all -- -k 0; then
    echo "== $preset: the build failed"
    failed=$((failed + 1))
    return 0
  fi
  echo "== $preset: built in $((SECONDS - began)) s; tests"
  began=$SECONDS
  local results=$PWD/build/$preset/results.xml status=0
  rm -f "$results"
  "${run_prefix[@]}" ctest --preset "$preset" -j3 --no-tests=error --output-junit "$results" "$@" </dev/null || status=$?
  echo "== $preset: tests took $((SECONDS - began)) s"
  add_results "$results" "$status"
}

# Adds up what ctest wrote, and prints why tests were skipped.
add_results() {
  local results=$1 status=$2 tests=0 bad=0 ignored=0
  if [[ -s $results ]]; then
    local head
    head=$(sed -n '/<testsuite/,/>/p' "$results" | tr '\n\t' '  ')
    tests=$(sed -n 's/.* tests="\([0-9]*\)".*/\1/p' <<<"$head")
    bad=$(sed -n 's/.* failures="\([0-9]*\)".*/\1/p' <<<"$head")
    ignored=$(sed -n 's/.* \(disabled\)="\([0-9]*\)".*/\2/p' <<<"$head")
    ignored=$((ignored + $(sed -n 's/.* skipped="\([0-9]*\)".*/\1/p' <<<"$head")))
    explain_skipped "$results"
    remember_failed "$results" >>"$failures"
  fi
  # ctest that ends badly without naming a failed test is itself a failure.
  ((status == 0 || bad > 0)) || bad=1
  passed=$((passed + tests - bad - ignored)) failed=$((failed + bad)) skipped=$((skipped + ignored))
}

explain_skipped() {
  awk '/<testcase/ { name = $0; sub(/.* name="/, "", name); sub(/".*/, "", name); skipped = /status="notrun"/ }
       /<skipped|<disabled/ { skipped = 1 }
       skipped && /: Skipped$/ { getline reason; if (reason != "") { print "skipped " name ": " reason; told[name] = 1 } }
       skipped && /<\/testcase>/ && !(name in told) { print "skipped " name ": it gave no reason" }' "$1"
}

# What failed tests said where they failed, else the end of it. Short, for the log of thousands of tests is often cut in its middle.
remember_failed() {
  awk -v build="${1%/results.xml}" '
    function tell(   line, shown, from) {
      if (!failed) return
      sub(/ +# GetParam.*/, "", name)
      print "== failed: " name " (" build ")"
      for (line = 0; line < lines && shown < 30; ++line) {
        if (said[line] ~ /: Failure$|rror: |SUMMARY|terminate called|\(Timeout\)/) from = line + 12
        else if (said[line] ~ /^\[ |^ *$|^Running main|^Note: /) from = 0
        if (line < from) { print substr(said[line], 1, 300); ++shown }
      }
      if (!shown) for (line = (lines > 15 ? lines - 15 : 0); line < lines; ++line) print substr(said[line], 1, 300)
    }
    /<testcase/ { tell(); name = $0; sub(/.* name="/, "", name); sub(/".*/, "", name); failed = /status="fail"/; lines = 0; next }
    /^[ \t]*<\/?(failure|testcase|testsuite|properties|property)/ { next }
    { sub(/^[ \t]*<system-out>/, ""); said[lines++] = $0 }
    END { tell() }' "$1"
}

# The last line of a test script, and its exit status.
finish_runs() {
  cat "$failures"
  echo "$passed passed, $failed failed, $skipped skipped"
  ((failed == 0)) || exit 1
  exit 0
}
