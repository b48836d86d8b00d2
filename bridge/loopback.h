/* loopback.h: whether a host is this machine by its name alone; plain http goes nowhere else unless it is allowed. */
#ifndef BRIDGE_LOOPBACK_H
#define BRIDGE_LOOPBACK_H

#include <stdbool.h>

bool host_is_loopback(const char *name);        /* without port and brackets; nothing is resolved */

#endif
