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

# What does not open: its header, its wrapped key, and no id, since nobody knows whose message it is.
: >"$log"
length=$(header_length sealed)
cp sealed bent
flip bent $((length - 1))
expect_failure NOT_AUTHENTIC "" open -in bent
lines_are 1
line_is 1 ".operation == \"unwrap\" and .result == \"failed\" and .reason == $(
    sed -nE 's/^ *X\(NOT_AUTHENTIC, *([0-9]+),.*/\1/p' "$source_dir/envelope/base/reasons.h")
    and (has(\"message\") | not) and (has(\"ckr\") | not) and .kek == \"$kek_id\""

# A KEK that may not open, one that is not to be had, a PIN that is refused.
: >"$log"
with_log open-kek=others
expect_failure KEK_NOT_ALLOWED "" open -in sealed
lines_are 1
line_is 1 ".operation == \"unwrap\" and .result == \"failed\" and .kek == \"$kek_id\" and .label == null
    and .error == \"$(reason KEK_NOT_ALLOWED)\""
with_log kek=absent
expect_failure KEK_NOT_FOUND "" seal -in plain
lines_are 2
line_is 2 '.operation == "wrap" and .result == "failed" and .kek == null'
printf wrong >wrongpin
with_log "pin-source=\"file:$work/wrongpin\""
expect_failure PIN_WRONG "" seal -in plain
lines_are 3
line_is 3 '.result == "failed" and .ckr == "0xa0"'

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
for operation in raw-wrap raw-unwrap; do
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

# A log that can not be written is an error of the configuration, whatever audit-required says.
mkdir directory
ln -s "$work/elsewhere" link
mkfifo fifo
for bad in file:/nowhere/log "file:$work/directory" "file:$work/link" "file:$work/fifo" syslog:/nowhere/socket; do
    write_cnf "audit-log=\"$bad\""
    expect_failure CONFIG_VALUE 'audit-log: /' seal -in plain
done
for bad in nonsense file: file:relative syslogd syslog:relative stderr; do
    write_cnf "audit-log=$bad"
    expect_failure CONFIG_VALUE 'audit-log is file:/PATH' seal -in plain
done
write_cnf audit-required=yes
expect_failure CONFIG_VALUE 'audit-required without an audit-log' seal -in plain
with_log audit-required=maybe
expect_failure CONFIG_VALUE 'audit-required is yes or no' seal -in plain
write_cnf "audit_log=\"file:$log\""
expect_failure CONFIG_UNKNOWN_KEY audit_log seal -in plain

# Nothing secret in any of it.
for secret in "$pin" wrong "words that nobody" 12345678; do
    if grep -qF "$secret" all "$log" "$log".*; then
        fail "$secret is in the log"
    fi
done
