/* SPDX-License-Identifier: Apache-2.0 */
/* What p11-kit knows, in this process alone: not what happens to be installed. */
#ifndef TEST_OWN_MODULES_H
#define TEST_OWN_MODULES_H

/*
 * From here on p11-kit knows this module and no other. dir is one of the test's own. To be called
 * before p11-kit has read its configuration, by a test in a process of its own. False where it
 * cannot be: for root without the right to mount.
 */
_Bool p11_kit_knows_only(const char *module, const char *dir);

#endif
