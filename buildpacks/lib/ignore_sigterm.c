/* Loaded into a server that a start script ends in its own way: the SIGTERM that every process of a dyno gets at once
 * does nothing to it, whatever handler it sets. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>

int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  static int (*real)(int, const struct sigaction *, struct sigaction *);
  struct sigaction ignored = {.sa_handler = SIG_IGN};
  if (!real) {
    real = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
  }
  return real(number, number == SIGTERM && action ? &ignored : action, before);
}
