#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope cat: parts of sealed files of both lengths of segments, only a few segments of a large
# one are read, and a truncated or extended file gives no output. (tests/unit/tools/test_tool_cat.c
# counts the bytes that are read for every kind of part.)
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/files.sh
source "$source_dir/tests/lib/files.sh"
make_usual

stream 1000000 >plain
seal -in plain -out small 2>/dev/null
with_envelope "$ENVELOPE_PROGRAMS/one_update" 1000000 ENVELOPE-64K >large
tool open large -o large.plain >/dev/null || fail "the large one does not open"

check_part() { # sealed, plain, offset, length or nothing
    local length=${4-}
    if [[ -n $length ]]; then
        part "$2" "$3" "$length" >wanted
    else
        tail -c +$(($3 + 1)) "$2" >wanted
    fi
    tool cat --offset "$3" ${length:+--length "$length"} "$1" >out 2>err || fail "$1 $3 $length: $(<err)"
    cmp wanted out || fail "$1 $3 $length: other bytes"
    [[ ! -s err ]] || fail "output on stderr: $(<err)"
}
for sealed in small large; do
    plain=plain
    [[ $sealed == small ]] || plain=large.plain
    for offset in 0 1 4095 4096 65535 65536 65537 500000 999999 1000000; do
        check_part $sealed $plain $offset
        for length in 0 1 4096 100000; do
            check_part $sealed $plain $offset $length
        done
    done
    tool cat $sealed | cmp - $plain || fail "$sealed as a whole"
done
tool cat --offset 64K --length 1M small | cmp - <(tail -c +65537 plain) || fail "sizes in units"

# How much of a file is read, as the kernel is asked: of a gigabyte no more than of a megabyte.
: >sparse
truncate -s 1000000000 sparse
does seal --no-read-back sparse
faults=$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")
env OPENSSL_CONF="$work/$cnf" "${sanitizer_env[@]}" "FAULT_DIR=$work/sparse.sealed" FAULT_LOG="$work/log" \
    LD_PRELOAD="$faults" "$ENVELOPE_MODULE_DIR/envelope" cat --offset 500000000 \
    --length 10000 sparse.sealed | cmp - <(head -c 10000 /dev/zero) || fail "of a large file"
reads=$(grep -c ' pread ' log)
((reads == 3)) || fail "$reads reads: the last segment's length, it, and those of the part: $(<log)"
rm sparse sparse.sealed

# ---- truncated or extended: there is no output of any part ----

for sealed in small large; do
    body=$(($(header_length $sealed) + 74))
    segment=4128
    [[ $sealed == small ]] || segment=65568
    head -c $((body + 7 * segment)) $sealed >shorter
    for offset in 0 100000 400000; do
        refuses TRUNCATED '' cat --offset $offset --length 10 shorter
        [[ ! -s out ]] || fail "output from a truncated file"
    done
    head -c -1 $sealed >shorter
    refuses TRUNCATED '' cat --length 1 shorter
    { cat $sealed && head -c $segment $sealed; } >longer
    refuses BAD_SEGMENT_LENGTH '' cat --length 1 longer
    [[ ! -s out ]] || fail "output from an extended file"
    { cat $sealed && echo; } >longer
    refuses TRAILING_DATA '' cat --length 1 longer
    cp $sealed altered
    flip altered $((body + 3 * segment + 100))
    refuses BAD_SEGMENT '' cat --offset $((3 * (segment - 32))) --length 1 altered
    tool cat --length 1 altered | cmp - <(tool cat --length 1 $sealed) ||
        fail "a segment outside the range was read"
    flip altered $(($(stat -c %s altered) - 1))
    refuses BAD_SEGMENT '' cat --length 1 altered
done
refuses RANGE_PAST_END 'it has 1000000 bytes' cat --offset 1000001 small
refuses NOT_A_MESSAGE '' cat plain
openssl base64 -in small -out in.base64
refuses MESSAGE_IN_BASE64 '' cat in.base64
refuses FILE_UNSAFE 'envelope open reads streams' cat /dev/null
status=0
tool cat - < <(cat small) >out 2>err || status=$?
[[ $status == 1 && ! -s out ]] || fail "a part of a stream: status $status"
refuses FILE_FAILED 'No such file' cat nothing
refuses CONTEXT_MISMATCH 'the context that was given has 1 byte' cat --context x small

# ---- usage, JSON, the audit log ----

tool_complains 'one FILE is needed' cat small large
tool_complains 'FILE is missing' cat
tool_complains 'take bytes' cat --offset x small
tool_complains 'take bytes' cat --length -1 small
tool cat --json --offset 10 --length 20 small 2>json | cmp - <(part plain 10 20) || fail "--json"
json_is 0 tojson '{"type":"file","path":"small","length":20,"plaintext_length":1000000}'
status=0
tool cat --json shorter 2>json >out || status=$?
json_is 0 '[.path, .length, .reason] | tojson' "[\"shorter\",0,$(reason_number TRUNCATED)]"
status=0
tool cat small >/dev/full 2>err || status=$?
((status == 1)) || fail "a full device: status $status"
grep -qF 'write: No space left on device' err || fail "$(<err)"
write_cnf "audit-log=\"file:$work/audit\""
tool cat --length 1 small >/dev/null || fail "with an audit log"
jq -e 'select(.operation == "unwrap" and .result == "ok")' audit >/dev/null ||
    fail "not in the audit log: $(<audit)"
echo "all parts"
