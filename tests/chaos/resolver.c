/* resolver.c: preloaded into the workers: one name of ours, RESOLVER_NAME, stands for this machine, and cannot be resolved while
 * the file RESOLVER_FAULT is there. Each failed look-up leaves a byte in it. Every other name is looked up as ever. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int
fails(void)
{
    const char *path = getenv("RESOLVER_FAULT");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    int wrote = write(fd, ".", 1) == 1;
    close(fd);
    return wrote;
}

int
getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
            struct addrinfo **restrict found)
{
    resolve *next = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *ours = getenv("RESOLVER_NAME");
    if (!node || !ours || strcmp(node, ours) != 0)
        return next(node, service, hints, found);
    return fails() ? EAI_AGAIN : next("127.0.0.1", service, hints, found);
}
