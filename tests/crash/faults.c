/* Preloaded into the runner and its git: one change of the file system below FAULTS_TOP fails.
 *
 * FAULTS names a file that all of these processes share: how many changes there were so far, the
 * number of the one that fails (0: none), and its errno. FAULTS_LOG gets a line for each change, or
 * for the one that failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct control {
	long count, target, error;
};

static struct control *attached(void)
{
	static struct control *found;
	const char *file = getenv("FAULTS");
	if (!found && file) {
		int opened = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
		if (opened >= 0) {
			void *mapped = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
			if (mapped != MAP_FAILED)
				found = mapped;
			syscall(SYS_close, opened);
		}
	}
	return found;
}

static void tell(long number, const char *change, const char *path)
{
	const char *log = getenv("FAULTS_LOG");
	char line[4300];
	int opened = log ? syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (opened >= 0) {
		int length = snprintf(line, sizeof line, "%ld %s %s\n", number, change, path);
		if (syscall(SYS_write, opened, line, length) < 0)
			abort();
		syscall(SYS_close, opened);
	}
}

/* Whether this change is the one that fails; errno says how then. */
static int fails(const char *change, const char *path)
{
	int before = errno;
	const char *top = getenv("FAULTS_TOP");
	struct control *control = attached();
	if (!control || !top || strncmp(path, top, strlen(top)) || strstr(path, "/proc/")) {
		errno = before;
		return 0;
	}
	long number = __sync_add_and_fetch(&control->count, 1), target = control->target;
	if (!target || number == target)
		tell(number, change, path);
	errno = number == target ? (int)control->error : before;
	return number == target;
}

static int fails_at(const char *change, int folder, const char *path)
{
	char whole[8400], link[64], start[4096] = "";
	if (path[0] == '/')
		return fails(change, path);
	if (folder == AT_FDCWD) {
		if (!getcwd(start, sizeof start))
			return 0;
	} else {
		snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
		ssize_t length = readlink(link, start, sizeof start - 1);
		start[length < 0 ? 0 : length] = 0;
	}
	snprintf(whole, sizeof whole, "%s/%s", start, path);
	return fails(change, whole);
}

static int fails_on(const char *change, int file)
{
	int before = errno;
	char link[64], path[4096];
	struct stat found;
	if (!getenv("FAULTS") || fstat(file, &found) || !S_ISREG(found.st_mode)) {
		errno = before;
		return 0;
	}
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t length = readlink(link, path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	errno = before;
	return fails(change, path);
}

#define WRITES(flags) (((flags) & O_ACCMODE) != O_RDONLY || ((flags) & O_CREAT))
#define MODE(flags, last) \
	mode_t mode = 0; \
	if ((flags) & (O_CREAT | O_TMPFILE)) { \
		va_list rest; \
		va_start(rest, last); \
		mode = va_arg(rest, mode_t); \
		va_end(rest); \
	}
#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		MODE(flags, flags) \
		return WRITES(flags) && fails_at("open", AT_FDCWD, path) ? -1 : REAL(name)(path, flags, mode); \
	}
#define OPENAT(name) \
	int name(int folder, const char *path, int flags, ...) \
	{ \
		MODE(flags, flags) \
		return WRITES(flags) && fails_at("open", folder, path) ? -1 : REAL(name)(folder, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define ON(type, name, change, parameters, arguments) \
	type name parameters { return fails_on(change, file) ? -1 : REAL(name) arguments; }
ON(ssize_t, write, "write", (int file, const void *data, size_t size), (file, data, size))
ON(ssize_t, writev, "write", (int file, const struct iovec *data, int count), (file, data, count))
ON(ssize_t, pwrite, "write", (int file, const void *data, size_t size, off_t at), (file, data, size, at))
ON(ssize_t, pwrite64, "write", (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
ON(ssize_t, sendfile, "write", (int file, int from, off_t *at, size_t size), (file, from, at, size))
ON(ssize_t, sendfile64, "write", (int file, int from, off64_t *at, size_t size), (file, from, at, size))
ON(int, ftruncate, "truncate", (int file, off_t size), (file, size))
ON(int, ftruncate64, "truncate", (int file, off64_t size), (file, size))
ON(int, fsync, "fsync", (int file), (file))
ON(int, fdatasync, "fsync", (int file), (file))

int rename(const char *from, const char *to)
{
	return fails_at("rename", AT_FDCWD, to) ? -1 : REAL(rename)(from, to);
}
int renameat(int folder, const char *from, int other, const char *to)
{
	return fails_at("rename", other, to) ? -1 : REAL(renameat)(folder, from, other, to);
}
int link(const char *from, const char *to)
{
	return fails_at("link", AT_FDCWD, to) ? -1 : REAL(link)(from, to);
}
int mkdir(const char *path, mode_t mode)
{
	return fails_at("mkdir", AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode);
}
