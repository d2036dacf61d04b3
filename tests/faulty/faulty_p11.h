/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty_p11.so: a PKCS#11 module that stands before another one (the environment's
 * FAULTY_P11_MODULE) and fails like bad tokens do: calls fail, lie, take long or do not come
 * back to what they were. It takes orders and reports what it saw in one block of memory: its
 * own, which a driver in the same process gets from faulty_p11_control(), or the file that
 * FAULTY_P11_CONTROL names (created if missing), which other processes map as well;
 * faulty_control is the command for that.
 */
#ifndef FAULTY_P11_H
#define FAULTY_P11_H

#include <p11-kit/pkcs11.h>
#include <stdatomic.h>
#include <stdbool.h>

/* The functions that count, and that can be made to fail. The others go through untouched. */
#define FAULTY_CALLS(X)                                                                            \
    X(C_Initialize)                                                                                \
    X(C_Finalize)                                                                                  \
    X(C_GetInfo)                                                                                   \
    X(C_GetSlotList)                                                                               \
    X(C_GetSlotInfo)                                                                               \
    X(C_GetTokenInfo)                                                                              \
    X(C_GetMechanismList)                                                                          \
    X(C_GetMechanismInfo)                                                                          \
    X(C_OpenSession)                                                                               \
    X(C_CloseSession)                                                                              \
    X(C_CloseAllSessions)                                                                          \
    X(C_GetSessionInfo)                                                                            \
    X(C_Login)                                                                                     \
    X(C_Logout)                                                                                    \
    X(C_CreateObject)                                                                              \
    X(C_CopyObject)                                                                                \
    X(C_DestroyObject)                                                                             \
    X(C_GetAttributeValue)                                                                         \
    X(C_SetAttributeValue)                                                                         \
    X(C_FindObjectsInit)                                                                           \
    X(C_FindObjects)                                                                               \
    X(C_FindObjectsFinal)                                                                          \
    X(C_EncryptInit)                                                                               \
    X(C_Encrypt)                                                                                   \
    X(C_DecryptInit)                                                                               \
    X(C_Decrypt)                                                                                   \
    X(C_GenerateKey)                                                                               \
    X(C_GenerateKeyPair)                                                                           \
    X(C_WrapKey)                                                                                   \
    X(C_UnwrapKey)                                                                                 \
    X(C_GenerateRandom)

enum faulty_call {
#define FAULTY_ENUM(name) FAULTY_##name,
    FAULTY_CALLS(FAULTY_ENUM)
#undef FAULTY_ENUM
        FAULTY_CALLS_COUNT,
    FAULTY_ANY_CALL = FAULTY_CALLS_COUNT,
};

/* What is wrong with a call that is chosen. */
enum faulty_kind {
    FAULTY_FAILS,       /* it is not made and returns `code` */
    FAULTY_FAILS_AFTER, /* the call is made, and still returns `code` */
    /* It is made and succeeds, but its output is changed: lengths and counts ... */
    FAULTY_LENGTH_ZERO,
    FAULTY_LENGTH_SHORT, /* by one */
    FAULTY_LENGTH_LONG,  /* by eight */
    FAULTY_LENGTH_HUGE,  /* a million */
    FAULTY_LENGTH_NONE,  /* CK_UNAVAILABLE_INFORMATION, of every attribute */
    FAULTY_LENGTH_WRAPS, /* 2^63: what adds to it or doubles it goes round */
    FAULTY_GARBAGE,      /* ... or what they count; handles */
    FAULTY_BINARY,       /* texts are control characters and no UTF-8 */
    FAULTY_OTHER_TYPE,   /* attributes come back under other types */
    FAULTY_ENDLESS,      /* a search has always more to give */
    FAULTY_MIXED,        /* one of those above, of each call another */
    FAULTY_UNWRITTEN,    /* it is not made, and says that it succeeded */
    /* It finds the token or the module changed: */
    FAULTY_DROPS,   /* all sessions are gone, and so is the login */
    FAULTY_FORGETS, /* all is as it was before C_Initialize */
    FAULTY_LEAVES,  /* the token is not in its slot, for `away` calls (0: for good) */
    FAULTY_KINDS
};

/* When that is so. */
enum faulty_mode {
    FAULTY_NEVER,
    FAULTY_ONCE,
    FAULTY_SAME_FUNCTION, /* from then on, for the function of that call */
    FAULTY_ALL_FUNCTIONS, /* from then on, whatever is called */
};

#define FAULTY_TRACE_MAX 4096u

struct faulty_control {
    /* the plan: the at-th call (1: the next) of the function, or of all */
    _Atomic unsigned mode;
    _Atomic unsigned function;
    _Atomic unsigned at;
    _Atomic unsigned kind;
    _Atomic CK_RV code;
    _Atomic bool one_slot; /* calls that are not about this slot neither fail nor count in total */
    _Atomic CK_SLOT_ID slot;

    /* other things that tokens do */
    _Atomic unsigned session_limit; /* this many at once, then CKR_SESSION_COUNT; 0: no limit */
    _Atomic bool absent; /* the token (that of `slot`, or all) is not in its slot, and its sessions
                            are gone */
    _Atomic unsigned away;      /* for this many calls, then it is back; 0: until it is set back */
    _Atomic bool drop_sessions; /* once: it closes them all (and so forgets the login) */
    _Atomic bool forget;        /* once: the module is as it was before C_Initialize */
    _Atomic unsigned block_ms;  /* every call takes this much longer ... */
    _Atomic unsigned block_function; /* ... or those of this one ... */
    _Atomic bool block_once;         /* ... or the next of them alone */
    _Atomic bool blocking;           /* a call is taking its time now */
    _Atomic CK_FLAGS token_flags;    /* that C_GetTokenInfo adds */
    _Atomic bool reenter;            /* every call uses libcrypto's default context: reentry.c */
    _Atomic bool keep_module;        /* C_Finalize leaves the module underneath alone, for speed */

    char spare[32]; /* C_GenerateKeyPair copies the pair of this label instead, for speed */

    /* the report */
    _Atomic unsigned total;
    _Atomic unsigned counts[FAULTY_CALLS_COUNT];
    _Atomic unsigned hits; /* calls that were made to fail or lie */
    _Atomic unsigned
        lost_sessions;         /* through them: opened but not reported, closed but not really */
    _Atomic unsigned sessions; /* open */
    _Atomic unsigned sessions_most;
    _Atomic unsigned reentries;
    _Atomic unsigned wrong_reentries; /* where libcrypto gave a wrong answer */
    _Atomic unsigned searched_secret; /* C_FindObjectsInit with a key's bytes in its template */
    _Atomic unsigned char trace[FAULTY_TRACE_MAX]; /* which functions were called, in order */
};

/* Exported by the module. */
struct faulty_control *faulty_p11_control(void);
CK_FUNCTION_LIST *faulty_p11_underneath(void);

#endif
