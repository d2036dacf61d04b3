/* SPDX-License-Identifier: Apache-2.0 */
#include "softhsm_fixture.h"

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <ftw.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

#define SO_PIN "12345678"

static char dir[512];

const char *softhsm_module(void)
{
    static const char *const places[] = {
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], R_OK) == 0)
            return places[i];
    }
    ck_abort_msg("libsofthsm2.so is nowhere to be found");
    return NULL;
}

const char *softhsm_dir(void)
{
    return dir;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void softhsm_setup(void)
{
    const char *tmp = getenv("TMPDIR");
    char path[sizeof(dir) + 32];
    FILE *conf;

    ck_assert_int_lt(snprintf(dir, sizeof(dir), "%s/softhsm.XXXXXX", tmp != NULL ? tmp : "/tmp"),
                     (int)sizeof(dir));
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/tokens", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/softhsm2.conf", dir);
    conf = fopen(path, "w");
    ck_assert_ptr_nonnull(conf);
    (void)fprintf(conf,
                  "directories.tokendir = %s/tokens\nobjectstore.backend = file\n"
                  "log.level = ERROR\n",
                  dir);
    temporary_close(conf, path); /* an empty one would mean the system's own tokens */
    (void)setenv("SOFTHSM2_CONF", path, 1);
    softhsm_add_token("kek");
}

void softhsm_teardown(void)
{
    (void)nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    (void)unsetenv("SOFTHSM2_CONF");
}

static void move_tokens(const char *from, const char *to)
{
    char old[sizeof(dir) + 320];
    char new[sizeof(dir) + 320];

    (void)snprintf(old, sizeof(old), "%s/%s", dir, from);
    (void)snprintf(new, sizeof(new), "%s/%s", dir, to);
    ck_assert_int_eq(rename(old, new), 0);
}

void softhsm_hide_tokens(void)
{
    move_tokens("tokens", "hidden");
}

void softhsm_restore_tokens(void)
{
    move_tokens("hidden", "tokens");
}

/* True if the directory is the token's: it has the label in the clear, padded. */
static bool is_directory_of(const char *name, const char *label)
{
    char path[sizeof(dir) + 320];
    char wanted[32];
    char text[4096];
    size_t len;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tokens/%s/token.object", dir, name);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    memset(wanted, ' ', sizeof(wanted));
    memcpy(wanted, label, strlen(label));
    return memmem(text, len, wanted, sizeof(wanted)) != NULL;
}

static bool find_directory(const char *label, char *out, size_t size)
{
    char tokens[sizeof(dir) + 32];
    struct dirent *entry;
    DIR *list;

    (void)snprintf(tokens, sizeof(tokens), "%s/tokens", dir);
    list = opendir(tokens);
    ck_assert_ptr_nonnull(list);
    while ((entry = readdir(list)) != NULL && !is_directory_of(entry->d_name, label))
        continue;
    if (entry != NULL)
        (void)snprintf(out, size, "tokens/%s", entry->d_name);
    (void)closedir(list);
    return entry != NULL;
}

/* SoftHSM rewrites the file at each login, and a reader may find it empty then. */
static void directory_of(const char *label, char *out, size_t size)
{
    bool found = false;

    for (int i = 0; i < 1000 && !(found = find_directory(label, out, size)); i++)
        (void)usleep(5000);
    ck_assert_msg(found, "token %s is nowhere", label);
}

void softhsm_hide_token(const char *label)
{
    char from[300];
    char link[sizeof(dir) + 96];
    char to[64];

    directory_of(label, from, sizeof(from));
    (void)snprintf(link, sizeof(link), "%s/was-%s", dir, label); /* remembers where it was */
    ck_assert_int_eq(symlink(from, link), 0);
    (void)snprintf(to, sizeof(to), "hidden-%s", label);
    move_tokens(from, to);
}

void softhsm_restore_token(const char *label)
{
    char link[sizeof(dir) + 96];
    char from[64];
    char to[300];
    ssize_t len;

    (void)snprintf(link, sizeof(link), "%s/was-%s", dir, label);
    len = readlink(link, to, sizeof(to) - 1);
    ck_assert_int_gt(len, 0);
    to[len] = '\0';
    ck_assert_int_eq(unlink(link), 0);
    (void)snprintf(from, sizeof(from), "hidden-%s", label);
    move_tokens(from, to);
}

/*
 * What changes tokens is done in a process of its own, so that the tested one's module is as it
 * was. Below, `must` ends that process with the line.
 */
#define must(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                       \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

struct job {
    void (*run)(CK_FUNCTION_LIST *fn, const struct job *job);
    const char *label;
    const char *token;
    const struct softhsm_key *key;
    const struct softhsm_rsa *rsa;
};

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *fn, const char *token)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    CK_TOKEN_INFO info;

    must(fn->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK);
    for (CK_ULONG i = 0; i < count; i++) {
        must(fn->C_GetTokenInfo(slots[i], &info) == CKR_OK);
        if (token == NULL && (info.flags & CKF_TOKEN_INITIALIZED) == 0)
            return slots[i];
        if (token != NULL && (info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
            memcmp(info.label, token, strlen(token)) == 0 && info.label[strlen(token)] == ' ')
            return slots[i];
    }
    must(false && "no such token");
    return 0;
}

static CK_SESSION_HANDLE open_token(CK_FUNCTION_LIST *fn, const char *token, CK_USER_TYPE user,
                                    const char *pin)
{
    CK_SESSION_HANDLE session;

    must(fn->C_OpenSession(find_slot(fn, token), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                           &session) == CKR_OK);
    must(fn->C_Login(session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin)) == CKR_OK);
    return session;
}

static void init_token(CK_FUNCTION_LIST *fn, const struct job *job)
{
    CK_UTF8CHAR label[32];
    CK_SESSION_HANDLE session;
    CK_ULONG count;

    memset(label, ' ', sizeof(label));
    memcpy(label, job->token, strlen(job->token));
    must(fn->C_InitToken(find_slot(fn, NULL), (CK_UTF8CHAR *)(uintptr_t)SO_PIN, strlen(SO_PIN),
                         label) == CKR_OK);
    must(fn->C_GetSlotList(CK_TRUE, NULL, &count) == CKR_OK);
    session = open_token(fn, job->token, CKU_SO, SO_PIN);
    must(fn->C_InitPIN(session, (CK_UTF8CHAR *)(uintptr_t)SOFTHSM_PIN, strlen(SOFTHSM_PIN)) ==
         CKR_OK);
}

static void make_key(CK_FUNCTION_LIST *fn, const struct job *job)
{
    const struct softhsm_key *key = job->key;
    uint8_t id[128];
    const size_t id_len = bytes_from_hex(key->id != NULL ? key->id : "", id, sizeof(id));
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_MECHANISM_TYPE allowed[100] = {key->only_mechanism};
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ULONG len = (key->bits == 0 ? 256 : key->bits) / 8;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL extractable = key->extractable;
    CK_BBOOL sensitive = !key->not_sensitive;
    CK_BBOOL private_object = !key->public_object;
    CK_BBOOL uses[] = {!key->no_encrypt, !key->no_decrypt, !key->no_wrap, !key->no_unwrap};
    CK_ATTRIBUTE template[16] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_PRIVATE, &private_object, sizeof(private_object)},
        {CKA_SENSITIVE, &sensitive, sizeof(sensitive)},
        {CKA_EXTRACTABLE, &extractable, sizeof(extractable)},
        {CKA_ENCRYPT, &uses[0], 1},
        {CKA_DECRYPT, &uses[1], 1},
        {CKA_WRAP, &uses[2], 1},
        {CKA_UNWRAP, &uses[3], 1},
        {CKA_LABEL, (void *)(uintptr_t)key->label, strlen(key->label)},
        {CKA_ID, id, id_len},
    };
    CK_ULONG count = 12;
    CK_SESSION_HANDLE session = open_token(fn, job->token, CKU_USER, SOFTHSM_PIN);
    CK_OBJECT_HANDLE object;

    for (unsigned i = 0; i < key->more_mechanisms; i++)
        allowed[1 + i] = CKM_VENDOR_DEFINED + i;
    if (key->only_mechanism != 0)
        template[count++] = (CK_ATTRIBUTE){CKA_ALLOWED_MECHANISMS, allowed,
                                           (1 + key->more_mechanisms) * sizeof(allowed[0])};
    if (key->value != NULL) {
        template[count++] = (CK_ATTRIBUTE){CKA_VALUE, (void *)(uintptr_t)key->value, len};
        must(fn->C_CreateObject(session, template, count, &object) == CKR_OK);
    } else {
        template[count++] = (CK_ATTRIBUTE){CKA_VALUE_LEN, &len, sizeof(len)};
        must(fn->C_GenerateKey(session, &generate, template, count, &object) == CKR_OK);
    }
}

struct number {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    uint8_t bytes[512];
};

/* The numbers of a private key in PEM become attributes. */
static CK_ULONG read_rsa(const char *file, struct number numbers[8], CK_ATTRIBUTE *out)
{
    static const struct number wanted[8] = {
        {CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N, {0}},
        {CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E, {0}},
        {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D, {0}},
        {CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1, {0}},
        {CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2, {0}},
        {CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1, {0}},
        {CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2, {0}},
        {CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, {0}},
    };
    char path[1024];
    EVP_PKEY *pkey;
    FILE *in;

    (void)snprintf(path, sizeof(path), "%s/rsa/%s", TEST_VECTORS, file);
    must((in = fopen(path, "r")) != NULL);
    must((pkey = PEM_read_PrivateKey(in, NULL, NULL, NULL)) != NULL);
    (void)fclose(in);
    for (size_t i = 0; i < 8; i++) {
        BIGNUM *number = NULL;

        numbers[i] = wanted[i];
        must(EVP_PKEY_get_bn_param(pkey, wanted[i].name, &number) == 1);
        out[i] = (CK_ATTRIBUTE){wanted[i].type, numbers[i].bytes,
                                (CK_ULONG)BN_bn2bin(number, numbers[i].bytes)};
        BN_clear_free(number);
    }
    EVP_PKEY_free(pkey);
    return 8;
}

static void make_rsa(CK_FUNCTION_LIST *fn, const struct job *job)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    struct number numbers[8];
    char label[64];
    uint8_t id[64];
    CK_ATTRIBUTE template[24] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
        {CKA_TOKEN, &yes, sizeof(yes)},
        {CKA_PRIVATE, &yes, sizeof(yes)},
        {CKA_SENSITIVE, &yes, sizeof(yes)},
        {CKA_EXTRACTABLE, &no, sizeof(no)},
        {CKA_DECRYPT, &yes, sizeof(yes)},
        {CKA_ALWAYS_AUTHENTICATE, job->rsa->always_authenticate ? &yes : &no, sizeof(yes)},
        {CKA_LABEL, label, 0},
        {CKA_ID, id, bytes_from_hex(job->rsa->id, id, sizeof(id))},
    };
    CK_ULONG count = 10 + read_rsa(job->rsa->file, numbers, template + 10);
    CK_SESSION_HANDLE session = open_token(fn, job->token, CKU_USER, SOFTHSM_PIN);
    CK_OBJECT_HANDLE object;

    for (unsigned i = 0; i <= job->rsa->more; i++) {
        template[8].ulValueLen =
            (CK_ULONG)snprintf(label, sizeof(label), i == 0 ? "%s" : "%s-%u", job->rsa->label, i);
        must(fn->C_CreateObject(session, template, count, &object) == CKR_OK);
        id[0] ^= (uint8_t)(i + 1);
        numbers[0].bytes[8] = (uint8_t)(numbers[0].bytes[8] + 1);
    }
}

static void delete_key(CK_FUNCTION_LIST *fn, const struct job *job)
{
    CK_SESSION_HANDLE session = open_token(fn, job->token, CKU_USER, SOFTHSM_PIN);
    CK_ATTRIBUTE template = {CKA_LABEL, (void *)(uintptr_t)job->label, strlen(job->label)};
    CK_OBJECT_HANDLE object;
    CK_ULONG count;

    must(fn->C_FindObjectsInit(session, &template, 1) == CKR_OK);
    must(fn->C_FindObjects(session, &object, 1, &count) == CKR_OK && count == 1);
    must(fn->C_FindObjectsFinal(session) == CKR_OK);
    must(fn->C_DestroyObject(session, object) == CKR_OK);
}

static void run_job(const struct job *job)
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        CK_C_GetFunctionList get;
        CK_FUNCTION_LIST *fn;

        *(void **)&get = dlsym(dlopen(softhsm_module(), RTLD_NOW), "C_GetFunctionList");
        must(get(&fn) == CKR_OK);
        (void)fn->C_Finalize(NULL); /* the copy of what the tested process has */
        must(fn->C_Initialize(NULL) == CKR_OK);
        job->run(fn, job);
        must(fn->C_Finalize(NULL) == CKR_OK);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(status == 0, "a change of %s ended with status %d; %s", dir, status,
                  temporary_room(dir));
    temporary_has_room(dir);
}

void softhsm_add_token(const char *label)
{
    run_job(&(struct job){.run = init_token, .token = label});
}

void softhsm_make_key(const struct softhsm_key *key)
{
    run_job(&(struct job){
        .run = make_key, .token = key->token != NULL ? key->token : "kek", .key = key});
}

void softhsm_make_rsa(const struct softhsm_rsa *rsa)
{
    run_job(&(struct job){
        .run = make_rsa, .token = rsa->token != NULL ? rsa->token : "kek", .rsa = rsa});
}

void softhsm_delete_key(const char *token, const char *label)
{
    run_job(&(struct job){.run = delete_key, .label = label, .token = token});
}
