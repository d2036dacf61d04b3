/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product's clock (envelope/base/clock.h), which test programs have in their hands: what a
 * test means by "a while later" must not depend on the speed of the machine.
 */
#ifndef TEST_STOPPED_CLOCK_H
#define TEST_STOPPED_CLOCK_H

#include <stdint.h>

/* The clock stands still until a test moves it. Code that waits for time to pass never ends. */
void clock_stop(void);
void clock_move(unsigned milliseconds);
/* It goes on, from where it stands. */
void clock_go(void);

/* What day it is: seconds since 1970, where it stands; 0: as the system has it. */
void clock_set(int64_t seconds);

#endif
