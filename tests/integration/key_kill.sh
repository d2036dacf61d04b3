#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whatever ends an action of envelope key, the old key file is there or the new one, and no key is
# lost: each is stopped at each of its calls on the folder in turn (tests/preload), killed, by a power
# cut that takes back what was not synced, by errors. Once more, and it ends well and leaves nothing.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=../lib/named.sh
source "$source_dir/tests/lib/named.sh"
make_two_places
stream 32 | od -An -v -tx1 | tr -d ' \n' >value
key import cards --for AES-256-CBC <value
key stand-in cards --for-app shop
cp out shop
key new rows --for ENVELOPE-FIELD
key stand-in rows --for-app shop
key export rows --yes
cp out rows.value
mkdir empty cases
cp -a keys original

faults=$(behind_sanitizer "$ENVELOPE_PROGRAMS/faults.so")
slots=4
for ((slot = 0; slot < slots; slot++)); do
    own_tokens $slot
done

# ---- what is tried ----

# The actions: their folder to begin with, and their words.
declare -A from=([new]=empty [import]=empty [stand-in]=original [revoke]=original
    [rotate]=original [activate]=original [destroy]=original)
action() { # name
    case $1 in
    new) envelope key new fresh --for AES-256-CBC ;;
    import) envelope key import cards --for AES-256-CBC <value ;;
    stand-in) envelope key stand-in rows --for-app till ;;
    revoke) envelope key stand-in cards --for-app shop --revoke ;;
    rotate) envelope key rotate rows ;;
    activate) envelope key activate rows --seal-from 2999-01-01 ;;
    destroy) envelope key destroy cards --yes ;;
    esac
}

# What holds afterwards, stopped or not; and what once more comes to.
no_key_is_lost() { # name
    case $1 in
    new)
        [[ ! -e $tree/fresh@1.envkey ]] || envelope key export fresh --yes >/dev/null
        ;;
    import)
        [[ ! -e $tree/cards@1.envkey ]] || [[ $(envelope key export cards --yes) == "$(<value)" ]]
        ;;
    revoke)
        [[ $(envelope key export cards --yes) == "$(<value)" ]]
        ;;
    destroy)
        # gone, it has left its tombstone, so that its number is not used again
        if [[ -e $tree/cards@1.envkey ]]; then
            [[ $(envelope key export cards --yes) == "$(<value)" ]]
        else
            [[ -e $tree/cards@1.destroyed ]]
        fi
        ;;
    *)
        [[ $(envelope key export rows@1 --yes) == "$(<rows.value)" ]] &&
            { [[ ! -e $tree/rows@2.envkey ]] || envelope key export rows@2 --yes >/dev/null; }
        ;;
    esac
}
once_more() { # name
    case $1 in
    new) envelope key new fresh --for AES-256-CBC --if-missing ;;
    import) envelope key import cards --for AES-256-CBC --if-missing <value ;;
    stand-in) envelope key stand-in rows --for-app till --if-missing ;;
    revoke)
        envelope key which <shop >"$case_dir/which" 2>&1 || return 0
        action revoke
        ;;
    destroy)
        [[ -e $tree/cards@1.envkey ]] || return 0
        action destroy
        ;;
    *) action "$1" ;;
    esac
}
is_done() { # name
    case $1 in
    new) envelope key export fresh@1 --yes >/dev/null ;;
    import) [[ $(envelope key export cards@1 --yes) == "$(<value)" ]] ;;
    stand-in) envelope key list rows --verbose | found "stand-in of till" ;;
    revoke) ! envelope key which --directory "$tree" <shop >/dev/null 2>&1 ;;
    rotate) envelope key export rows@2 --yes >/dev/null ;;
    activate) envelope key list rows | found "seals from 2999" ;;
    destroy) [[ ! -e $tree/cards@1.envkey && -s $tree/cards@1.destroyed ]] ;;
    esac
}

# ---- one case ----

envelope() {
    env OPENSSL_CONF="$work/$cnf" SOFTHSM2_CONF="$work/softhsm2.$slot.conf" "${sanitizer_env[@]}" \
        "${prefix[@]}" "$ENVELOPE_MODULE_DIR/envelope" "$@" --directory "$tree"
}

try() { # name, case, faults ...
    local name=$1 case_dir=cases/$2 status=0
    local tree=$work/$case_dir/tree prefix=()
    shift 2
    mkdir "$case_dir"
    cp -a "${from[$name]}" "$tree"
    prefix=("FAULT_DIR=$tree" "FAULT_STASH=$work/$case_dir" "FAULT_LOG=$work/$case_dir/log" "$@"
        "LD_PRELOAD=$faults")
    action "$name" >"$case_dir/output" 2>&1 || status=$?
    echo $status >"$case_dir/status"
    prefix=()
    {
        no_key_is_lost "$name" || echo "a key is lost"
        once_more "$name" || echo "once more fails"
        is_done "$name" || echo "it is not done"
        [[ -z $(find "$tree" -mindepth 1 -name '.*') ]] || echo "left over: $(ls -A "$tree")"
        [[ -z $(find "$tree" -name '*.envkey' -size 0) ]] || echo "an empty file"
    } >"$case_dir/verdict" 2>&1
}

slot=0
pids=()
start() { # as try
    [[ -z ${pids[slot]-} ]] || wait "${pids[slot]}" || :
    try "$@" 2>/dev/null &
    pids[slot]=$!
    slot=$(((slot + 1) % slots))
}

for name in new import stand-in revoke rotate activate destroy; do
    wait
    pids=()
    try "$name" "$name"
    [[ $(<"cases/$name/status") == 0 ]] || fail "$name: $(<"cases/$name/output")"
    grep -vE ' (openat|pread) ' "cases/$name/log" >/dev/null || fail "$name changes nothing"
    while read -r number call _; do
        [[ $call != openat && $call != pread ]] || continue
        at=$name.$number.$call
        start "$name" "$at.killed" FAULT_AT="$number" FAULT_DO=before
        start "$name" "$at.after" FAULT_AT="$number" FAULT_DO=after
        start "$name" "$at.power" FAULT_AT="$number" FAULT_DO=after FAULT_POWER=all
        start "$name" "$at.EIO" FAULT_AT="$number" FAULT_DO=EIO
        if [[ $call == write ]]; then
            start "$name" "$at.torn" FAULT_AT="$number" FAULT_DO=torn FAULT_POWER=data
            start "$name" "$at.full" FAULT_AT="$number" FAULT_DO=ENOSPC FAULT_ALWAYS=1
            start "$name" "$at.half" FAULT_AT="$number" FAULT_DO=half
        fi
    done <"cases/$name/log"
done
wait

# ---- and what they came to ----

bad=0 stopped=0 count=0
for verdict in cases/*/verdict; do
    case_dir=${verdict%/verdict}
    count=$((count + 1))
    status=$(<"$case_dir/status")
    [[ $status != 137 ]] || stopped=$((stopped + 1))
    case ${case_dir##*.} in
    killed | after | power | torn) [[ $status == 137 ]] || echo "was not killed" >>"$verdict" ;;
    full | half) [[ $status == 1 ]] || echo "status $status on a full disk" >>"$verdict" ;;
    esac
    if [[ $(grep -cvE '^(\{|key:|  |(rows|cards|fresh)@)' "$verdict") != 0 ]]; then
        echo "$case_dir (status $status): $(<"$verdict"); at first: $(<"$case_dir/output")" >&2
        bad=$((bad + 1))
    fi
done
((bad == 0)) || fail "$bad of $count cases"
((count >= 100 && stopped >= 60)) || fail "$count cases, $stopped killed: this test does not find them any more"
echo "$count cases, $stopped of them killed"
