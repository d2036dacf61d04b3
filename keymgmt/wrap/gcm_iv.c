/* SPDX-License-Identifier: Apache-2.0 */
#include "keymgmt/wrap/gcm_iv.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>

#include "keymgmt/wrap/aes_mechanisms.h"
#include "keymgmt/wrap/vendor_mechanisms.h"

#define TAG_BITS 128u

const char *env_gcm_iv_words(enum env_gcm_iv_way way)
{
    static const char *const words[] = {
        [ENV_IV_UNKNOWN] = "",
        [ENV_IV_OURS] = "",
        [ENV_IV_ZEROED] = ", IV made by the token",
        [ENV_IV_ABSENT] = ", IV made by the token and appended",
        [ENV_IV_IN_FRONT] = ", IV made by the token and put in front",
    };

    return words[way];
}

void env_token_ivs_init(struct env_token_ivs *ivs)
{
    memset(ivs, 0, sizeof(*ivs));
    (void)pthread_mutex_init(&ivs->lock, NULL);
}

void env_token_ivs_clear(struct env_token_ivs *ivs)
{
    (void)pthread_mutex_destroy(&ivs->lock);
}

bool env_gcm_iv_refused(CK_RV rv)
{
    return rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD;
}

static void set_mechanism(struct env_gcm *gcm, CK_MECHANISM_TYPE type, size_t iv_len)
{
    memset(gcm, 0, sizeof(*gcm));
    gcm->m.mechanism = type;
    gcm->m.pParameter = &gcm->params;
    gcm->m.ulParameterLen = sizeof(gcm->params);
    gcm->params.pIv = gcm->iv;
    gcm->params.ulIvLen = (CK_ULONG)iv_len;
    gcm->params.ulIvBits = (CK_ULONG)iv_len * 8;
    gcm->params.ulTagBits = TAG_BITS;
}

static ENV_RESULT make_iv(const struct env_key_use *use, uint8_t iv[ENV_GCM_NONCE_LEN])
{
    const struct env_token *token = use->token;

    if ((token->info.flags & CKF_RNG) != 0 &&
        ENV_P11(token->fn->C_GenerateRandom(use->session->handle, iv, ENV_GCM_NONCE_LEN)) == CKR_OK)
        return ENV_OK;
    if (RAND_bytes(iv, ENV_GCM_NONCE_LEN) == 1)
        return ENV_OK;
    return env_error_detail(use->detail, ENV_R_RANDOM_FAILED, "%s", use->where);
}

ENV_RESULT env_gcm_to_wrap(const struct env_key_use *use, enum env_gcm_iv_way way,
                           struct env_gcm *gcm, struct env_wrapped *out)
{
    set_mechanism(gcm, env_aes_type(use->token, ENV_AES_GCM), ENV_GCM_NONCE_LEN);
    switch (way) {
    case ENV_IV_OURS:
        ENV_TRY(make_iv(use, gcm->iv));
        break;
    case ENV_IV_ABSENT:
        gcm->params.ulIvLen = 0; /* ulIvBits requests the length */
        break;
    case ENV_IV_IN_FRONT:
        gcm->m.mechanism = env_vendor_gcm_in_front(use->token);
        gcm->params.pIv = NULL;
        gcm->params.ulIvLen = 0;
        gcm->params.ulIvBits = 0;
        break;
    case ENV_IV_UNKNOWN:
    case ENV_IV_ZEROED:
        break;
    }
    out->nonce_len = ENV_GCM_NONCE_LEN;
    memcpy(out->nonce, gcm->iv, ENV_GCM_NONCE_LEN);
    return ENV_OK;
}

static ENV_RESULT bad_iv(const struct env_key_use *use, const char *what)
{
    return env_error_detail(use->detail, ENV_R_TOKEN_IV, "%s: the IV is %s", use->where, what);
}

static bool is_zero(const uint8_t *iv, size_t len)
{
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++)
        any |= iv[i];
    return any == 0;
}

/* Checks an IV that the token made. */
static ENV_RESULT judge(const struct env_key_use *use, struct env_token_ivs *ivs,
                        const struct env_wrapped *out)
{
    bool again;

    if (is_zero(out->nonce, out->nonce_len))
        return bad_iv(use, "zero");
    (void)pthread_mutex_lock(&ivs->lock);
    again = ivs->len == out->nonce_len && memcmp(ivs->last, out->nonce, ivs->len) == 0;
    ivs->len = out->nonce_len;
    memcpy(ivs->last, out->nonce, out->nonce_len);
    (void)pthread_mutex_unlock(&ivs->lock);
    atomic_store(&ivs->made, true);
    return again ? bad_iv(use, "the same as the last one") : ENV_OK;
}

static void take_from(struct env_wrapped *out, size_t at, size_t len)
{
    out->nonce_len = len;
    memcpy(out->nonce, out->data + at, len);
}

/* Copies the buffer. The IV is the token's if it changed ours, or was asked to fill in zeros. */
static enum env_iv_place read_buffer(enum env_gcm_iv_way way, const struct env_gcm *gcm,
                                     struct env_wrapped *out)
{
    bool changed = memcmp(out->nonce, gcm->iv, ENV_GCM_NONCE_LEN) != 0;

    memcpy(out->nonce, gcm->iv, ENV_GCM_NONCE_LEN);
    return changed || way == ENV_IV_ZEROED ? ENV_IV_IN_BUFFER : ENV_IV_AS_GIVEN;
}

/* Takes it from wherever the token put it. Fails with TOKEN_IV if it is nowhere. */
static ENV_RESULT find_iv(const struct env_key_use *use, enum env_gcm_iv_way way,
                          const struct env_gcm *gcm, size_t expected, struct env_wrapped *out,
                          enum env_iv_place *found)
{
    size_t more = out->len - expected; /* wraps round to a huge number if it is shorter */

    if (way == ENV_IV_IN_FRONT && more == ENV_GCM_NONCE_LEN) {
        take_from(out, 0, more);
        memmove(out->data, out->data + more, expected);
        *found = ENV_IV_BEFORE_ALL;
    } else if (way != ENV_IV_IN_FRONT && env_gcm_nonce_fits(more)) {
        take_from(out, expected, more);
        *found = more == ENV_GCM_NONCE_LEN ? ENV_IV_BEHIND : ENV_IV_BEHIND_16;
    } else if (more != 0 || way == ENV_IV_IN_FRONT ||
               (way != ENV_IV_ABSENT &&
                (gcm->params.pIv != gcm->iv || gcm->params.ulIvLen != ENV_GCM_NONCE_LEN))) {
        return env_error_detail(use->detail, ENV_R_WRAP_FAILED,
                                "%s: AES-GCM gave %zu bytes instead of %zu", use->where, out->len,
                                expected);
    } else if (way == ENV_IV_ABSENT) {
        return bad_iv(use, "missing");
    } else {
        *found = read_buffer(way, gcm, out);
    }
    out->len = expected;
    return ENV_OK;
}

static const char *place_words(enum env_iv_place place)
{
    static const char *const words[] = {
        [ENV_IV_NOT_LEARNT] = "nowhere",
        [ENV_IV_AS_GIVEN] = "as it was given",
        [ENV_IV_IN_BUFFER] = "made by the token, in the parameter",
        [ENV_IV_BEHIND] = "made by the token, 12 bytes behind the ciphertext",
        [ENV_IV_BEHIND_16] = "made by the token, 16 bytes behind the ciphertext",
        [ENV_IV_BEFORE_ALL] = "made by the token, in front of the ciphertext",
    };

    return words[place];
}

ENV_RESULT env_gcm_take_iv(const struct env_key_use *use, enum env_gcm_iv_way way,
                           const struct env_gcm *gcm, struct env_token_ivs *ivs,
                           enum env_iv_place *place, size_t expected, struct env_wrapped *out)
{
    enum env_iv_place found = ENV_IV_NOT_LEARNT;

    ENV_TRY(find_iv(use, way, gcm, expected, out, &found));
    if (*place != ENV_IV_NOT_LEARNT && *place != found)
        return env_error_detail(use->detail, ENV_R_TOKEN_IV_MOVED,
                                "%s: the IV is %s; at first use it was %s", use->where,
                                place_words(found), place_words(*place));
    if (found != ENV_IV_AS_GIVEN)
        ENV_TRY(judge(use, ivs, out));
    *place = found;
    return ENV_OK;
}

void env_gcm_to_unwrap(CK_MECHANISM_TYPE type, const struct env_wrapped *wrapped,
                       struct env_gcm *gcm)
{
    set_mechanism(gcm, type, wrapped->nonce_len);
    memcpy(gcm->iv, wrapped->nonce, wrapped->nonce_len);
}
