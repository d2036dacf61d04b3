# SPDX-License-Identifier: Apache-2.0
# What is installed, where, and how to remove it.
include(GNUInstallDirs)

pkg_get_variable(OPENSSL_MODULES_DIR libcrypto modulesdir)
if(NOT OPENSSL_MODULES_DIR)
    pkg_get_variable(CRYPTO_LIBDIR libcrypto libdir)
    set(OPENSSL_MODULES_DIR ${CRYPTO_LIBDIR}/ossl-modules)
endif()
# STRING: a relative PATH on the command line would be taken as one below the folder that cmake was
# started in.
set(ENVELOPE_MODULES_DIR ${OPENSSL_MODULES_DIR} CACHE STRING
    "Where OpenSSL looks for providers; a relative one is below the prefix")

# The reasons of the installed header are those of the table, whose texts are in envelope(7).
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS envelope/base/reasons.h)
file(READ envelope/base/reasons.h reasons)
string(REGEX MATCHALL "X\\([A-Z0-9_]+, +[0-9]+," reasons "${reasons}")
set(ENVELOPE_REASON_LINES "")
foreach(reason ${reasons})
    string(REGEX REPLACE "X\\(([A-Z0-9_]+), +([0-9]+)," "#define ENVELOPE_R_\\1 \\2" reason ${reason})
    string(APPEND ENVELOPE_REASON_LINES "${reason}\n")
endforeach()
configure_file(conf/envelope_provider.h.in include/envelope_provider.h @ONLY)

# Below ${prefix}, so that pkg-config --define-variable=prefix=DIR works for a moved installation.
function(below_prefix result folder)
    if(NOT IS_ABSOLUTE ${folder})
        set(folder "\${prefix}/${folder}")
    endif()
    set(${result} ${folder} PARENT_SCOPE)
endfunction()
below_prefix(ENVELOPE_PC_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
below_prefix(ENVELOPE_PC_MODULESDIR ${ENVELOPE_MODULES_DIR})
configure_file(conf/envelope.pc.in envelope.pc @ONLY)

install(TARGETS envelope LIBRARY DESTINATION ${ENVELOPE_MODULES_DIR})
install(TARGETS envelope_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_BINARY_DIR}/include/envelope_provider.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/envelope.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(GLOB pages RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS docs/*.[1-9])
foreach(page ${pages})
    string(REGEX MATCH "[1-9]$" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

# Completion, as the command itself prints it: if the build can run it and has no sanitizer.
if(NOT CMAKE_CROSSCOMPILING AND NOT ENVELOPE_SANITIZE)
    set(completions)
    foreach(shell bash zsh)
        set(script ${CMAKE_BINARY_DIR}/completion/${shell})
        add_custom_command(OUTPUT ${script} COMMAND envelope_tool completion ${shell} > ${script}
                           DEPENDS envelope_tool VERBATIM)
        list(APPEND completions ${script})
    endforeach()
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/completion)
    add_custom_target(completion ALL DEPENDS ${completions})
    install(FILES ${CMAKE_BINARY_DIR}/completion/bash RENAME envelope
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    set(ENVELOPE_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING
        "Where zsh looks for functions of packages; a relative one is below the prefix")
    install(FILES ${CMAKE_BINARY_DIR}/completion/zsh RENAME _envelope DESTINATION ${ENVELOPE_ZSH_DIR})
endif()

# cmake --build build/release --target uninstall
add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND} -D MANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt
            -P ${CMAKE_SOURCE_DIR}/conf/uninstall.cmake
    COMMENT "Removing what was installed from here" VERBATIM)
