#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The audit log: a line for each use of a KEK, from the real programs, and never a secret in it.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
log=$work/audit.log
with_log() { # further lines
    write_cnf "audit-log=\"file:$log\"" "$@"
}

line_is() { # number, jq condition
    sed -n "$1p" "$log" | jq -e "$2" >/dev/null || fail "line $1 is not $2: $(<"$log")"
}

lines_are() { # count
    [[ $(wc -l <"$log") == "$1" ]] || fail "$1 lines expected: $(<"$log")"
    jq -e . "$log" >/dev/null || fail "not JSON: $(<"$log")"
}

echo "words that nobody is to read" >plain

# Sealing: the first use tests the KEK, then wraps; opening unwraps. One message, one id.
with_log audit-required=yes
seal -in plain -out sealed 2>err
lines_are 2
line_is 1 '.operation == "self-test" and .result == "ok" and (has("message") | not)'
line_is 2 ".operation == \"wrap\" and .result == \"ok\" and .kek == \"$kek_id\" and .label == \"orders\"
    and .token == \"kek\" and .uid == $(id -u) and .euid == $(id -u) and (.pid > 1)
    and .program == \"$(readlink -f "$(command -v openssl)")\"
    and .host == \"$(uname -n)\" and has(\"unit\") and .application == null
    and (.message | test(\"^[0-9a-f]{32}$\"))
    and (.time | test(\"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\\\.[0-9]{6}Z$\"))"
[[ $(stat -c %a "$log") == 600 ]] || fail "others can read the log"
open -in sealed -out opened 2>err
same plain opened
lines_are 3
line_is 3 '.operation == "unwrap" and .result == "ok"'
[[ $(sed -n 2p "$log" | jq .message) == $(sed -n 3p "$log" | jq .message) ]] ||
    fail "two ids for one message"
seal -in plain -out sealed2 2>err
[[ $(jq -r 'select(.operation == "wrap").message' "$log" | sort -u | wc -l) == 2 ]] ||
    fail "one id for two messages"

zeros=$(printf '0%.0s' {1..64})

# What does not open: its header, its wrapped key, and no id, since nobody knows whose message it is.
: >"$log"
length=$(header_length sealed)
cp sealed bent
flip bent $((length - 1))
expect_failure NOT_AUTHENTIC "" open -in bent
lines_are 1
line_is 1 ".operation == \"unwrap\" and .result == \"failed\" and .reason == $(reason_number NOT_AUTHENTIC)
    and (has(\"message\") | not) and (has(\"ckr\") | not) and .kek == \"$kek_id\""

# A KEK that may not open, one that is not to be had, a PIN that is refused.
: >"$log"
with_log open-kek=others
expect_failure KEK_NOT_ALLOWED "" open -in sealed
lines_are 1
line_is 1 ".operation == \"unwrap\" and .result == \"failed\" and .kek == \"$kek_id\"
    and .label == \"orders\" and .token == \"kek\"
    and .error == \"$(reason KEK_NOT_ALLOWED)\""
with_log kek=absent
expect_failure KEK_NOT_FOUND "" seal -in plain
lines_are 2
line_is 2 '.operation == "wrap" and .result == "failed" and .kek == null and .label == null
    and .asked == ["absent"]'
with_log "kek=\"orders pkcs11:token=kek;object=gone?pin-value=$pin\""
expect_failure KEK_NOT_FOUND "" seal -in plain
line_is 4 '.kek == null and .asked == ["orders", "pkcs11:token=kek;object=gone..."]'
expect_failure KEK_NOT_FOUND "" seal -in plain -K "$(printf unheard-of | od -An -v -tx1 | tr -d ' \n')"
line_is 5 '.kek == null and (has("asked") | not)' # key bytes may be a secret
sed -i 3,5d "$log"
printf wrong >wrongpin
with_log "pin-source=\"file:$work/wrongpin\""
expect_failure PIN_WRONG "" seal -in plain
lines_are 3
line_is 3 '.result == "failed" and .ckr == "0xa0"'

# One that is refused has its names in the line: by select, by lookup, for key wrap, as a key of OpenSSL.
make_kek kek exposed --id 13 --extractable
stream 32 >key32
with_log kek=exposed allow-weak-kek=yes
seal -in plain -out sealed.exposed 2>err
ossl pkey -provider default -in "envelope:object=exposed" -out exposed.pem 2>err || fail "$(<err)"
ossl pkeyutl -encrypt -inkey exposed.pem -in plain -out short.exposed 2>err || fail "$(<err)"
with_log kek=exposed
: >"$log"
expect_failure KEK_EXTRACTABLE exposed seal -in plain
expect_failure KEK_EXTRACTABLE exposed open -in sealed.exposed
expect_failure KEK_EXTRACTABLE exposed with_envelope "$ENVELOPE_PROGRAMS/wrap" -e envelope-aes-256-wrap "$zeros" <key32
expect_failure KEK_EXTRACTABLE exposed ossl pkeyutl -decrypt -inkey exposed.pem -in short.exposed
lines_are 4
for line in "1 wrap" "2 unwrap" "3 key-wrap" "4 unwrap"; do
    line_is "${line% *}" ".operation == \"${line#* }\" and .reason == $(reason_number KEK_EXTRACTABLE) and .kek == \"13\"
        and .label == \"exposed\" and .token == \"kek\" and (has(\"asked\") | not)"
done

# A key that could not be made, and a key that is wrapped with none.
: >"$log"
with_log
if ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:orders -out made.pem 2>err; then fail "two labels"; fi
line_is 1 '.operation == "generate" and .result == "failed" and .kek == null and .asked == ["orders"]'
with_log kek=absent
if stream 32 | with_envelope "$ENVELOPE_PROGRAMS/wrap" -e envelope-aes-256-wrap "$zeros" >wrapped 2>err; then fail "no KEK"; fi
line_is 2 '.operation == "key-wrap" and .result == "failed" and .asked == ["absent"]'

# Keys that are made, key wrap, sealed keys.
: >"$log"
with_log
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:made -out made.pem 2>err || fail "$(<err)"
line_is 1 '.operation == "self-test" or .operation == "generate"'
jq -es 'any(.[]; .operation == "generate" and .result == "ok" and .label == "made")' "$log" >/dev/null ||
    fail "the making is not recorded: $(<"$log")"
: >"$log"
key=$({ printf made && head -c 28 /dev/zero; } | od -An -v -tx1 | tr -d ' \n')
stream 32 | with_envelope "$ENVELOPE_PROGRAMS/wrap" -e envelope-aes-256-wrap "$key" >wrapped
with_envelope "$ENVELOPE_PROGRAMS/wrap" -d envelope-aes-256-wrap "$key" <wrapped >unwrapped
for operation in key-wrap key-unwrap; do
    jq -es "any(.[]; .operation == \"$operation\" and .result == \"ok\" and .label == \"made\")" \
        "$log" >/dev/null || fail "no $operation: $(<"$log")"
done

: >"$log"
ossl pkeyutl -encrypt -inkey made.pem -in plain -out short 2>err || fail "$(<err)"
ossl pkeyutl -decrypt -inkey made.pem -in short -out opened 2>err || fail "$(<err)"
same plain opened
jq -es '([.[] | select(.operation == "wrap" or .operation == "unwrap")] | length == 2)
    and (map(.message // empty) | unique | length == 1)' "$log" >/dev/null ||
    fail "EVP_PKEY_encrypt is not recorded: $(<"$log")"

# The tool's own uses.
: >"$log"
with_envelope "$ENVELOPE_MODULE_DIR/envelope" verify sealed >out 2>err || fail "$(<err)"
lines_are 1
line_is 1 '.operation == "unwrap" and .result == "ok" and (.program | endswith("/envelope"))'

# Many processes at once, while the log is renamed away: no line is lost, none is torn. (SoftHSM
# writes its token anew at every login and so may refuse one of two that start together.)
: >"$log"
for i in {1..6}; do
    for _ in {1..10}; do
        if seal -in plain -out "many.$i" 2>"err.$i"; then echo sealed; fi
    done >"sealed.$i" &
done
for n in {1..15}; do
    sleep 0.05
    mv "$log" "$log.$n" 2>/dev/null || : # between two lines there may be none
done
wait
sealed=$(cat sealed.? | wc -l)
touch "$log"
cat "$log" "$log".* >all
[[ $(jq -r 'select(.operation == "wrap" and .result == "ok").message' all | sort -u | wc -l) == "$sealed" ]] ||
    fail "$sealed were sealed: $(<all)"
((sealed > 50)) || fail "only $sealed of 60: $(cat err.?)"

# A log that cannot be written is an error of the configuration, whatever audit-required says.
mkdir directory
ln -s "$work/elsewhere" link
mkfifo fifo
for bad in file:/nowhere/log "file:$work/directory" "file:$work/link" "file:$work/fifo" syslog:/nowhere/socket; do
    write_cnf "audit-log=\"$bad\""
    expect_failure CONFIG_VALUE 'audit-log: /' seal -in plain
done
for bad in nonsense file: file:relative syslogd syslog:relative unix:relative stdout; do
    write_cnf "audit-log=$bad"
    expect_failure CONFIG_VALUE 'audit-log is file:/PATH' seal -in plain
done
write_cnf audit-required=yes
expect_failure CONFIG_VALUE 'audit-required without an audit-log' seal -in plain
with_log audit-required=maybe
expect_failure CONFIG_VALUE 'audit-required takes yes or no' seal -in plain
write_cnf "audit_log=\"file:$log\""
expect_failure CONFIG_UNKNOWN_KEY audit_log seal -in plain

# Nothing secret in any of it.
for secret in "$pin" wrong "words that nobody" 12345678; do
    if grep -qF "$secret" all "$log" "$log".*; then
        fail "$secret is in the log"
    fi
done

# ---- docs/AUDIT.md: three questions, and its answers but for the user and the paths ----

document() { # example
    awk -v mark="<!-- audit: $1 -->" '
        $0 == mark { marked = 1; next }
        marked && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$source_dir/docs/AUDIT.md"
}
ours() { # what stands in the document, as it is here
    sed -e "s|/var/log/envelope/audit.log|$log|" -e "s|\.uid == 33|.uid == $(id -u)|" \
        -e "s|uid 33|uid $(id -u)|" -e "s|/usr/bin/openssl|$(readlink -f "$(command -v openssl)")|" \
        -e "s|/usr/bin/envelope|$(readlink -f "$ENVELOPE_MODULE_DIR/envelope")|"
}
answers() { # example
    # join and jq leave memory to the end of the process
    local sanitizer_env=("${sanitizer_env[@]/detect_leaks=1/detect_leaks=0}")
    document "$1" | ours >question.sh
    document "$1-answer" | ours >wanted
    [[ -s question.sh && -s wanted ]] || fail "AUDIT.md has no example $1"
    with_envelope env PATH="$ENVELOPE_MODULE_DIR:$PATH" bash -euo pipefail question.sh >out 2>err || fail "$1: $(<err)"
    diff -u wanted out || fail "AUDIT.md has another answer: $1"
}
with_log
rm -f "$log"
mkdir backup
seal -in plain -out report.sealed 2>err
cp report.sealed backup/
seal -in plain -out backup/other.sealed 2>err
open -in report.sealed -out opened 2>err
answers who
answers which
cp report.sealed bent
flip bent $(($(header_length bent) - 1))
expect_failure NOT_AUTHENTIC "" open -in bent
with_log kek=orders-2031
for _ in 1 2; do expect_failure KEK_NOT_FOUND "" seal -in plain; done
answers failed

# The same id by every way that has it; none of what does not open.
with_log
id=$(jq -rs 'last(.[] | select(.operation == "wrap" and .result == "ok")).message' "$log")
tool() {
    with_envelope "$ENVELOPE_MODULE_DIR/envelope" "$@"
}
tool inspect --here --json backup/other.sealed bent >json || :
[[ $(jq -r 'select(.type == "file") | .message // "none"' json | tr '\n' ' ') == "$id none " ]] || fail "inspect: $(<json)"
tool inspect --here backup/other.sealed | found -x "  message id $id" || fail "inspect, as text"
tool inspect --json backup/other.sealed >json
jq -es 'all(.[]; has("message") | not)' json >/dev/null || fail "an id that nobody opened: $(<json)"
for each in "" --each-recipient; do
    # shellcheck disable=SC2086 # an option, or none
    tool verify $each --json backup/other.sealed bent >json || :
    [[ $(jq -r 'select(.type == "file") | .message // "none"' json | tr '\n' ' ') == "$id none " ]] || fail "verify: $(<json)"
done
tool census --verify --files --json backup/other.sealed bent >json || :
[[ $(jq -r 'select(.type == "file") | .message // "none"' json | tr '\n' ' ') == "$id none " ]] || fail "census: $(<json)"
ossl genpkey -algorithm ENVELOPE-KEK -pkeyopt label:short -out short.pem 2>err || fail "$(<err)"
ossl pkeyutl -encrypt -inkey short.pem -in plain -out short 2>err || fail "$(<err)"
tool verify --json short >json
[[ $(jq -r 'select(.type == "file").message' json) == $(jq -rs 'last(.[] | select(.operation == "wrap")).message' "$log") ]] ||
    fail "a short message: $(<json)"

# ---- the standard error, and what the lines call the program ----

with_log application=orders-import
: >"$log"
seal -in plain -out sealed 2>err
line_is 1 '.application == "orders-import"'
write_cnf audit-log=stderr audit-required=yes
seal -in plain -out sealed 2>err || fail "$(<err)"
grep '^{' err | jq -es 'map(.operation) == ["self-test", "wrap"]' >/dev/null || fail "stderr: $(<err)"
# A pipe that nobody reads any more is an error, and no SIGPIPE.
mkfifo pipe
exec {both}<>pipe
exec {end}>pipe
exec {both}<&-
status=0
seal -in plain -out left 2>&"$end" || status=$?
exec {end}>&-
[[ $status == 1 && ! -s left ]] || fail "exit status $status without a reader"
# Several programs share one.
for _ in {1..4}; do
    for _ in {1..5}; do seal -in plain -out "many.sealed.$BASHPID" || echo "one failed"; done &
done 2>&1 >/dev/null | cat >stderrs
grep '^{' stderrs | jq -es '[.[] | select(.operation == "wrap" and .result == "ok")] | length >= 18' >/dev/null ||
    fail "lines of several programs: $(<stderrs)" # (as above: SoftHSM may refuse one of two)
with_log

# ---- who else may write to the log ----

: >"$log"
chmod 602 "$log"
expect_failure CONFIG_VALUE 'audit-log: .*: everyone may write to it' seal -in plain
chmod 660 "$log" # of a group that this process is in
seal -in plain -out sealed 2>err || fail "$(<err)"
chmod 600 "$log"
mkdir -m 700 safe
mkdir -m 770 unsafe
write_cnf "audit-log=\"file:$work/unsafe/log\""
expect_failure CONFIG_VALUE "audit-log: .*: its folder's group may write to it" seal -in plain
[[ ! -e unsafe/log ]] || fail "it was made"
ln -s ../safe unsafe/link
write_cnf "audit-log=\"file:$work/unsafe/link/log\""
seal -in plain -out sealed 2>err || fail "$(<err)" # the folder in which it is counts
[[ -s safe/log ]] || fail "no log"
