/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/key_wrap.h"

#include "keymgmt/wrap/key_wrap_known_answers.h"
#include "keymgmt/wrap/key_wrap_lengths.h"

#define METHODS_MAX 4u

/* Uses one mechanism in one way. */
static ENV_RESULT run_method(struct env_key_use *use, struct env_aes_method method,
                             struct env_key_wrap_request *request)
{
    CK_MECHANISM mechanism = {env_aes_type(use->token, method.family), NULL, 0};
    const CK_ULONG room = (CK_ULONG)(request->in_len + ENV_KEY_WRAP_SLACK);
    struct env_wrap_call call = {.mechanism = &mechanism,
                                 .in = request->in,
                                 .in_len = request->in_len,
                                 .out = request->out,
                                 .len = room,
                                 .value_len = (CK_ULONG)request->in_len - 8};
    ENV_RESULT r = env_wrap_ways[method.way](use, &call);

    if (env_ok(r) && call.len > room)
        r = env_key_use_failed(use, ENV_R_TOKEN_FAILED, "more bytes than there is room for",
                               CKR_OK);
    request->out_len = env_ok(r) ? call.len : 0;
    return r;
}

static size_t methods_for(unsigned uses, enum env_key_wrap_kind alg,
                          const enum env_wrap_way ways[2], struct env_aes_method out[METHODS_MAX])
{
    static const enum env_aes_family kw[] = {ENV_AES_KW};
    static const enum env_aes_family kwp[] = {ENV_AES_KWP, ENV_AES_PAD};
    const enum env_aes_family *families = alg == ENV_KEY_WRAP_KW ? kw : kwp;
    size_t count = alg == ENV_KEY_WRAP_KW ? 1 : 2;
    size_t n = 0;

    for (size_t f = 0; f < count; f++) {
        for (size_t w = 0; w < 2; w++) {
            if (env_aes_can(uses, families[f], ways[w]))
                out[n++] = (struct env_aes_method){families[f], ways[w]};
        }
    }
    return n;
}

static const enum env_wrap_way wrapping[2] = {ENV_WAY_ENCRYPT, ENV_WAY_WRAP_KEY};
static const enum env_wrap_way unwrapping[2] = {ENV_WAY_DECRYPT, ENV_WAY_UNWRAP_KEY};

bool env_key_wrap_can_unwrap(unsigned uses, enum env_key_wrap_kind alg)
{
    struct env_aes_method methods[METHODS_MAX];

    return methods_for(uses, alg, unwrapping, methods) > 0;
}

static ENV_RESULT no_way(const struct env_key_use *use, enum env_key_wrap_kind alg,
                         const char *what)
{
    return env_error_detail(use->detail, ENV_R_KEK_USAGE, "%s cannot %s with %s", use->where, what,
                            alg == ENV_KEY_WRAP_KW
                                ? "CKM_AES_KEY_WRAP"
                                : "CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD");
}

static ENV_RESULT not_proven(const struct env_key_use *use, const char *what, size_t len)
{
    return env_error_detail(use->detail, ENV_R_WRAP_LENGTH, "%s: to %s %zu bytes", use->where, what,
                            len);
}

/* Tries the ways that are proven for these kinds of lengths. */
static ENV_RESULT run(struct env_key_use *use, struct env_key_wrap_request *request,
                      const enum env_wrap_way ways[2], unsigned kinds, const char *what)
{
    struct env_aes_method methods[METHODS_MAX];
    size_t count = methods_for(use->uses, request->alg, ways, methods);
    bool tried = false;

    for (size_t i = 0; i < count; i++) {
        unsigned proven = kinds;
        ENV_RESULT r;

        if (request->alg == ENV_KEY_WRAP_KWP)
            ENV_TRY(env_key_wrap_known_answers(use, methods[i], &proven));
        if ((proven & kinds) != kinds)
            continue;
        r = run_method(use, methods[i], request);
        if (env_ok(r) || !env_ckr_mechanism_unusable(use->detail->rv))
            return r;
        tried = true;
    }
    if (count == 0)
        return no_way(use, request->alg, what);
    if (!tried)
        return not_proven(use, what, request->in_len);
    use->detail->reason = ENV_R_KEK_USAGE; /* not supported with this key after all */
    return ENV_FAIL(ENV_R_KEK_USAGE);
}

ENV_RESULT env_aes_key_wrap(struct env_key_use *use, void *arg)
{
    struct env_key_wrap_request *request = arg;
    size_t expected = (request->in_len + 7) / 8 * 8 + 8;

    ENV_TRY(run(use, request, wrapping, env_key_wrap_kind_of(request->in_len), "wrap"));
    if (request->out_len == expected)
        return ENV_OK;
    return env_error_detail(use->detail, ENV_R_WRAP_FAILED, "%s gave %zu bytes instead of %zu",
                            use->where, request->out_len, expected);
}

ENV_RESULT env_aes_key_unwrap(struct env_key_use *use, void *arg)
{
    struct env_key_wrap_request *request = arg;
    size_t most = request->in_len - 8;
    size_t least = request->alg == ENV_KEY_WRAP_KW ? most : most - 7;

    ENV_TRY(run(use, request, unwrapping, env_key_wrap_kinds_within(request->in_len), "unwrap"));
    if (request->out_len >= least && request->out_len <= most)
        return ENV_OK;
    return env_error_detail(use->detail, ENV_R_UNWRAP_FAILED, "%s gave %zu bytes from %zu",
                            use->where, request->out_len, request->in_len);
}
