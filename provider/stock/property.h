/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property queries and definitions, as property(7) has them. libcrypto judges them only when it
 * fetches, and a fetch constructs every algorithm of the operation; what is taken from another
 * provider's table is judged here.
 */
#ifndef ENVELOPE_STOCK_PROPERTY_H
#define ENVELOPE_STOCK_PROPERTY_H

/*
 * How many clauses of the query the definition fulfils; -1 when it does not fulfil one that is
 * demanded. Either may be NULL: empty.
 */
int env_property_score(const char *query, const char *definition);

/* A definition with ours as its provider, and the rest as it was. OPENSSL_free; NULL: no memory. */
char *env_property_ours(const char *definition);

#endif
