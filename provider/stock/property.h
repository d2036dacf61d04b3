/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property queries and definitions, as in property(7). libcrypto only evaluates them in a fetch,
 * and a fetch constructs every algorithm of the operation. What is taken from another provider's
 * table is therefore evaluated here.
 */
#ifndef ENVELOPE_STOCK_PROPERTY_H
#define ENVELOPE_STOCK_PROPERTY_H

#include <stdbool.h>

/*
 * How many clauses of the query the definition satisfies; -1 if it fails a required one. Either may
 * be NULL: empty.
 */
int env_property_score(const char *query, const char *definition);

/* Whether the query has a clause of that name, with whatever value. */
bool env_property_has(const char *query, const char *name);

/*
 * The query with another clause, which excludes our provider; unchanged if it names a provider
 * itself. Freed with OPENSSL_free; NULL: no memory.
 */
char *env_property_not_ours(const char *query);

/*
 * The definition with our provider's name, and otherwise unchanged. Freed with OPENSSL_free; NULL:
 * no memory.
 */
char *env_property_ours(const char *definition);

#endif
