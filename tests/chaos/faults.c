// Preloaded into a program: counts the calls that change its files or talk to its server, and makes some of them go wrong.
//
//   FAULT_FILES=text   calls on files whose path has this in it count: writes, syncs, truncations
//   FAULT_SOCKETS=1    sends to servers and receives from them count
//   FAULT_AT=n         the n-th call that counts is the one, from 1
//   FAULT_KIND=…       what happens to it:
//     kill             the process is killed before it
//     after            the process is killed after it
//     torn             half of what it writes is written, then the process is killed
//     cut, cut_after   the connection is shut down before or after it
//     enospc, eio      it fails so
//   FAULT_FOR=m        enospc and eio: so do the m-1 calls after it
//   FAULT_WHILE=path   enospc and eio: not by number, but while there is such a file
//   FAULT_LOG=path     a program that ends by itself writes there how many calls it has counted
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { NONE, KILL, AFTER, TORN, CUT, CUT_AFTER, ENOSPC_, EIO_ };

static const char* files;
static const char* while_file;
static int sockets;
static long at, length = 1;
static enum kind kind;
static atomic_long count;

__attribute__((constructor)) static void start(void) {
  static const char* const names[] = {"", "kill", "after", "torn", "cut", "cut_after", "enospc", "eio"};
  const char* text = getenv("FAULT_KIND");
  for (int i = 1; text && i < 8; ++i) {
    if (strcmp(text, names[i]) == 0) kind = (enum kind)i;
  }
  files = getenv("FAULT_FILES");
  while_file = getenv("FAULT_WHILE");
  sockets = getenv("FAULT_SOCKETS") != NULL;
  if ((text = getenv("FAULT_AT"))) at = atol(text);
  if ((text = getenv("FAULT_FOR"))) length = atol(text);
}

__attribute__((destructor)) static void end(void) {
  const char* path = getenv("FAULT_LOG");
  if (!path) return;
  char line[32];
  const int size = snprintf(line, sizeof line, "%ld\n", atomic_load(&count));
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd >= 0) (void)!syscall(SYS_write, fd, line, size);
}

static void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

/// Of a server: it has a name, which the pairs have not that a program makes for itself.
static int is_server(int fd) {
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  return getpeername(fd, (struct sockaddr*)&peer, &size) == 0 && (peer.ss_family != AF_UNIX || size > sizeof(sa_family_t));
}

static int counts(int fd) {
  char link[64], path[4096];
  if (sockets) return is_server(fd);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return files && strstr(path, files) != NULL;
}

/// What is to happen to this call.
static enum kind fault(int fd) {
  if (kind == NONE && !getenv("FAULT_LOG")) return NONE;
  if (!counts(fd)) return NONE;
  const long number = atomic_fetch_add(&count, 1) + 1;
  if (while_file) return access(while_file, F_OK) == 0 ? kind : NONE;
  if (number < at || at == 0) return NONE;
  if (kind == ENOSPC_ || kind == EIO_) return number < at + length ? kind : NONE;
  return number == at ? kind : NONE;
}

static int error_of(enum kind what) { return what == ENOSPC_ ? ENOSPC : what == EIO_ ? EIO : 0; }

#define REAL(name) \
  static __typeof__(name)* real; \
  if (!real) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)

#define WRITES(result, name, fd, size, whole, half) \
  REAL(name); \
  const enum kind what = fault(fd); \
  if (what == KILL) die(); \
  if (what == TORN) { \
    (void)!(half); \
    die(); \
  } \
  if (what == CUT) shutdown(fd, SHUT_RDWR); \
  if (error_of(what)) { \
    errno = error_of(what); \
    return -1; \
  } \
  const result done = (whole); \
  if (what == AFTER) die(); \
  if (what == CUT_AFTER) shutdown(fd, SHUT_RDWR); \
  return done

ssize_t write(int fd, const void* data, size_t size) {
  WRITES(ssize_t, write, fd, size, real(fd, data, size), real(fd, data, size / 2));
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t to) {
  WRITES(ssize_t, pwrite, fd, size, real(fd, data, size, to), real(fd, data, size / 2, to));
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t to) {
  WRITES(ssize_t, pwrite64, fd, size, real(fd, data, size, to), real(fd, data, size / 2, to));
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  WRITES(ssize_t, send, fd, size, real(fd, data, size, flags), real(fd, data, size / 2, flags));
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  WRITES(ssize_t, recv, fd, size, real(fd, data, size, flags), 0);
}
int fsync(int fd) { WRITES(int, fsync, fd, 0, real(fd), 0); }
int fdatasync(int fd) { WRITES(int, fdatasync, fd, 0, real(fd), 0); }
int ftruncate(int fd, off_t size) { WRITES(int, ftruncate, fd, 0, real(fd, size), 0); }
int ftruncate64(int fd, off64_t size) { WRITES(int, ftruncate64, fd, 0, real(fd, size), 0); }
