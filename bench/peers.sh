#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Comparison with other programs that encrypt a file to a key and authenticate it: age, gpg and
# `openssl cms`, the Debian packages age, gnupg and openssl. Each seals the same file and opens what
# it made; random bytes, since gpg would compress others. All take turns, in rounds: shown are the
# best processor time of the rounds, the median of each round's ratio to ENVELOPE, and the most
# memory.
#
#     bench/peers.sh [MiB [rounds]]     (1024 and 5), with ENVELOPE_MODULE_DIR and ENVELOPE_PROGRAMS set
set -euo pipefail
size=${1:-1024}
rounds=${2:-5}
source_dir=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=../tests/lib/fixture.sh
source "$source_dir/tests/lib/fixture.sh"
for program in age age-keygen gpg; do
    command -v "$program" >/dev/null || fail "$program is not installed (Debian packages age, gnupg)"
done

make_usual
stock rand -out plain $((size << 20))
age-keygen -o age.key 2>stderr
recipient=$(age-keygen -y age.key)
export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key bench rsa3072 encr 2>stderr
stock req -x509 -newkey rsa:3072 -nodes -subj /CN=bench -keyout cms.key -out cms.crt 2>stderr

# way: sealing or opening; the others say how each does it. Output goes to the file or to nowhere.
command_of() { # what, way
    local cms=(env OPENSSL_CONF=/dev/null openssl cms -binary -inform DER)
    case $1.$2 in
    envelope.seal) command=(with_envelope openssl enc -e -envelope -K 0 -in plain -out out.envelope) ;;
    envelope.open) command=(with_envelope openssl enc -d -envelope -K 0 -in out.envelope -out /dev/null) ;;
    age.seal) command=(age -e -r "$recipient" -o out.age plain) ;;
    age.open) command=(age -d -i age.key -o /dev/null out.age) ;;
    gpg.seal)
        command=(gpg --batch --yes --quiet --trust-model always -z 0 -r bench -o out.gpg -e plain)
        ;;
    gpg.open) command=(gpg --batch --yes --quiet -o /dev/null -d out.gpg) ;;
    cms.seal)
        command=("${cms[@]}" -encrypt -stream -aes-256-gcm -in plain -outform DER -out out.cms cms.crt)
        ;;
    cms.open) command=("${cms[@]}" -decrypt -inkey cms.key -in out.cms -out /dev/null) ;;
    esac
}

measure() { # round, what, way
    local command=()
    command_of "$2" "$3"
    if [[ ${command[0]} == with_envelope ]]; then
        with_envelope /usr/bin/time -f '%U %S %M' -o numbers "${command[@]:1}" 2>stderr
    else
        /usr/bin/time -f '%U %S %M' -o numbers "${command[@]}" 2>stderr
    fi || { cat stderr >&2 && fail "$2, $3"; }
    echo "$1 $2 $3 $(<numbers)" >>measured
}

for ((round = 0; round < rounds; round++)); do
    for way in seal open; do
        for what in envelope age gpg cms; do
            measure "$round" "$what" "$way"
        done
    done
done
gpgconf --kill gpg-agent

echo "$(stock version | cut -d ' ' -f 1,2), age $(age --version), $(gpg --version | head -n 1); $size MiB"
awk -v size="$size" '
    function median(a, n,   i, j, t) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
        return a[int((n + 1) / 2)]
    }
    {
        key = $2 " " $3
        s[$1, key] = $4 + $5
        rounds = $1 + 1
        if (!(key in best) || $4 + $5 < best[key]) best[key] = $4 + $5
        if ($6 > peak[key]) peak[key] = $6
    }
    END {
        split("envelope age gpg cms", what, " ")
        split("seal open", way, " ")
        split("enc -envelope;age;gpg;openssl cms", title, ";")
        for (y = 1; y <= 2; y++)
            for (w = 1; w <= 4; w++) {
                key = what[w] " " way[y]
                for (r = 0; r < rounds; r++)
                    ratio[r + 1] = s[r, key] / s[r, "envelope " way[y]]
                printf "%-14s %s %7.2f s %7.0f MB/s %6.2f of envelope, peak %8.1f MiB\n", title[w], way[y],
                    best[key], size * 1.048576 / best[key], median(ratio, rounds), peak[key] / 1024
            }
    }' measured
