/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/stock/property.h"

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SPACES " \t"
#define PROVIDER "provider"
#define OURS "provider=envelope"
#define NOT_OURS "provider!=envelope"

struct text {
    const char *at;
    size_t len;
};

/* NAME, NAME=VALUE or NAME!=VALUE; in a query, ? or - may precede it. */
struct clause {
    struct text whole;
    struct text name;
    struct text value;
    bool optional;
    bool ignored; /* -NAME: ignore the clause with this name in the default properties */
    bool differs; /* != */
};

static const char *skip(const char *at)
{
    return at + strspn(at, SPACES);
}

/* The value after = or !=, quoted or not; advances at. */
static struct text take_value(const char **at)
{
    struct text value = {*at, 0};
    char quote = **at;

    if (quote == '\'' || quote == '"') {
        value.at++;
        value.len = strcspn(value.at, quote == '"' ? "\"" : "'");
        *at = value.at + value.len + (value.at[value.len] != '\0');
    } else {
        value.len = strcspn(value.at, SPACES ",");
        *at = value.at + value.len;
    }
    return value;
}

/* The next clause; advances at. False at the end. */
static bool take_clause(const char **at, struct clause *clause)
{
    *at += strspn(*at, SPACES ",");
    *clause = (struct clause){.whole = {*at, 0}, .value = {"yes", 3}};
    if (**at == '\0')
        return false;
    clause->optional = **at == '?';
    clause->ignored = **at == '-';
    if (clause->optional || clause->ignored)
        *at = skip(*at + 1);
    clause->name.at = *at;
    clause->name.len = strcspn(*at, SPACES ",=!");
    *at = skip(*at + clause->name.len);
    clause->differs = **at == '!';
    *at += clause->differs;
    if (**at == '=') {
        *at = skip(*at + 1);
        clause->value = take_value(at);
    }
    *at += strcspn(*at, ",");
    clause->whole.len = (size_t)(*at - clause->whole.at);
    return true;
}

static bool same(struct text a, struct text b)
{
    return a.len == b.len && strncasecmp(a.at, b.at, a.len) == 0;
}

/* The value of a name in a definition. A name that it does not have is "no". */
static struct text value_of(const char *definition, struct text name)
{
    struct clause clause;

    while (definition != NULL && take_clause(&definition, &clause)) {
        if (same(clause.name, name))
            return clause.value;
    }
    return (struct text){"no", 2};
}

int env_property_score(const char *query, const char *definition)
{
    struct clause clause;
    int score = 0;

    while (query != NULL && take_clause(&query, &clause)) {
        if (clause.ignored)
            continue;
        if (same(value_of(definition, clause.name), clause.value) != clause.differs)
            score++;
        else if (!clause.optional)
            return -1;
    }
    return score;
}

bool env_property_has(const char *query, const char *name)
{
    struct clause clause;

    while (query != NULL && take_clause(&query, &clause)) {
        if (same(clause.name, (struct text){name, strlen(name)}))
            return true;
    }
    return false;
}

char *env_property_not_ours(const char *query)
{
    struct clause clause;
    const char *at = query;
    size_t size;
    char *whole;

    if (env_property_has(query, PROVIDER)) /* libcrypto takes no name twice */
        return OPENSSL_strdup(query);
    if (query == NULL || !take_clause(&at, &clause))
        return OPENSSL_strdup(NOT_OURS);
    size = strlen(query) + sizeof("," NOT_OURS);
    whole = OPENSSL_malloc(size);
    if (whole != NULL)
        (void)snprintf(whole, size, "%s," NOT_OURS, query);
    return whole;
}

char *env_property_ours(const char *definition)
{
    size_t size = sizeof(OURS) + (definition != NULL ? strlen(definition) + 1 : 0);
    char *ours = OPENSSL_malloc(size);
    struct clause clause;
    size_t len = sizeof(OURS) - 1;

    if (ours == NULL)
        return NULL;
    memcpy(ours, OURS, sizeof(OURS));
    while (definition != NULL && take_clause(&definition, &clause)) {
        if (same(clause.name, (struct text){PROVIDER, sizeof(PROVIDER) - 1}))
            continue;
        ours[len++] = ',';
        memcpy(ours + len, clause.whole.at, clause.whole.len);
        len += clause.whole.len;
        ours[len] = '\0';
    }
    return ours;
}
