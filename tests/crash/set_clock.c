/* Preloaded into the runner and its git: the time of day is ahead by as many seconds as the file says
 * that CLOCK_AHEAD names, one `long` that whoever sets the clock writes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long ahead(void)
{
	static volatile long *found;
	const char *file = getenv("CLOCK_AHEAD");
	if (!found && file) {
		int opened = open(file, O_RDONLY | O_CLOEXEC);
		if (opened >= 0) {
			void *mapped = mmap(NULL, sizeof *found, PROT_READ, MAP_SHARED, opened, 0);
			if (mapped != MAP_FAILED)
				found = mapped;
			close(opened);
		}
	}
	return found ? *found : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int end = REAL(clock_gettime)(clock, at);
	if (!end && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		at->tv_sec += ahead();
	return end;
}

int gettimeofday(struct timeval *at, void *zone)
{
	int end = REAL(gettimeofday)(at, zone);
	if (!end)
		at->tv_sec += ahead();
	return end;
}

time_t time(time_t *at)
{
	time_t now = REAL(time)(NULL) + ahead();
	if (at)
		*at = now;
	return now;
}
