#!/bin/sh
# A gate for a CI pipeline: checks every facts file given, keeps the reports, and fails where
# something is broken and not cured since. Usage: gate.sh PACK OUT FACTS…
set -u
pack=$1 out=$2
shift 2
mkdir -p "$out"
worst=0
for facts in "$@"; do
    name=$(basename "$(dirname "$facts")")
    checker check "$pack" "$facts" --fail-on continuing \
        --output "json=$out/$name.json" --output "text=$out/$name.txt" \
        --output "sarif=$out/$name.sarif" --output "junit=$out/$name.xml" > /dev/null
    code=$?
    echo "$name: exit code $code"
    # 4 (a fault of ours) and 2 (wrong input) outrank 1 (broken); 3 (undetermined) only warns
    case $code in
        1 | 2 | 4) [ "$code" -gt "$worst" ] && worst=$code ;;
    esac
done
exit "$worst"
