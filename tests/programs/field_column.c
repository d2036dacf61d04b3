/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with a table in PostgreSQL, whose columns are fields under tenants' keys:
 *
 *     field_column STAND-IN-FILE make TENANTS ROWS
 *     field_column STAND-IN-FILE read                 opens every row
 *     field_column STAND-IN-FILE find TENANT EMAIL    by the deterministic field
 *     field_column STAND-IN-FILE add TENANT ID        one more row
 *     field_column STAND-IN-FILE rotate TENANT        a new key for him, and all his rows
 *
 * It says what it did, and of rows that do not open how many, with the first one's error. Tables:
 * tenants(id, key) and users(id, tenant, otp_secret, email).
 */
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT_KEY 81
#define FIELD_MAX 256
#define ROOM (FIELD_MAX + 64)

struct program {
    PGconn *db;
    EVP_CIPHER *random;
    EVP_CIPHER *deterministic;
    EVP_CIPHER_CTX *ctx;
    unsigned char stand_in[32];
};

struct tenant {
    const char *id;
    const unsigned char *key; /* as it stands in the table */
    size_t key_len;
};

struct field {
    unsigned char bytes[ROOM];
    int len;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- fields ---- */

/* Parts, each preceded by its length. */
static size_t context_of(unsigned char *out, const char *column, const char *of)
{
    const char *parts[] = {column, of};
    size_t len = 0;

    for (int i = 0; i < 2; i++) {
        out[len++] = (unsigned char)strlen(parts[i]);
        memcpy(out + len, parts[i], strlen(parts[i]));
        len += strlen(parts[i]);
    }
    return len;
}

/* tenant NULL: the value is a tenant's key, and context says whose. False: OpenSSL says why. */
static int field(struct program *program, const EVP_CIPHER *cipher, int sealing,
                 const struct tenant *tenant, const unsigned char *context, size_t context_len,
                 const unsigned char *in, int in_len, struct field *out)
{
    OSSL_PARAM params[4];
    size_t count = 0;
    int n = 0, last = 0;

    params[count++] = OSSL_PARAM_construct_octet_string("context", (void *)context, context_len);
    if (tenant != NULL) {
        params[count++] =
            OSSL_PARAM_construct_octet_string("tenant-key", (void *)tenant->key, tenant->key_len);
        params[count++] =
            OSSL_PARAM_construct_octet_string("tenant", (void *)tenant->id, strlen(tenant->id));
    }
    params[count] = OSSL_PARAM_construct_end();
    if (in_len > FIELD_MAX || EVP_CIPHER_CTX_reset(program->ctx) != 1 ||
        EVP_CipherInit_ex2(program->ctx, cipher, program->stand_in, NULL, sealing, params) != 1 ||
        EVP_CipherUpdate(program->ctx, out->bytes, &n, in, in_len) != 1 ||
        EVP_CipherFinal_ex(program->ctx, out->bytes + n, &last) != 1)
        return 0;
    out->len = n + last;
    return 1;
}

static int otp(struct program *program, int sealing, const struct tenant *tenant, const char *row,
               const unsigned char *in, int in_len, struct field *out)
{
    unsigned char context[512];
    size_t len = context_of(context, "users.otp_secret", row);

    return field(program, program->random, sealing, tenant, context, len, in, in_len, out);
}

static int email(struct program *program, int sealing, const struct tenant *tenant,
                 const unsigned char *in, int in_len, struct field *out)
{
    unsigned char context[512];
    size_t len = context_of(context, "users.email", tenant->id);

    return field(program, program->deterministic, sealing, tenant, context, len, in, in_len, out);
}

static void make_key(struct program *program, const char *tenant, struct field *out)
{
    unsigned char key[32];
    char context[300];
    int len = snprintf(context, sizeof(context), "tenant key v1:%s", tenant);

    if (RAND_priv_bytes(key, sizeof(key)) != 1 ||
        !field(program, program->random, 1, NULL, (unsigned char *)context, (size_t)len, key,
               sizeof(key), out) ||
        out->len != TENANT_KEY)
        die("no tenant key");
    OPENSSL_cleanse(key, sizeof(key));
}

/* ---- the table ---- */

/* A statement whose parameters are, each, text (length -1) or bytes. */
static PGresult *ask(struct program *program, const char *statement, int count,
                     const void *const *values, const int *lens)
{
    const char *texts[4];
    int lengths[4], formats[4];

    for (int i = 0; i < count; i++) {
        texts[i] = values[i];
        lengths[i] = lens[i] < 0 ? 0 : lens[i];
        formats[i] = lens[i] >= 0;
    }
    return PQexecParams(program->db, statement, count, NULL, texts, lengths, formats, 1);
}

static void done(struct program *program, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        (void)printf("refused: %s\n", state != NULL ? state : "");
        die(PQerrorMessage(program->db));
    }
    PQclear(result);
}

static void order(struct program *program, const char *statement)
{
    done(program, PQexec(program->db, statement));
}

static const unsigned char *bytes_at(const PGresult *result, int row, int column)
{
    return (const unsigned char *)PQgetvalue(result, row, column);
}

static struct tenant tenant_at(const PGresult *result, int row, int column)
{
    return (struct tenant){PQgetvalue(result, row, column), bytes_at(result, row, column + 1),
                           (size_t)PQgetlength(result, row, column + 1)};
}

/* What a row says once it is open. */
static void values_of(long id, char secret[64], char address[64])
{
    (void)snprintf(secret, 64, "SECRET%010ld", id);
    (void)snprintf(address, 64, "user%ld@example.org", id);
}

static void add_row(struct program *program, const struct tenant *tenant, long id, long like)
{
    char row[32], secret[64], address[64];
    struct field sealed[2];

    (void)snprintf(row, sizeof(row), "%ld", id);
    values_of(like, secret, address);
    if (!otp(program, 1, tenant, row, (unsigned char *)secret, (int)strlen(secret), &sealed[0]) ||
        !email(program, 1, tenant, (unsigned char *)address, (int)strlen(address), &sealed[1]))
        die("a row is not sealed");
    done(program, ask(program, "INSERT INTO users VALUES ($1::text::bigint, $2, $3, $4)", 4,
                      (const void *[]){row, tenant->id, sealed[0].bytes, sealed[1].bytes},
                      (const int[]){-1, -1, sealed[0].len, sealed[1].len}));
}

static PGresult *tenant_of(struct program *program, const char *id)
{
    PGresult *result = ask(program, "SELECT id, key FROM tenants WHERE id = $1", 1,
                           (const void *[]){id}, (const int[]){-1});

    if (PQntuples(result) != 1)
        die("no such tenant");
    return result;
}

/* ---- what it does ---- */

static void make(struct program *program, long tenants, long rows)
{
    struct field *keys = calloc((size_t)tenants, sizeof(*keys));
    char id[32];

    if (keys == NULL)
        die("no memory");
    order(program, "BEGIN");
    for (long i = 0; i < tenants; i++) {
        (void)snprintf(id, sizeof(id), "t%ld", i);
        make_key(program, id, &keys[i]);
        done(program, ask(program, "INSERT INTO tenants VALUES ($1, $2)", 2,
                          (const void *[]){id, keys[i].bytes}, (const int[]){-1, keys[i].len}));
    }
    for (long i = 0; i < rows; i++) {
        const struct tenant tenant = {id, keys[i % tenants].bytes, TENANT_KEY};

        (void)snprintf(id, sizeof(id), "t%ld", i % tenants);
        add_row(program, &tenant, i, i);
    }
    order(program, "COMMIT");
    free(keys);
    (void)printf("%ld tenants, %ld rows\n", tenants, rows);
}

/* Columns: id, otp_secret, email, tenant, key. False: it does not open. */
static int opens(struct program *program, const PGresult *rows, int i)
{
    const struct tenant tenant = tenant_at(rows, i, 3);
    char secret[64], address[64];
    struct field opened[2];

    values_of(atol(PQgetvalue(rows, i, 0)), secret, address);
    if (!otp(program, 0, &tenant, PQgetvalue(rows, i, 0), bytes_at(rows, i, 1),
             PQgetlength(rows, i, 1), &opened[0]) ||
        !email(program, 0, &tenant, bytes_at(rows, i, 2), PQgetlength(rows, i, 2), &opened[1]))
        return 0;
    if (opened[0].len != (int)strlen(secret) || opened[1].len != (int)strlen(address) ||
        memcmp(opened[0].bytes, secret, strlen(secret)) != 0 ||
        memcmp(opened[1].bytes, address, strlen(address)) != 0)
        die("a row says something else");
    return 1;
}

static void read_all(struct program *program)
{
    PGresult *rows = ask(program,
                         "SELECT users.id::text, otp_secret, email, tenant, key FROM users "
                         "LEFT JOIN tenants ON tenants.id = tenant",
                         0, NULL, NULL);
    long keyless = 0, closed = 0;
    int count = PQntuples(rows);

    for (int i = 0; i < count; i++) {
        if (PQgetisnull(rows, i, 4)) {
            keyless++;
        } else if (!opens(program, rows, i)) {
            if (closed++ == 0)
                ERR_print_errors_fp(stderr);
            ERR_clear_error();
        }
    }
    (void)printf("%ld open, %ld closed, %ld without a key\n", count - closed - keyless, closed,
                 keyless);
    PQclear(rows);
}

static void find(struct program *program, const char *id, const char *address)
{
    PGresult *key = tenant_of(program, id), *rows;
    const struct tenant tenant = tenant_at(key, 0, 0);
    struct field wanted;

    if (!email(program, 1, &tenant, (const unsigned char *)address, (int)strlen(address), &wanted))
        die("not sealed");
    rows = ask(program,
               "SELECT users.id::text, otp_secret, email, tenant, key FROM users "
               "JOIN tenants ON tenants.id = tenant WHERE tenant = $1 AND email = $2",
               2, (const void *[]){id, wanted.bytes}, (const int[]){-1, wanted.len});
    for (int i = 0; i < PQntuples(rows); i++) {
        if (!opens(program, rows, i))
            die("it does not open");
        (void)printf("row %s\n", PQgetvalue(rows, i, 0));
    }
    (void)printf("%d found\n", PQntuples(rows));
    PQclear(rows);
    PQclear(key);
}

/* With the email address of row like. */
static void add(struct program *program, const char *id, long like)
{
    PGresult *key = tenant_of(program, id);
    const struct tenant tenant = tenant_at(key, 0, 0);

    add_row(program, &tenant, like + 1000000000, like);
    (void)printf("added\n");
    PQclear(key);
}

/* A row's two fields, opened with the old key and sealed with the new one. */
static void seal_anew(struct program *program, const PGresult *rows, int i,
                      const struct tenant *old, const struct tenant *new)
{
    const char *row = PQgetvalue(rows, i, 0);
    struct field opened[2], sealed[2];

    if (!otp(program, 0, old, row, bytes_at(rows, i, 1), PQgetlength(rows, i, 1), &opened[0]) ||
        !email(program, 0, old, bytes_at(rows, i, 2), PQgetlength(rows, i, 2), &opened[1]) ||
        !otp(program, 1, new, row, opened[0].bytes, opened[0].len, &sealed[0]) ||
        !email(program, 1, new, opened[1].bytes, opened[1].len, &sealed[1]))
        die("a row is not sealed anew");
    done(program,
         ask(program, "UPDATE users SET otp_secret = $2, email = $3 WHERE id = $1::text::bigint", 3,
             (const void *[]){row, sealed[0].bytes, sealed[1].bytes},
             (const int[]){-1, sealed[0].len, sealed[1].len}));
}

static void rotate(struct program *program, const char *id)
{
    PGresult *key, *rows;
    struct tenant old, new;
    struct field made;

    order(program, "BEGIN");
    key = tenant_of(program, id);
    old = tenant_at(key, 0, 0);
    make_key(program, id, &made);
    new = (struct tenant){id, made.bytes, TENANT_KEY};
    rows =
        ask(program, "SELECT id::text, otp_secret, email FROM users WHERE tenant = $1 FOR UPDATE",
            1, (const void *[]){id}, (const int[]){-1});
    for (int i = 0; i < PQntuples(rows); i++)
        seal_anew(program, rows, i, &old, &new);
    done(program, ask(program, "UPDATE tenants SET key = $2 WHERE id = $1", 2,
                      (const void *[]){id, made.bytes}, (const int[]){-1, made.len}));
    order(program, "COMMIT");
    (void)printf("%d rows sealed anew\n", PQntuples(rows));
    PQclear(rows);
    PQclear(key);
}

static void begin(struct program *program, const char *stand_in)
{
    FILE *file = fopen(stand_in, "rb");

    program->db = PQconnectdb("");
    program->random = EVP_CIPHER_fetch(NULL, "ENVELOPE-FIELD", NULL);
    program->deterministic = EVP_CIPHER_fetch(NULL, "ENVELOPE-FIELD-DETERMINISTIC", NULL);
    program->ctx = EVP_CIPHER_CTX_new();
    if (PQstatus(program->db) != CONNECTION_OK)
        die(PQerrorMessage(program->db));
    if (program->random == NULL || program->deterministic == NULL || program->ctx == NULL)
        die("no ciphers");
    if (file == NULL || fread(program->stand_in, 1, 32, file) != 32)
        die("no stand-in");
    (void)fclose(file);
}

int main(int argc, char **argv)
{
    struct program program;
    const char *what = argc > 2 ? argv[2] : "";

    if (argc < 3)
        return 2;
    begin(&program, argv[1]);
    if (strcmp(what, "make") == 0 && argc == 5)
        make(&program, atol(argv[3]), atol(argv[4]));
    else if (strcmp(what, "read") == 0)
        read_all(&program);
    else if (strcmp(what, "find") == 0 && argc == 5)
        find(&program, argv[3], argv[4]);
    else if (strcmp(what, "add") == 0 && argc == 5)
        add(&program, argv[3], atol(argv[4]));
    else if (strcmp(what, "rotate") == 0 && argc == 4)
        rotate(&program, argv[3]);
    else
        die("usage");
    EVP_CIPHER_CTX_free(program.ctx);
    EVP_CIPHER_free(program.deterministic);
    EVP_CIPHER_free(program.random);
    OPENSSL_cleanse(program.stand_in, sizeof(program.stand_in));
    PQfinish(program.db);
    return 0;
}
