#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope open: what openssl enc and programs sealed comes back whole, or its name does not exist;
# the standard output only gets verified bytes, and the exit status shows whether all came.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/files.sh
source "$source_dir/tests/lib/files.sh"
make_usual

# ---- what others sealed ----

for size in 0 1 4096 4097 131072 1000000; do
    stream $size >"plain.$size"
    seal -in "plain.$size" -out "of.$size.sealed" 2>/dev/null
    does open "of.$size.sealed"
    same "plain.$size" "of.$size"
    tool open <"of.$size.sealed" | cmp - "plain.$size" || fail "$size bytes through a pipe"
done
with_envelope "$ENVELOPE_PROGRAMS/one_update" 3000000 ENVELOPE-64K >large.sealed
head -c 3000000 /dev/zero >large.plain
does open large.sealed
same large.plain large
cp of.1000000.sealed sealed
cp plain.1000000 plain

# A message in pieces: what is there and verified comes out before the rest has come.
mkfifo slow
tool open slow -o - >early 2>err &
pid=$!
exec 8>slow
head -c 20000 sealed >&8
until (($(stat -c %s early) >= 12288)); do sleep 0.01; done
cmp -n "$(stat -c %s early)" early plain || fail "the output differs"
tail -c +20001 sealed >&8
exec 8>&-
wait $pid || fail "in pieces: $(<err)"
same plain early

# ---- what is not all there, or not what was sealed ----

header=$(($(header_length sealed) + 74))
# (of a piece in which something is wrong nothing comes out)
opens_partly() { # reason, bytes of plaintext that may come out, file
    local status=0 text came
    text=$(reason "$1")
    refuses "$1" '' open "$3" -o whole
    tool open "$3" -o - >partly 2>err || status=$?
    ((status == 1)) || fail "$3 to the standard output: status $status"
    grep -qF -- ": $text" err || fail "$3: $(<err)"
    came=$(stat -c %s partly)
    [[ $came -le $2 && ($1 != TRUNCATED || $came == "$2") ]] || fail "$3: $came bytes of output, not $2"
    cmp -n "$came" partly plain || fail "$3: the output differs"
    ((came == 0)) || grep -qF "($came bytes were output, which is incomplete: discard them)" err ||
        fail "$3: $(<err)"
}
head -c $((header + 10 * 4128)) sealed >shorter # between two segments
opens_partly TRUNCATED 40960 shorter
head -c $((header + 10 * 4128 + 4000)) sealed >shorter # within one
opens_partly TRUNCATED 40960 shorter
head -c -1 sealed >shorter
opens_partly TRUNCATED $((1000000 / 4096 * 4096)) shorter
head -c $((header - 1)) sealed >shorter
opens_partly TRUNCATED 0 shorter
head -c 20 sealed >shorter
opens_partly TRUNCATED 0 shorter
: >shorter
opens_partly TRUNCATED 0 shorter
{
    cat sealed
    echo
} >longer
opens_partly TRAILING_DATA $((1000000 / 4096 * 4096)) longer
cp sealed altered
flip altered $((header + 5 * 4128 + 100))
opens_partly BAD_SEGMENT 20480 altered
{ # two segments have changed places
    part sealed 0 $((header + 4128))
    part sealed $((header + 2 * 4128)) 4128
    part sealed $((header + 4128)) 4128
    tail -c +$((header + 3 * 4128 + 1)) sealed
} >moved
opens_partly BAD_SEGMENT 4096 moved
cp sealed altered
flip altered $((header - 1))
opens_partly CONTEXT_MISMATCH 0 altered
cp sealed altered
flip altered $(($(header_length sealed) - 1))
opens_partly NOT_AUTHENTIC 0 altered

# ---- what is no message ----

opens_partly NOT_A_MESSAGE 0 plain
refuses OUTPUT_UNNAMED 'does not end with .sealed' open plain
cp plain .sealed
refuses OUTPUT_UNNAMED 'does not end with .sealed' open .sealed
openssl base64 -in sealed -out in.base64
refuses MESSAGE_IN_BASE64 '' open in.base64 -o whole
ossl pkey -in envelope:object=orders -out orders.pem 2>/dev/null
with_envelope "$ENVELOPE_PROGRAMS/kek_kem" encapsulate orders.pem sealed.key >/dev/null
refuses WRONG_CONTENT '' open sealed.key -o whole
write_cnf "keys-directory=\"$work\""
tool key new --single --for ENVELOPE-FIELD app-fields >/dev/null || fail "no named key"
refuses IS_NAMED_KEY '' open app-fields@1.envkey -o whole
write_cnf 'token="pkcs11:token=none"'
refuses NO_TOKEN '' open sealed -o whole
write_cnf

# ---- names, modes, times; nothing is overwritten ----

mkdir place
cp sealed place/file.sealed
touch -d '2020-02-03 04:05:06.789' place/file.sealed
chmod 440 place/file.sealed
does open place/file.sealed
same plain place/file
[[ $(stat -c '%a %y' place/file) == "$(stat -c '%a %y' place/file.sealed)" ]] || fail "mode or time"
refuses OUTPUT_EXISTS '' open place/file.sealed
does open --force place/file.sealed
cp sealed place/other.box
does open --suffix .box place/other.box
same plain place/other
refuses OUTPUT_IS_INPUT '' open --force sealed -o sealed
(
    umask 027
    tool open -o streamed <sealed >/dev/null
)
[[ $(stat -c %a streamed) == 640 ]] || fail "the mode of a stream's output: $(stat -c %a streamed)"
# nobody else can read the partial file, whatever the final mode
chmod 644 place/file.sealed
tool open slow -o place/late >out 2>err &
pid=$!
exec 8>slow
cat sealed >&8
until [[ -s place/.late.envelope-part ]]; do sleep 0.01; done
[[ $(stat -c %a place/.late.envelope-part) == 600 ]] || fail "others can read a partial file"
exec 8>&-
wait $pid || fail "$(<err)"

# ---- the source is removed when the output was compared with it ----

does open --remove-source place/file.sealed --force
[[ ! -e place/file.sealed ]] || fail "the source is still there"
same plain place/file
tool_complains 'nothing to open|an output that can be read back' open --remove-source -o - sealed
[[ -e sealed ]] || fail "the source is gone"

# ---- several ----

mkdir many
cp sealed many/a.sealed
cp altered many/b.sealed
cp of.1.sealed many/c.sealed
status=0
tool open --json many/*.sealed >json 2>err || status=$?
[[ $status == 1 && ! -s err ]] || fail "several files: status $status, $(<err)"
json_is 0 'del(.message) | tojson' "{\"type\":\"file\",\"path\":\"many/a.sealed\",\"state\":\"opened\",\"output\":\"many/a\",\"plaintext_length\":1000000,\"sealed_length\":$(stat -c %s sealed),\"read_back\":false,\"source_removed\":false}"
json_is 0 '.message | test("^[0-9a-f]{32}$")' true
json_is 1 '[.path, .state, .reason] | tojson' "[\"many/b.sealed\",\"failed\",$(reason_number NOT_AUTHENTIC)]"
json_is 3 'tojson' '{"type":"summary","opened":2,"failed":1,"plaintext_bytes":1000001,"sources_removed":0}'
[[ -f many/a && ! -e many/b && -f many/c ]] || fail "several: $(ls many)"

# ---- signals ----

for signal in TERM INT HUP; do
    # (a shell's background jobs ignore SIGINT, and what was ignored stays so)
    # shellcheck disable=SC2016 # the dollar is perl's
    env OPENSSL_CONF="$work/$cnf" "${sanitizer_env[@]}" perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' \
        "$ENVELOPE_MODULE_DIR/envelope" open slow -o stopped >out 2>err &
    pid=$!
    exec 8>slow
    cat of.131072.sealed >&8
    until [[ -s .stopped.envelope-part ]]; do sleep 0.01; done
    kill -s $signal $pid
    status=0
    wait $pid || status=$?
    exec 8>&-
    ((status == 128 + $(kill -l $signal))) || fail "SIG$signal: status $status, $(<err)"
    grep -qF "$(reason STOPPED)" err || fail "SIG$signal: $(<err)"
    [[ ! -e stopped ]] || fail "SIG$signal: a file has the output's name"
done
expect_no_parts
set +e
tool open sealed -o - 2>err | head -c 1 >/dev/null
status=${PIPESTATUS[0]}
set -e
((status == 141)) || fail "a reader that closed the pipe: status $status, $(<err)"
status=0
tool open sealed -o /dev/full >out 2>err || status=$?
((status == 1)) || fail "a full device: status $status"
grep -qF 'write: No space left on device' err || fail "a full device: $(<err)"
expect_no_parts
echo "all opened"
