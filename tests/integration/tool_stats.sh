#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope stats: the lines of real audit logs added up, over rotations, and what others wrote there.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/blocks.sh
source "$source_dir/tests/lib/blocks.sh"
make_usual
log=$work/audit.log
echo "some words" >plain
with_log() { # further lines
    write_cnf "audit-log=\"file:$log\"" "$@"
}

# stats needs neither a configuration nor a token.
stats() { # status, arguments; words on stderr are in err
    local wanted=$1 status=0
    shift
    OPENSSL_CONF=/dev/null SOFTHSM2_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" stats "$@" \
        >"$work/out" 2>"$work/err" || status=$?
    ((status == wanted)) || fail "status $status, not $wanted: stats $*: $(<"$work/out")$(<"$work/err")"
    if ((wanted == 0)) && [[ -s $work/err ]]; then
        fail "output on stderr: stats $*: $(<"$work/err")"
    fi
}
row() { # jq condition on a row, expression
    stats 0 --json "${logs[@]}"
    jq -ers "map(select(.type == \"uses\" and ($1))) | first | $2" out || fail "no row $1: $(<out)"
}
logs=("$log")

# ---- what real programs leave ----

with_log
seal -in plain -out sealed 2>err
seal -in plain -out sealed2 2>err
open -in sealed -out opened 2>err
cp sealed bent
flip bent $(($(header_length bent) - 1))
expect_failure NOT_AUTHENTIC "" open -in bent
with_log kek=absent
expect_failure KEK_NOT_FOUND "" seal -in plain
[[ $(row '.operation == "wrap" and .kek != null' '"\(.ok) \(.failed) \(.label) \(.token) \(.kek)"') == "2 0 orders kek $kek_id" ]] ||
    fail "wraps: $(<out)"
[[ $(row '.operation == "unwrap"' '"\(.ok) \(.failed) \(.reasons)"') == \
    "1 1 [{\"reason\":$(reason_number NOT_AUTHENTIC),\"error\":\"$(reason NOT_AUTHENTIC)\",\"count\":1}]" ]] || fail "unwraps: $(<out)"
[[ $(row '.operation == "wrap" and .kek == null' .reasons[0].reason) == "$(reason_number KEK_NOT_FOUND)" ]] || fail "$(<out)"
last=$(jq -rs 'map(select(.operation == "unwrap")) | last.time' "$log")
[[ $(row '.operation == "unwrap"' .last) == "${last%.*}Z" ]] || fail "the last use: $(<out)"
jq -es 'any(.[]; .type == "wear") | not' out >/dev/null || fail "key wrap wears no KEK: $(<out)"
[[ $(jq -rs 'last | "\(.type) \(.lines) \(.broken) \(.others)"' out) == "summary $(wc -l <"$log") 0 0" ]] || fail "$(<out)"

# AES-GCM is counted, and what the first use of a process wraps with it.
with_log wrap=aes-gcm kek=counted
make_kek kek counted --id 0c0c --usage encrypt
for _ in 1 2 3; do seal -in plain -out sealed.gcm 2>err || fail "$(<err)"; done
jq -es 'map(select(.operation == "wrap" and .kek == "0c0c" and .mechanism == "aes-gcm")) | length == 3' \
    "$log" >/dev/null || fail "mechanisms: $(<"$log")"
stats 0 --json "$log"
[[ $(jq -r 'select(.type == "wear") | "\(.kek) \(.gcm_wraps) \(.limit) \(.rotate)"' out) == "0c0c 9 4294967296 false" ]] ||
    fail "wear: $(<out)"
stats 0 "$log"
grep -qx 'KEK counted: about 9 of 2^32 uses of AES-GCM (2.095e-07 %)' out || fail "$(<out)"

# ---- by syslog, through a pipe, and foreign lines ----

total=$(wc -l <"$log")
sed 's/^/Nov 22 09:30:00 shop-1 envelope[4711]: /' "$log" >syslog
stats 0 --json syslog
cp out by-name
stats 0 --json - <syslog
cmp out by-name
stats 0 --json "$log"
cmp out by-name
{ cat "$log" && echo "somebody's words" && head -c 100 "$log"; } >with-more
stats 0 --json with-more
[[ $(jq -rs 'last | "\(.lines) \(.broken) \(.others)"' out) == "$total 1 1" ]] || fail "$(<out)"
# a line that takes more memory than there is, and NULs
{ head -c 300000000 /dev/zero | tr '\0' x && echo && head -c 1000000 /dev/zero && echo && cat "$log"; } |
    ([[ -n ${ENVELOPE_SANITIZE-} ]] || ulimit -v 200000; stats 0 --json -)
[[ $(jq -rs 'last | "\(.lines) \(.broken)"' out) == "$total 2" ]] || fail "long lines: $(<out)"
# labels that are commands to a terminal are shown, not obeyed
printf '%s\n' '{"time":"2026-11-22T09:30:00Z","operation":"wrap","label":"\u001b[31m","token":"t","result":"ok"}' >escape
stats 0 escape
grep -qF "key '\x1b[31m' of token 't'" out || fail "$(<out)"
# half of what AES-GCM allows
printf '%s\n' '{"time":"2026-11-22T09:30:00Z","operation":"seal-count","kek":null,"named_key":"web@1","count":2147483648,"result":"ok"}' >worn
sed 's/2147483648/4294967296/' worn >>worn.2
stats 1 worn.2
grep -qx 'named key web@1: at least 2147483648 of 2^32 uses of AES-GCM (50 %): ROTATE IT' out || fail "$(<out)"

# ---- what cannot be read ----

stats 1 "$log" nowhere
grep -q 'nowhere: No such file' err || fail "$(<err)"
grep -q "^$total lines counted" out || fail "the other log: $(<out)"
gzip -k "$log"
stats 1 "$log.gz"
grep -q 'compressed: zcat it' err || fail "$(<err)"
zcat "$log.gz" >unpacked
stats 0 --json unpacked
cmp out by-name
stats 1 "$work"
grep -q 'Is a directory' err || fail "$(<err)"
tool_complains 'LOG... is missing' stats
tool_complains 'prometheus needs --state' stats --prometheus m.prom "$log"

# ---- a state: lines count once ----

with_state=(--state state --prometheus envelope.prom --json)
count_is() { # expected lines
    [[ $(jq -rs 'last.lines' out) == "$1" ]] || fail "$1 lines expected: $(<out)"
    grep -qx "envelope_audit_lines_total{kind=\"counted\"} $1" envelope.prom || fail "$(<envelope.prom)"
}
cp "$log" kept
cp kept a.log
stats 0 "${with_state[@]}" a.log
count_is "$total"
[[ $(stat -c %a state) == 600 && $(stat -c %a envelope.prom) == 644 ]] || fail "modes: $(stat -c '%a %n' state envelope.prom)"
stats 0 "${with_state[@]}" a.log
count_is "$total"
# half a line waits for its other half
head -n 1 kept | head -c 50 >>a.log
stats 0 "${with_state[@]}" a.log
count_is "$total"
head -n 1 kept | tail -c +51 >>a.log
stats 0 "${with_state[@]}" a.log
count_is $((total + 1))
# rotated, with a line that came before that; both names are given
head -n 1 kept >>a.log
mv a.log a.log.1
tail -n 2 kept >a.log
stats 0 "${with_state[@]}" a.log.1 a.log
count_is $((total + 4))
stats 0 "${with_state[@]}" a.log a.log.1
count_is $((total + 4))
# rotated once more; a copy that has the name of another inode is the same log
head -n 1 kept >>a.log
mv a.log.1 a.log.2
cp a.log a.log.1
: >a.log
stats 0 "${with_state[@]}" a.log a.log.1 a.log.2
count_is $((total + 5))
# as a log is rotated by ln and mv, both names are one file for a moment
head -n 1 kept | tr 1 2 >a.log
ln a.log a.log.0
stats 0 "${with_state[@]}" a.log a.log.0 a.log.1
so_far=$(jq -rs 'last.lines + last.broken' out)
((so_far == total + 6)) || fail "$so_far lines"
# one that grew and is not given any more
head -n 1 kept >>a.log
rm a.log.0
mv a.log a.log.1
: >a.log
stats 1 "${with_state[@]}" a.log
grep -q 'give its new name as well' err || fail "$(<err)"
stats 0 "${with_state[@]}" a.log a.log.1
((so_far + 1 == $(jq -rs 'last.lines + last.broken' out))) || fail "$(<out)"
# truncated: lost lines stay lost, and the rest is not counted twice
counted=$(jq -rs 'last.lines' out)
tail -n 9 kept >b.log
stats 0 "${with_state[@]}" a.log a.log.1 b.log
tail -n 9 kept | head -n 7 >b.log
stats 1 "${with_state[@]}" a.log a.log.1 b.log
grep -q 'b.log: it is shorter than it was: lines are lost' err || fail "$(<err)"
count_is $((counted + 9))
# a pipe would be counted again each time; the standard input always counts as new
mkfifo pipe
head -n 1 kept >pipe &
stats 1 "${with_state[@]}" pipe
grep -q 'not a regular file' err || fail "$(<err)"
wait
counted=$(jq -rs 'last.lines' out)
head -n 2 kept | stats 0 "${with_state[@]}" -
count_is $((counted + 2))

# Runs at the same time wait for one another.
rm state
for i in {1..5}; do
    cp kept "log$i"
    sed -i "s/$kek_id/$kek_id$i$i/" "log$i" # five logs, not five copies
done
for i in {1..5}; do
    OPENSSL_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" stats --state state --quiet "log$i" 2>>together || :
done
for i in {1..5}; do
    head -n 1 "log$i" >>"log$i"
    OPENSSL_CONF=/dev/null "$ENVELOPE_MODULE_DIR/envelope" stats --state state --quiet log? 2>>together &
done
wait
stats 0 --state state --json log?
[[ $(jq -rs 'last.lines' out) == $((5 * total + 5)) ]] || fail "together: $(<out)$(<together)"

# ---- invalid states, and files that cannot be written ----

for bad in '{}' '{"envelope-stats-state":2}' "$(head -n 2 state)" "$(sed '$d' state)"; do
    printf '%s\n' "$bad" >bad
    cp bad before
    tool_complains 'bad is not a state file of envelope stats' stats --state bad "$log"
    cmp bad before
done
ln -s state link
tool_complains 'link: ' stats --state link "$log"
tool_complains 'Is a directory|no state|Invalid' stats --state "$work" "$log"
tool_complains 'nowhere/state: No such file' stats --state nowhere/state "$log"
tool_complains 'nowhere/m.prom' stats --state state --prometheus nowhere/m.prom log1
stats 0 --state state --json log?
[[ $(jq -rs 'last.lines' out) == $((5 * total + 5)) ]] || fail "after a failure: $(<out)"
leftovers=(state.?????? envelope.prom.??????)
[[ ! -e ${leftovers[0]} && ! -e ${leftovers[1]} ]] || fail "left: ${leftovers[*]}"
for secret in "$pin" "some words"; do
    ! grep -qF "$secret" out state envelope.prom || fail "$secret is shown"
done

# ---- docs/AUDIT.md ----

mkdir run
sed 's/^<!-- audit: /<!-- test: /' "$source_dir/docs/AUDIT.md" >page.md
block page.md stats sh | sed -e "s|/var/log/envelope|$work/run|g" \
    -e "s|/var/lib/|$work/|g" >example.sh
mkdir -p prometheus/node-exporter envelope
cp kept run/audit.log
PATH=$ENVELOPE_MODULE_DIR:$PATH bash -euo pipefail example.sh >out 2>err || fail "the example: $(<err)"
[[ -s prometheus/node-exporter/envelope.prom && -s envelope/stats ]] || fail "the example wrote no metrics: $(<out)"
