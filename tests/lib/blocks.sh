# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Extracts fenced examples of the documentation word for word. A tested example has a comment before
# its fence, with only empty lines between:
#
#     <!-- test: seal -->
#     ```sh
#     openssl enc ...
#     ```

# The names of the marked examples of a file.
block_names() { # file
    sed -n 's/^<!-- test: \([a-z0-9-]*\) -->$/\1/p' "$1"
}

# Prints an example; fails where it is missing, stands twice, or a fence of that language does not
# follow its mark.
block() { # file, name, language
    awk -v name="$2" -v language="$3" '
        function bad(why) {
            print FILENAME ": example " name " " why > "/dev/stderr"
            failed = 1
            exit 1
        }
        $0 == "<!-- test: " name " -->" {
            if (found)
                bad("stands twice")
            found = wanted = 1
            next
        }
        inside && /^```$/ { inside = 0; ended = 1; next }
        inside { print; next }
        wanted && /^$/ { next }
        wanted {
            if ($0 != "```" language)
                bad("is not followed by a fence of " language)
            wanted = 0
            inside = 1
        }
        END {
            if (failed)
                exit 1
            if (!found)
                bad("is missing")
            if (!ended)
                bad("does not end")
        }' "$1"
}

# An example in C compiles without a warning, also beside what programs include: a function of its own
# that has the name of one of POSIX's does not.
compiles_anywhere() { # file.c
    local header headers=()
    for header in unistd stdlib stdio string fcntl errno time signal pthread sys/stat sys/socket math ctype; do
        headers+=(-include "$header.h")
    done
    gcc -fsyntax-only -D_GNU_SOURCE -Wall -Wextra -Werror "${headers[@]}" "$1"
}
