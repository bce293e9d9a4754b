/* Loaded before the C library into one life of the simulation: what a program draws from the system, and the time of
   day, are the same in every run with the same TIDINGS_SIM_LIFE. Each thread draws a row of its own, from its start. */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static __thread uint64_t state;

/* splitmix64 */
static uint64_t next(void) {
    if (state == 0) {
        const char *seed = getenv("TIDINGS_SIM_LIFE");
        state = (seed ? strtoull(seed, NULL, 10) : 0) * 2 + 1;
    }
    uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    (void)flags;
    unsigned char *at = buffer;
    for (size_t left = length; left > 0;) {
        uint64_t drawn = next();
        size_t some = left < sizeof drawn ? left : sizeof drawn;
        memcpy(at, &drawn, some);
        at += some;
        left -= some;
    }
    return (ssize_t)length;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (clock == CLOCK_REALTIME) {
        now->tv_sec = 1800000000;
        now->tv_nsec = 0;
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, now);
}
