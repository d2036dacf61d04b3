# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The test sets the date that programs see; sourced after fixture.sh. Nothing depends on today's
# date, and running programs see a new date at once.
: "${work:?}" "${ENVELOPE_PROGRAMS:?}"

MOVED_CLOCK=$work/now
export MOVED_CLOCK

# It is noon UTC on that day, or the given time.
it_is() { # day [time]
    date -u -d "$1 ${2:-12:00:00}" +%s >"$MOVED_CLOCK.next"
    mv "$MOVED_CLOCK.next" "$MOVED_CLOCK"
}

# Ours comes behind the sanitizers' libraries, where there are any.
moved_before=${#sanitizer_env[@]}
for ((i = 0; i < moved_before; i++)); do
    if [[ ${sanitizer_env[i]} == LD_PRELOAD=* ]]; then
        sanitizer_env[i]="${sanitizer_env[i]} $ENVELOPE_PROGRAMS/moved_clock.so"
        moved_before=-1
        break
    fi
done
((moved_before < 0)) || sanitizer_env+=("LD_PRELOAD=$ENVELOPE_PROGRAMS/moved_clock.so")
