/* config_endpoint.c: addresses: endpoints of targets, the table of regions, host and port. */
#include "bridge/config_load.h"
#include "bridge/forms.h"
#include "bridge/loopback.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* The public endpoints of sophonsoar 2022-07-28:
 * https://api.alibabacloud.com/product/sophonsoar */
static const struct {
    const char *region, *endpoint;
} regions[] = {
    { "cn", "https://sophonsoar.aliyuncs.com" },
    { "ap-southeast-1", "https://sophonsoar.ap-southeast-1.aliyuncs.com" },
};

struct origin {
    bool https;
    const char *host;       /* as in the Host header: lower case, the port only when it is not the scheme's own */
    const char *name;       /* host without port and brackets */
};

static bool
host_is_valid(const char *host, size_t size)
{
    if (size > 0 && host[0] == '[') {
        char address[64];
        struct in6_addr binary;
        snprintf(address, sizeof address, "%.*s", size < 2 ? 0 : (int)(size - 2), host + 1);
        return size < sizeof address && host[size - 1] == ']' && inet_pton(AF_INET6, address, &binary) == 1;
    }
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.' && host[i] != '_')
            return false;
    return size > 0 && size <= 253 && host[0] != '.' && host[0] != '-';
}

bool
load_host_port(const char *text, bool port_required, const char **port)
{
    const char *from = text[0] == '[' ? strchr(text, ']') : text;
    const char *colon = from == NULL ? NULL : strchr(from, ':');
    size_t host = colon == NULL ? strlen(text) : (size_t)(colon - text);
    uint64_t number = 0;
    *port = colon == NULL ? NULL : colon + 1;
    if (!host_is_valid(text, host) || (colon == NULL && port_required))
        return false;
    return colon == NULL || (form_count(colon + 1, &number) && number <= 65535 && strlen(colon + 1) <= 5);
}

/* Reads scheme://host[:port][/]; NULL, or why it cannot be used. */
static const char *
read_origin(struct pool *pool, const char *text, struct origin *origin)
{
    origin->https = strncasecmp(text, "https://", 8) == 0;
    if (!origin->https && strncasecmp(text, "http://", 7) != 0)
        return "does not begin with https:// (or http://)";
    const char *rest = text + (origin->https ? 8 : 7), *port;
    if (strchr(rest, '@') != NULL)
        return "holds a user name or password";
    size_t size = strcspn(rest, "/?#");
    if (rest[size] != '\0' && strcmp(rest + size, "/") != 0)
        return "has a path; only scheme, host and port belong here";
    char *host = pool_take(pool, size + 1);
    for (size_t i = 0; i < size; i++)
        host[i] = (char)tolower((unsigned char)rest[i]);
    if (!load_host_port(host, false, &port) || (port != NULL && strtol(port, NULL, 10) == 0))
        return "has no valid host and port";
    bool own_port = port != NULL && strcmp(port, origin->https ? "443" : "80") == 0;
    if (own_port)
        host[port - 1 - host] = '\0';
    origin->host = host;
    size_t name = host[0] == '[' ? strcspn(host, "]") - 1 : strcspn(host, ":");
    origin->name = pool_slice(pool, (struct slice){ host + (host[0] == '['), name });
    return NULL;
}

static void
use_endpoint(struct load *load, struct config_target *target, const char *path, const char *endpoint)
{
    struct origin origin;
    const char *wrong = read_origin(load->pool, endpoint, &origin);
    if (wrong != NULL) {
        bool secret = strchr(endpoint, '@') != NULL;
        load_error(load, path, pool_format(load->scratch, "%s %s", secret ? "the address" : load_quote(load, endpoint), wrong),
                   "write it as https://host or https://host:port");
        return;
    }
    target->settings.host = origin.host;
    target->endpoint = pool_format(load->pool, "%s://%s", origin.https ? "https" : "http", origin.host);
    if (!origin.https && !host_is_loopback(origin.name) && !target->allow_plain_http)
        load_error(load, path, pool_format(load->scratch, "plain http to %s, which is no loopback address", origin.name),
                   "use https://, or set allow_plain_http: true if the network in between may read and change the calls");
}

void
load_check_endpoint(struct load *load, uint32_t index)
{
    struct config_target *target = &load->config->targets[index];
    const char *path = pool_format(load->scratch, "targets[%u].endpoint", index);
    const struct node *region = load_find(load, pool_format(load->scratch, "targets[%u].region", index));
    bool has_region = region != NULL && region->kind == NODE_SCALAR && region->text[0] != '\0';
    const char *endpoint = target->endpoint;
    if (has_region && endpoint[0] != '\0')
        load_error(load, path, "stands beside region", "keep one of the two");
    for (size_t i = 0; has_region && i < sizeof regions / sizeof regions[0]; i++)
        if (strcmp(region->text, regions[i].region) == 0)
            endpoint = regions[i].endpoint;
    if (endpoint[0] != '\0')
        use_endpoint(load, target, path, endpoint);
    else if (load_find(load, path) == NULL && !has_region)
        load_error(load, path, "is required",
                   target->settings.kind == TARGET_SOAR ? "add it (https://host), or region: cn or ap-southeast-1"
                                                        : "add it, such as https://apigw.example.com");
    struct origin proxy;
    const char *wrong = target->proxy[0] == '\0' ? NULL : read_origin(load->scratch, target->proxy, &proxy);
    if (wrong != NULL)
        load_error(load, pool_format(load->scratch, "targets[%u].proxy", index), wrong, "write it as http://host:port");
}
