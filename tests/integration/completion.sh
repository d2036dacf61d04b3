#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# envelope completion: scripts for bash and zsh that the shells can parse, and bash's completions
# for every subcommand and option in --help. The scripts are generated from the same tables as
# --help, so a name that only one of them has is a bug of the generator.
# shellcheck source=../lib/fixture.sh
source "$(dirname "$0")/../lib/fixture.sh"
# shellcheck source=../lib/tool.sh
source "$source_dir/tests/lib/tool.sh"
make_usual

tool completion bash >envelope.bash || fail "no script for bash"
tool completion zsh >_envelope || fail "no script for zsh"
bash -n envelope.bash || fail "bash cannot read it"
zsh -n _envelope || fail "zsh cannot read it"
tool_complains 'which shell: bash or zsh\?' completion
tool_complains 'which shell: bash or zsh\?' completion fish

# ---- bash ----

envelope() { # the typed command line, with the cursor after the last word
    tool "$@"
}
# shellcheck source=/dev/null
source envelope.bash

# What comes for these words, sorted, one a line.
completed() { # words after "envelope", the last one to be completed
    COMP_WORDS=(envelope "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _envelope || :
    printf '%s\n' "${COMPREPLY[@]}" | sort
}

completes() { # wanted, separated by spaces and sorted; words ...
    local wanted=$1 got
    shift
    got=$(completed "$@" | tr '\n' ' ')
    [[ ${got% } == "$wanted" ]] || fail "'envelope $*' is completed with '$got', not '$wanted'"
}

tool --help >help
mapfile -t subcommands < <(sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p' help)
((${#subcommands[@]} >= 12)) || fail "${#subcommands[@]} subcommands: this test does not find them"
diff <(printf '%s\n' "${subcommands[@]}" --help --version | sort) <(completed "") ||
    fail "other subcommands"
tool key --help >help
mapfile -t actions < <(sed -nE 's/^  ([a-z-]+) +[A-Z].*/\1/p' help)
diff <(printf '%s\n' "${actions[@]}" --help | sort) <(completed key "") || fail "other actions"

options=0
check_options() { # subcommand, or group and action
    local option
    tool "$@" --help >help
    sed -nE 's/^  (--[a-z0-9-]+).*, (-.).*/\1 \2/p; t; s/^  (--[a-z0-9-]+).*/\1/p' help | tr ' ' '\n' |
        sort >wanted
    diff wanted <(completed "$@" -) || fail "other options: $*"
    options=$((options + $(wc -l <wanted)))
    # zsh has each of them, with the same words
    while read -r option; do
        grep -qE -- "^ +'${option}[]=+[]" _envelope || fail "zsh's has no $option ($*)"
    done <wanted
}
for subcommand in "${subcommands[@]}"; do
    [[ $subcommand != key && $subcommand != kek ]] || continue
    check_options "$subcommand"
done
for action in "${actions[@]}"; do
    check_options key "$action"
done
for action in list rotate; do
    check_options kek "$action"
done
((options >= 150)) || fail "$options options: this test does not find them"

# zsh runs its own, up to the functions that zsh has for this.
cat >stubs <<'END'
compdef() { : }
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- "${(@P)4}" }
source ./_envelope
words=(envelope "$@") CURRENT=$(($# + 1))
_envelope
END
zsh -f stubs '' >out || fail "zsh does not run it"
for subcommand in "${subcommands[@]}"; do
    grep -q "^$subcommand:[A-Z]" out || fail "zsh has no $subcommand"
done
zsh -f stubs seal '' >out
grep -qxF -- '--kek=[a label or pkcs11: URI to seal with (default: kek in the file)]:TEXT:_envelope_words keks' out ||
    fail "other words in zsh: $(<out)"
zsh -f stubs key rotate '' >out
grep -qxF -- '*:NAME:_envelope_words keys' out || fail "no named keys in zsh: $(<out)"

# Values: files where a file is meant, nothing where nobody can know.
mkdir -p place/below
touch place/one place/two.sealed
completes 'place/below place/one place/two.sealed' seal place/
completes 'place/two.sealed' open --force place/t
completes 'place/one' seal -o place/o
completes 'place/one' seal --output = place/o # as bash cuts --output=place/o
completes 'place/below' key new --directory place/
completes '' seal --context ''
completes 'place' check 'pl'
completes 'bash zsh' completion ''
completes 'zsh' completion z
completes '--remove-source' seal --re

# Labels of KEKs from openssl.cnf, without URIs; no token is asked.
write_cnf 'kek=orders pkcs11:object=other?pin-value=1234 file:/kek.pem' 'open-kek=old' \
    'open-only-kek=two%20words' pkcs11-module-path=/nowhere.so
completes 'old orders' seal --kek ''
completes 'orders' seal --kek = or
completes 'old orders' open --from ''
tool_gives 0 - completion keks
! grep -qE '1234|kek.pem' out || fail "more than labels: $(<out)"

# Named keys, by the names of their files.
write_cnf "keys-directory=\"$work/keys\""
mkdir keys
touch keys/app-{1,2}@1.envkey keys/app-1@2.envkey keys/other
completes 'app-1 app-1@1 app-1@2 app-2 app-2@1' key list ''
completes 'app-1 app-1@1 app-1@2' key destroy app-1
completes 'app-2 app-2@1' key tenant --under app-2

# What cannot be read has no words, and no complaint in the middle of a command line.
: >"$cnf"
completes '' seal --kek ''
tool_gives 0 - completion keks
[[ ! -s out ]] || fail "words of an empty file: $(<out)"
echo "$options options of ${#subcommands[@]} subcommands"
