/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one AES key in a token, with exactly the attributes that a test needs.
 *
 *     make_kek [option ...]
 *         --module PATH  --token LABEL  --pin PIN
 *         --init-args TEXT  what C_Initialize gets in pReserved (NSS needs it)
 *         --label TEXT  --id HEX | --no-id     (one of the two)
 *         --bits N          128, 192 or 256 (256)
 *         --import HEX      this key instead of a generated one
 *         --extractable  --not-sensitive  --public
 *         --usage wrap|encrypt|both|unwrap|none       (wrap)
 *         --start-date TEXT, --end-date TEXT
 *                           CKA_START_DATE, CKA_END_DATE: eight digits, or what is none
 *         --destroy         destroys the keys of this label instead
 *         --not-decrypt     takes C_Decrypt away from the keys of this label instead
 */
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 64u
#define MOST_ATTRIBUTES 20u
#define MOST_ID 600u

struct options {
    const char *module;
    const char *init_args;
    const char *token;
    const char *pin;
    const char *label;
    const char *id;
    const char *import;
    const char *usage;
    const char *start_date;
    const char *end_date;
    CK_ULONG bits;
    bool no_id;
    bool extractable;
    bool not_sensitive;
    bool public;
    bool destroy;
    bool not_decrypt;
};

struct attributes {
    CK_ULONG count;
    CK_ATTRIBUTE list[MOST_ATTRIBUTES];
};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static _Noreturn void fail(const char *what, CK_RV rv)
{
    fprintf(stderr, "make_kek: %s (0x%lx)\n", what, rv);
    exit(1);
}

static void need(CK_RV rv, const char *what)
{
    if (rv != CKR_OK)
        fail(what, rv);
}

static void add(struct attributes *to, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
    if (to->count == MOST_ATTRIBUTES)
        fail("too many attributes", 0);
    to->list[to->count++] = (CK_ATTRIBUTE){type, value, len};
}

static void add_bool(struct attributes *to, CK_ATTRIBUTE_TYPE type, bool value)
{
    add(to, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

static size_t from_hex(const char *hex, unsigned char *out, size_t size)
{
    size_t len = strlen(hex) / 2;

    if (strlen(hex) % 2 != 0 || len > size)
        fail("bad hexadecimal", 0);
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        char *end;

        out[i] = (unsigned char)strtoul(pair, &end, 16);
        if (*end != '\0')
            fail("bad hexadecimal", 0);
    }
    return len;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *p11, const char *label)
{
    CK_SLOT_ID slots[MOST_SLOTS];
    CK_ULONG count = MOST_SLOTS;
    size_t len = strlen(label);

    need(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        need(p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
        if (len <= sizeof(info.label) && memcmp(info.label, label, len) == 0 &&
            (len == sizeof(info.label) || info.label[len] == ' '))
            return slots[i];
    }
    fail("no such token", 0);
}

/* What generating and importing have in common, and finding a key again. */
static void add_names(struct attributes *to, const struct options *options, unsigned char *id,
                      size_t id_size)
{
    static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    static CK_KEY_TYPE type = CKK_AES;

    add(to, CKA_CLASS, &class, sizeof(class));
    add(to, CKA_KEY_TYPE, &type, sizeof(type));
    add(to, CKA_LABEL, (void *)options->label, strlen(options->label));
    if (options->id != NULL)
        add(to, CKA_ID, id, from_hex(options->id, id, id_size));
}

static void add_policy(struct attributes *to, const struct options *options)
{
    bool both = strcmp(options->usage, "both") == 0;
    bool wrap = both || strcmp(options->usage, "wrap") == 0;
    bool encrypt = both || strcmp(options->usage, "encrypt") == 0;

    add_bool(to, CKA_TOKEN, true);
    add_bool(to, CKA_PRIVATE, !options->public);
    add_bool(to, CKA_SENSITIVE, !options->not_sensitive);
    add_bool(to, CKA_EXTRACTABLE, options->extractable);
    add_bool(to, CKA_WRAP, wrap);
    add_bool(to, CKA_UNWRAP, wrap || strcmp(options->usage, "unwrap") == 0);
    add_bool(to, CKA_ENCRYPT, encrypt);
    add_bool(to, CKA_DECRYPT, encrypt);
    add_bool(to, CKA_SIGN, false);
    add_bool(to, CKA_VERIFY, false);
    if (options->start_date != NULL)
        add(to, CKA_START_DATE, (void *)(uintptr_t)options->start_date,
            strlen(options->start_date));
    if (options->end_date != NULL)
        add(to, CKA_END_DATE, (void *)(uintptr_t)options->end_date, strlen(options->end_date));
}

static void make(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, const struct options *options)
{
    struct attributes template = {0};
    unsigned char id[MOST_ID], value[32];
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = options->bits / 8;
    CK_OBJECT_HANDLE key;

    add_names(&template, options, id, sizeof(id));
    add_policy(&template, options);
    if (options->import != NULL) {
        add(&template, CKA_VALUE, value, from_hex(options->import, value, sizeof(value)));
        need(p11->C_CreateObject(session, template.list, template.count, &key), "C_CreateObject");
        return;
    }
    add(&template, CKA_VALUE_LEN, &len, sizeof(len));
    need(p11->C_GenerateKey(session, &generate, template.list, template.count, &key),
         "C_GenerateKey");
}

/* What to do with the keys of these names, instead of making one. */
static void change(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, const struct options *options)
{
    CK_ATTRIBUTE not_decrypt = {CKA_DECRYPT, &no, sizeof(no)};
    struct attributes template = {0};
    unsigned char id[MOST_ID];
    CK_OBJECT_HANDLE keys[MOST_SLOTS];
    CK_ULONG count = 0;

    if (options->destroy) {
        add_names(&template, options, id, sizeof(id));
    } else { /* of any kind */
        add(&template, CKA_LABEL, (void *)options->label, strlen(options->label));
        add_bool(&template, CKA_DECRYPT, true);
    }
    need(p11->C_FindObjectsInit(session, template.list, template.count), "C_FindObjectsInit");
    need(p11->C_FindObjects(session, keys, MOST_SLOTS, &count), "C_FindObjects");
    need(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
    if (count == 0)
        fail("no such key", 0);
    while (count-- > 0) {
        if (options->destroy)
            need(p11->C_DestroyObject(session, keys[count]), "C_DestroyObject");
        else
            need(p11->C_SetAttributeValue(session, keys[count], &not_decrypt, 1),
                 "C_SetAttributeValue");
    }
}

static bool parse_flag(struct options *options, const char *arg)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"--no-id", &options->no_id},
        {"--extractable", &options->extractable},
        {"--not-sensitive", &options->not_sensitive},
        {"--public", &options->public},
        {"--destroy", &options->destroy},
        {"--not-decrypt", &options->not_decrypt},
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(arg, flags[i].name) == 0)
            return *flags[i].flag = true;
    }
    return false;
}

static bool parse_value(struct options *options, const char *arg, const char *value)
{
    const struct {
        const char *name;
        const char **value;
    } values[] = {
        {"--module", &options->module},
        {"--token", &options->token},
        {"--pin", &options->pin},
        {"--label", &options->label},
        {"--id", &options->id},
        {"--import", &options->import},
        {"--usage", &options->usage},
        {"--init-args", &options->init_args},
        {"--start-date", &options->start_date},
        {"--end-date", &options->end_date},
    };

    if (strcmp(arg, "--bits") == 0) {
        options->bits = strtoul(value, NULL, 10);
        return true;
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(arg, values[i].name) == 0) {
            *values[i].value = value;
            return true;
        }
    }
    return false;
}

static void parse(struct options *options, char **argv)
{
    *options = (struct options){.bits = 256, .usage = "wrap"};
    for (char **arg = argv + 1; *arg != NULL; arg++) {
        if (parse_flag(options, *arg))
            continue;
        if (arg[1] == NULL || !parse_value(options, arg[0], arg[1]))
            fail(*arg, 0);
        arg++;
    }
    if (options->module == NULL || options->token == NULL || options->pin == NULL ||
        options->label == NULL)
        fail("--module, --token, --pin and --label are needed", 0);
    if (!options->destroy && !options->not_decrypt && (options->id == NULL) != options->no_id)
        fail("--id or --no-id is needed", 0);
}

int main(int argc, char **argv)
{
    struct options options;
    CK_FUNCTION_LIST *p11;
    CK_SESSION_HANDLE session;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

    (void)argc;
    parse(&options, argv);
    p11 = p11_kit_module_load(options.module, P11_KIT_MODULE_UNMANAGED);
    if (p11 == NULL)
        fail(p11_kit_message(), 0);
    args.pReserved = (void *)options.init_args;
    need(p11->C_Initialize(&args), "C_Initialize");
    need(p11->C_OpenSession(find_slot(p11, options.token), CKF_SERIAL_SESSION | CKF_RW_SESSION,
                            NULL, NULL, &session),
         "C_OpenSession");
    need(p11->C_Login(session, CKU_USER, (unsigned char *)options.pin, strlen(options.pin)),
         "C_Login");
    if (options.destroy || options.not_decrypt)
        change(p11, session, &options);
    else
        make(p11, session, &options);
    need(p11->C_CloseSession(session), "C_CloseSession");
    need(p11->C_Finalize(NULL), "C_Finalize");
    p11_kit_module_release(p11);
    return 0;
}
