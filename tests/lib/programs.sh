# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the tests of other people's programs stand on besides fixture.sh, which is sourced before. Such a
# program is as its package has it: nothing but its configuration and openssl.cnf change. story is what
# each of them goes through.
: "${work:?}" "${cnf:?}" "${source_dir:?}"
# shellcheck source=tool.sh
source "$source_dir/tests/lib/tool.sh"
# shellcheck source=named.sh
source "$source_dir/tests/lib/named.sh"
# shellcheck source=stock_names.sh
source "$source_dir/tests/lib/stock_names.sh"

for_program=() # the lines of openssl.cnf that a program has
loud=yes       # stock-providers-here
keks="orders recovery"

# openssl.cnf for a program, as the samples in conf/ have it.
program_cnf() {
    if [[ $loud == yes ]]; then
        stock_cnf "${for_program[@]}" kek="$keks" stock-providers-here=yes
        sed -i -e '/^default = default_sect$/d' -e '/^\[default_sect\]$/,+1d' "$cnf"
    else
        stock_cnf "${for_program[@]}" kek="$keks"
    fi
    sed -i 's/^providers = provider_sect$/&\nenvelope-names = names/' "$cnf"
    sed -i '1s/^/nodejs_conf = openssl_init\n/' "$cnf" # which Node reads in the place of openssl_conf
    printf '%s\n' '[names]' "path = $work/modules/envelope.so" >>"$cnf"
}

# OpenSSL's folder of modules, as it is once ours is installed there, and without.
modules=$(stock version -m)
modules=${modules#*\"}
modules=${modules%\"*}
mkdir "$work/modules" "$work/no-modules"
for module in "$modules"/*.so; do
    ln -s "$module" "$work/modules/"
    ln -s "$module" "$work/no-modules/"
done
ln -sf "$ENVELOPE_MODULE_DIR/envelope.so" "$work/modules/"
rm -f "$work/no-modules/envelope.so"

# How a program is run: with our configuration; as anybody has it, with no word of ours; and with our
# configuration on a machine where somebody has deleted the module.
ours() {
    OPENSSL_CONF="$work/$cnf" OPENSSL_MODULES="$work/modules" "$@"
}
as_before() {
    OPENSSL_CONF=/dev/null "$@"
}
without_module() {
    sed "s|^path = .*|path = $work/no-modules/envelope.so|" "$work/$cnf" >"$work/without.cnf"
    OPENSSL_CONF="$work/without.cnf" OPENSSL_MODULES="$work/no-modules" "$@"
}

# Debian's node: one that is on PATH may be somebody else's, with a libcrypto of its own.
find_node() {
    local packages=$source_dir/build/packages library
    library=$(echo "$packages"/libnode*/usr/lib/*/libnode.so.*)
    [[ -f $library && -x $packages/nodejs/usr/bin/node ]] || fail "there is no Node: tests/run.sh --programs"
    node=(env "LD_LIBRARY_PATH=${library%/*}" "$packages/nodejs/usr/bin/node")
    "${node[@]}" -p 'process.config.variables.node_shared_openssl' | found -x true ||
        fail "this Node has a libcrypto of its own"
}

# A key that the program has today: in hexadecimal in NAME.hex, its bytes in NAME.key. It is imported,
# and NAME.stand-in has what takes its place.
take_over() { # name, uses, the bytes' file or how many random ones, options of stand-in
    local name=$1 uses=$2 bytes=$3
    shift 3
    if [[ -f $bytes ]]; then
        cp "$bytes" "$name.key"
    else
        stock rand -out "$name.key" "$bytes"
    fi
    hex_of "$name.key" >"$name.hex"
    key import "$name" --for "$uses" --raw <"$name.key"
    key stand-in "$name" --for-app test "$@"
    tr -d '\n' <out >"$name.stand-in"
}

token_away() {
    mv "$work/tokens" "$work/away"
    mkdir -m 755 "$work/tokens"
}
token_back() {
    rmdir "$work/tokens"
    mv "$work/away" "$work/tokens"
}

# New KEKs in the place of the old ones, which are destroyed.
generation=1
new_keks() {
    local old=$keks
    generation=$((generation + 1))
    make_kek kek "orders-$generation" --id "0a0$generation"
    make_kek spare "recovery-$generation" --id "0c0$generation"
    keks="orders-$generation recovery-$generation"
    program_cnf
    sed '/^audit-log /d' "$cnf" >administrator.cnf # the log is the program's, whose user may be another
    cnf=administrator.cnf tool rewrap keys >rewrap.out 2>&1 || fail "rewrap: $(<rewrap.out)"
    make_kek kek "${old% *}" --destroy
    make_kek spare "${old#* }" --destroy
}

# No key of the program and nothing that it wrote is in these files.
nowhere_in() { # text, file ...
    local text=$1
    shift
    ! grep -rqaF -- "$text" "$@" || fail "in the clear: $(grep -rlaF -- "$text" "$@")"
}

# A reason's words as a pattern.
pattern_of() { # reason
    reason "$1" | sed 's/[().]/\\&/g'
}

# What a test defines, each run through "$@", a way to run a program:
#   existing  what is there before, made with the key itself
#   opens     all that was written opens
#   writes    new data, which opens too
#   refused   reading and writing fail cleanly, and leave all as it was
#   silent    the program does not start or has no algorithm
#   useless   existing data do not open
# and the configuration that has the stand-in is taken by use_stand_in.
story() {
    existing as_before
    opens as_before
    use_stand_in
    program_cnf
    opens ours
    writes ours
    opens ours

    token_away
    refused ours
    token_back
    opens ours

    new_keks
    opens ours
    writes ours
    opens ours

    silent without_module
    loud=no
    program_cnf
    opens ours
    useless without_module
    loud=yes
    program_cnf
    opens ours
}
