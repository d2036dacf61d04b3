#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prometheus: promtool accepts what envelope stats writes for node_exporter, whatever the names of
# keys, and does not complain about the names of metrics.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
make_usual
promtool=$source_dir/build/packages/prometheus/usr/bin/promtool
[[ -x $promtool ]] || fail "promtool is missing: run tests/run.sh --programs"
write_cnf "audit-log=\"file:$work/audit.log\"" wrap=aes-gcm
echo words >plain
make_kek kek counted --id 0c0c --usage encrypt
write_cnf "audit-log=\"file:$work/audit.log\"" wrap=aes-gcm kek=counted
seal -in plain -out sealed 2>err || fail "$(<err)"
open -in sealed -out opened 2>err || fail "$(<err)"
write_cnf "audit-log=\"file:$work/audit.log\"" kek=absent
expect_failure KEK_NOT_FOUND "" seal -in plain

check() { # lines that must be there
    "$ENVELOPE_MODULE_DIR/envelope" stats --state state --prometheus envelope.prom audit.log* >out 2>&1 ||
        fail "$(<out)"
    "$promtool" check metrics <envelope.prom >said 2>&1 || fail "promtool: $(<said) $(<envelope.prom)"
    [[ ! -s said ]] || fail "promtool: $(<said)"
}
value() { # beginning of a sample
    awk -v begin="$1" 'index($0, begin) == 1 { n += $NF } END { print n + 0 }' envelope.prom
}
check
[[ $(value 'envelope_audit_uses_total{') == $(wc -l <audit.log) ]] || fail "$(<envelope.prom)"
[[ $(value 'envelope_kek_gcm_wraps_total{kek="0c0c"}') == 3 ]] || fail "$(<envelope.prom)" # a first use, and a wrap
before=$(value envelope_audit_uses_total)

# No counter falls when the log is rotated and the old one is finally deleted.
mv audit.log audit.log.1
jq -nc '{time: "2026-11-22T09:30:00Z", operation: "wrap", label: "a\"b\\c\nd\u0001\u20ac{}=,",
    token: "}\" 1 #", kek: null, result: "failed", reason: 183},
    {time: "2026-11-22T09:30:00Z", operation: "seal-count", named_key: "web@1", count: 1048576, result: "ok"}' >audit.log
check
[[ $(value envelope_audit_uses_total) == $((before + 2)) ]] || fail "$(<envelope.prom)"
rm audit.log.1
check
: >audit.log
check
[[ $(value envelope_audit_uses_total) == $((before + 2)) ]] || fail "$(<envelope.prom)"
[[ $(value 'envelope_named_key_gcm_seals_total{named_key="web@1"}') == 1048576 ]] || fail "$(<envelope.prom)"
# Without one line it is still in order.
rm state
check
