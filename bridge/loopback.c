/* loopback.c: 127.0.0.0/8, ::1 and the name that RFC 6761 keeps for them. */
#include "bridge/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

bool
host_is_loopback(const char *name)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, name, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, name, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcasecmp(name, "localhost") == 0;
}
