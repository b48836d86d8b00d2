/* http_code.c: how a transfer ended, from libcurl's code. Pure; https://curl.se/libcurl/c/libcurl-errors.html */
#include "bridge/io/http_parts.h"

#include <curl/curl.h>

/* What a code means once a request was begun. Errors of connecting stand here too: a reused connection that died makes libcurl
 * connect again by itself, and when that fails the first copy may have been read whole. Not listed = BROKEN. */
static const struct {
    int code;
    enum transport transport;
} begun_codes[] = {
    { CURLE_OK,                       TRANSPORT_OK },
    { CURLE_ABORTED_BY_CALLBACK,      TRANSPORT_ABORTED },
    { CURLE_OPERATION_TIMEDOUT,       TRANSPORT_TIMEOUT },
    { CURLE_GOT_NOTHING,              TRANSPORT_RESET },
    { CURLE_SEND_ERROR,               TRANSPORT_RESET },
    { CURLE_RECV_ERROR,               TRANSPORT_RESET },
    { CURLE_SEND_FAIL_REWIND,         TRANSPORT_RESET },
    { CURLE_NO_CONNECTION_AVAILABLE,  TRANSPORT_RESET },
    { CURLE_COULDNT_RESOLVE_PROXY,    TRANSPORT_RESET },
    { CURLE_COULDNT_RESOLVE_HOST,     TRANSPORT_RESET },
    { CURLE_COULDNT_CONNECT,          TRANSPORT_RESET },
    { CURLE_PROXY,                    TRANSPORT_RESET },
    { CURLE_INTERFACE_FAILED,         TRANSPORT_RESET },
    { CURLE_SSL_CONNECT_ERROR,        TRANSPORT_RESET },
    { CURLE_SSL_CERTPROBLEM,          TRANSPORT_RESET },
    { CURLE_SSL_CIPHER,               TRANSPORT_RESET },
    { CURLE_PEER_FAILED_VERIFICATION, TRANSPORT_RESET },
    { CURLE_USE_SSL_FAILED,           TRANSPORT_RESET },
    { CURLE_SSL_CACERT_BADFILE,       TRANSPORT_RESET },
    { CURLE_SSL_SHUTDOWN_FAILED,      TRANSPORT_RESET },
    { CURLE_SSL_CRL_BADFILE,          TRANSPORT_RESET },
    { CURLE_SSL_ISSUER_ERROR,         TRANSPORT_RESET },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH, TRANSPORT_RESET },
    { CURLE_SSL_INVALIDCERTSTATUS,    TRANSPORT_RESET },
    { CURLE_SSL_CLIENTCERT,           TRANSPORT_RESET },
};

enum transport
http_transport_of(int code, int begun)
{
    if (begun == 0 && code != CURLE_ABORTED_BY_CALLBACK && code != CURLE_OK)
        return TRANSPORT_CONNECT;
    for (size_t i = 0; i < sizeof(begun_codes) / sizeof(begun_codes[0]); i++)
        if (begun_codes[i].code == code)
            return begun_codes[i].transport;
    return TRANSPORT_BROKEN;
}
