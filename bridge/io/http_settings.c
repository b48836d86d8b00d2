/* http_settings.c: every option of libcurl that is set, and why. VERBOSE is not among them: it shows the Authorization header. */
#include "bridge/io/http_parts.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { DNS_CACHE_S = 30, CONNECTION_IDLE_S = 30, CONNECTION_AGE_S = 300 };
enum { SEND_BUFFER_BYTES = 64 * 1024 };     /* Linux takes twice that */

/* What holds for every call to anywhere. */
bool
http_settings_fixed(void *easy)
{
    CURLcode bad = 0;
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_CACHE_S);
    /* Below the keep-alive of common servers (60 s and more): a connection that the server is about to close is not used
     * again. */
    bad |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_S);
    /* So that a changed DNS entry is followed even under steady traffic. */
    bad |= curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_AGE_S);
    /* Without it a call that times out while its name is looked up would stop the loop until the look-up ends. */
    bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* A proxy is always tunnelled through: the request is then the same, byte by byte, with it and without. */
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    return bad == CURLE_OK;
}

/* A CA file of one's own is trusted instead of the system's, not beside it. The handle may have served another endpoint
 * before. */
static bool
settings_trust(CURL *easy, const char *ca_file)
{
    char *file = NULL, *path = NULL;
    CURLcode bad = curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);     /* libcurl's defaults */
    bad |= curl_easy_getinfo(easy, CURLINFO_CAPATH, &path);
    bool own = ca_file && ca_file[0];
    bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, own ? ca_file : file);
    bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, own ? NULL : path);
    return bad == CURLE_OK;
}

bool
http_settings_endpoint(void *easy, const struct http_endpoint *endpoint)
{
    bool tls = strncmp(endpoint->origin, "https://", 8) == 0;
    CURLcode bad = 0;
    bad |= curl_easy_setopt(easy, CURLOPT_URL, endpoint->origin);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)endpoint->connect_timeout_ms);
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)endpoint->call_timeout_ms);
    /* "" and not NULL: with NULL libcurl asks the environment for http_proxy and its kin. */
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, endpoint->proxy ? endpoint->proxy : "");
    return bad == CURLE_OK && settings_trust(easy, endpoint->ca_file);
}

bool
http_endpoint_eq(const struct http_endpoint *a, const struct http_endpoint *b)
{
    return a->origin == b->origin && a->proxy == b->proxy && a->ca_file == b->ca_file && a->allow_internal == b->allow_internal
           && a->connect_timeout_ms == b->connect_timeout_ms && a->call_timeout_ms == b->call_timeout_ms;
}

bool
http_settings_method(void *easy, const char *method)
{
    bool get = strcmp(method, "GET") == 0;
    CURLcode bad = curl_easy_setopt(easy, get ? CURLOPT_HTTPGET : CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, get || strcmp(method, "POST") == 0 ? NULL : method);
    return bad == CURLE_OK;
}

int
http_socket(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    /* A kernel that swallows a body whole would make "handed over" of what never left this machine. */
    int bytes = SEND_BUFFER_BYTES;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    return fd;
}

static bool
ipv4_is_internal(uint32_t address)
{
    return (address & 0xffff0000) == 0xa9fe0000     /* 169.254.0.0/16, RFC 3927; most clouds' metadata */
           || address == 0x646464c8;                /* 100.100.100.200, Alibaba Cloud's metadata */
}

bool
http_address_is_internal(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ipv4_is_internal(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family != AF_INET6)
        return false;

    static const unsigned char metadata[16] = { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 };     /* fd00:ec2::254 */
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(six)) {
        uint32_t four;
        memcpy(&four, six->s6_addr + 12, sizeof(four));
        return ipv4_is_internal(ntohl(four));
    }
    return IN6_IS_ADDR_LINKLOCAL(six) || memcmp(six->s6_addr, metadata, sizeof(metadata)) == 0;
}
