/* http.c: the slots that calls are made in, and what is counted while one goes out. */
#include "bridge/io/http_parts.h"

#include "bridge/io/clock.h"
#include "bridge/space.h"
#include "codecs/check.h"
#include "codecs/limits.h"
#include "codecs/mutant.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>

enum {
    TARGET_BYTES = 16 * 1024,
    BODY_BYTES = REQUEST_BODY_BYTES_MAX + 64 * 1024,    /* who encodes judges the limit; the slack holds what passed it */
    HEAD_BYTES = 16 * 1024,
    REPLY_HEAD_BYTES_MAX = 64 * 1024,
    SLOT_BYTES = TARGET_BYTES + BODY_BYTES + HEAD_BYTES + REPLY_BYTES_MAX,
};

/* Headers that libcurl would add by itself; a line without a value takes them away. */
static char *const unwanted[] = { (char[]){ "Content-Type:" }, (char[]){ "Expect:" }, (char[]){ "Accept:" } };
enum { UNWANTED = sizeof(unwanted) / sizeof(unwanted[0]) };

enum slot_state {
    SLOT_FREE,      /* http.free:    waits for a request                       */
    SLOT_FILLING,   /* the caller's: between http_request and send or drop     */
    SLOT_CALLING,   /* libcurl's:    added to the loop                         */
    SLOT_FAILED,    /* http.failed:  could not be added, answer is due         */
    SLOT_ANSWERING, /* the handler's                                           */
};

struct slot {
    enum slot_state state;
    uint32_t index, next;
    struct http *http;
    CURL *easy;
    struct request request;
    const char *method;                 /* that the easy handle is set to */
    struct http_endpoint endpoint;      /* likewise */
    struct curl_slist lines[UNWANTED + REQUEST_HEADERS_MAX];
    /* of one call: */
    struct tag tag;
    ms_t sent_ms, not_after_ms;
    int begun;
    bool reused;                        /* begun first on a connection that had served another call */
    size_t reply_head_bytes;
    struct buf reply;
};

#define NONE UINT32_MAX
struct http {
    struct http_handler handler;
    struct http_loop *loop;
    CURLSH *share;
    struct event refused;               /* answers what could not be started, from the loop */
    uint32_t calls, in_use, free, failed;
    char *memory;
    struct slot *slots;                 /* calls + 1: a handler may ask for a slot while its own still holds the reply */
};

/* ---- libcurl's questions during a call ---- */

/* The guard. libcurl re-sends a POST by itself when a reused connection closes without a byte of reply, although the server
 * may have read the first copy. It asks here before each start, so the second start is refused and counted.
 * https://curl.se/libcurl/c/CURLOPT_PREREQFUNCTION.html */
static int
on_begin(void *argument, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
    (void)peer_ip, (void)local_ip, (void)peer_port, (void)local_port;
    struct slot *slot = argument;
    if (slot->begun > 0 && !MUTATED(guard_off)) {
        slot->begun++;
        return CURL_PREREQFUNC_ABORT;
    }
    if (clock_now_ms() > slot->not_after_ms)
        return CURL_PREREQFUNC_ABORT;
    long connects = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
    slot->reused = connects == 0;
    slot->begun = 1;
    return CURL_PREREQFUNC_OK;
}

/* Refuses before the first packet. An event cannot choose a host, but a name server could point ours at a metadata service. */
static curl_socket_t
on_open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct slot *slot = argument;
    if (purpose == CURLSOCKTYPE_IPCXN && !slot->endpoint.allow_internal && http_address_is_internal(&address->addr))
        return CURL_SOCKET_BAD;
    return http_loop_opened(slot->http->loop, http_socket(address->family, address->socktype, address->protocol));
}

static size_t
on_reply_body(char *bytes, size_t one, size_t size, void *argument)
{
    (void)one;
    struct slot *slot = argument;
    buf_put(&slot->reply, bytes, size);
    return slot->reply.overflow ? 0 : size;     /* 0: the transfer fails, and with it the reply is BROKEN */
}

static size_t
on_reply_header(char *bytes, size_t one, size_t size, void *argument)
{
    (void)bytes;
    (void)one;
    struct slot *slot = argument;
    slot->reply_head_bytes += size;
    return slot->reply_head_bytes > REPLY_HEAD_BYTES_MAX ? 0 : size;
}

/* ---- a slot ---- */

static void
slot_settings(struct slot *slot)
{
    CURL *easy = slot->easy;
    CURLcode bad = http_settings_fixed(easy) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_begin);
    bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
    bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
    bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, http_loop_close);
    bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, slot->http->loop);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot->lines);
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, slot->request.body.at);
    bad |= curl_easy_setopt(easy, CURLOPT_SHARE, slot->http->share);
    check(bad == CURLE_OK);     /* short of memory, or a libcurl built without what we need: both at start */
}

static void
slot_init(struct slot *slot, struct http *http, uint32_t index)
{
    char *memory = http->memory + (size_t)index * SLOT_BYTES;
    slot->http = http;
    slot->index = index;
    request_init(&slot->request, memory, TARGET_BYTES, BODY_BYTES, HEAD_BYTES);
    buf_init(&slot->reply, memory + TARGET_BYTES + BODY_BYTES + HEAD_BYTES, REPLY_BYTES_MAX);
    for (uint32_t i = 0; i < UNWANTED; i++)
        slot->lines[i] = (struct curl_slist){ unwanted[i], i + 1 < UNWANTED ? &slot->lines[i + 1] : NULL };
    slot->easy = curl_easy_init();
    check(slot->easy);
    slot_settings(slot);
}

/* What a slot carried may be a token or the keys that came for one: gone when the call is. */
static void
slot_wipe(struct slot *slot)
{
    struct buf *carried[] = { &slot->request.target, &slot->request.body, &slot->request.head, &slot->reply };
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
        explicit_bzero(carried[i]->at, carried[i]->size);
        buf_reset(carried[i]);
    }
}

static void
slot_release(struct slot *slot)
{
    slot_wipe(slot);
    slot->state = SLOT_FREE;
    slot->next = slot->http->free;
    slot->http->free = slot->index;
}

static bool
slot_direct(struct slot *slot, const struct http_endpoint *endpoint)
{
    if (http_endpoint_eq(&slot->endpoint, endpoint))
        return true;
    slot->endpoint = (struct http_endpoint){ 0 };   /* half set, should it fail */
    if (!http_settings_endpoint(slot->easy, endpoint))
        return false;
    slot->endpoint = *endpoint;
    return true;
}

static bool
slot_method(struct slot *slot)
{
    if (slot->method && strcmp(slot->method, slot->request.method) == 0)
        return true;
    slot->method = http_settings_method(slot->easy, slot->request.method) ? slot->request.method : NULL;
    return slot->method != NULL;
}

/* Links the lines that are there behind the fixed ones; libcurl reads the list while it runs and copies nothing. */
static void
slot_link_lines(struct slot *slot)
{
    struct curl_slist *last = &slot->lines[UNWANTED - 1];
    for (uint32_t i = 0; i < slot->request.n_lines; i++) {
        last->next = last + 1;
        last = last->next;
        last->data = (char *)(uintptr_t)slot->request.lines[i];
    }
    last->next = NULL;
}

static bool
slot_start(struct slot *slot, const struct http_endpoint *endpoint)
{
    slot_link_lines(slot);
    /* The request target goes out as the signer wrote it; a URL would be parsed and put together anew. */
    return slot_direct(slot, endpoint) && slot_method(slot)
           && curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, buf_cstr(&slot->request.target)) == CURLE_OK
           && curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request.body.size) == CURLE_OK
           && http_loop_add(slot->http->loop, slot->easy);
}

/* ---- the answer ---- */

/* Was every byte given to the socket? libcurl writes the head first and counts the body as it is written, so a whole body
 * means yes. Without a body any byte written counts as all: the head may have gone in pieces, and libcurl counts the first
 * only. On a reused connection its counts start again when it connects again by itself, and too few would look like "surely
 * not executed": there the answer is yes. */
static bool
slot_handed_over(const struct slot *slot)
{
    if (slot->begun == 0)
        return false;
    if (slot->reused || slot->begun > 1)
        return true;
    curl_off_t body = 0;
    long written = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    curl_easy_getinfo(slot->easy, CURLINFO_REQUEST_SIZE, &written);
    return slot->request.body.size > 0 ? (size_t)body >= slot->request.body.size : written > 0;
}

static struct slice
slot_header(const struct slot *slot, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(slot->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return (struct slice){ 0 };
    return slice_of(header->value);
}

static void
slot_answer(struct slot *slot, const struct reply *reply)
{
    struct http *http = slot->http;
    slot->state = SLOT_ANSWERING;
    http->in_use--;
    http->handler.called(http->handler.owner, slot->tag, reply, clock_now_ms() - slot->sent_ms);
    slot_release(slot);
}

static void
on_done(void *owner, void *easy, int code)
{
    (void)owner;
    struct slot *slot;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
    check(slot->state == SLOT_CALLING);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    struct reply reply = {
        .transport = http_transport_of(code, slot->begun),
        .begun = slot->begun,
        .handed_over = slot_handed_over(slot),
        .status = (int)status,
        .body = buf_view(&slot->reply),
        .content_type = slot_header(slot, "Content-Type"),
        .retry_after = slot_header(slot, "Retry-After"),
        .acs_retry_after = slot_header(slot, "x-acs-retry-after"),
        .date = slot_header(slot, "Date"),
    };
    slot_answer(slot, &reply);
}

/* What could not be started was surely not sent. */
static void
on_refused(evutil_socket_t fd, short events, void *argument)
{
    (void)fd;
    (void)events;
    struct http *http = argument;
    while (http->failed != NONE) {
        struct slot *slot = &http->slots[http->failed];
        http->failed = slot->next;
        slot_answer(slot, &(struct reply){ .transport = TRANSPORT_CONNECT });
    }
}

/* ---- the header's functions ---- */

struct http *
http_new(struct event_base *base, uint32_t calls, const struct http_handler *handler)
{
    check(calls > 0 && calls < UINT16_MAX);
    check(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK);
    struct http *http = calloc(1, sizeof(*http));
    check(http);
    *http = (struct http){ .handler = *handler, .calls = calls, .free = NONE, .failed = NONE };
    http->slots = calloc(calls + 1, sizeof(*http->slots));
    /* Reserved, not touched: what is never used costs address space only. */
    http->memory = space_map((size_t)SLOT_BYTES * (calls + 1));
    http->share = curl_share_init();
    check(http->slots && http->share);
    /* One TLS session for all slots, so that a new connection need not be a full handshake. One thread: no lock functions. */
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    http->loop = http_loop_new(base, calls, on_done, http);
    check(evtimer_assign(&http->refused, base, on_refused, http) == 0);
    for (uint32_t i = calls + 1; i-- > 0;) {
        slot_init(&http->slots[i], http, i);
        slot_release(&http->slots[i]);
    }
    return http;
}

void
http_free(struct http *http)
{
    if (!http)
        return;
    event_del(&http->refused);
    for (uint32_t i = 0; i <= http->calls; i++) {
        if (http->slots[i].state == SLOT_CALLING)
            http_loop_remove(http->loop, http->slots[i].easy);
        curl_easy_cleanup(http->slots[i].easy);
    }
    http_loop_free(http->loop);
    curl_share_cleanup(http->share);
    space_unmap(http->memory, (size_t)SLOT_BYTES * (http->calls + 1));
    free(http->slots);
    free(http);
    curl_global_cleanup();
}

struct request *
http_request(struct http *http, uint32_t *slot_index)
{
    if (http->in_use == http->calls)
        return NULL;
    struct slot *slot = &http->slots[http->free];
    http->free = slot->next;
    http->in_use++;
    slot->state = SLOT_FILLING;
    request_reset(&slot->request);
    slot->request.method = "POST";
    *slot_index = slot->index;
    return &slot->request;
}

static struct slot *
slot_filled(struct http *http, uint32_t index)
{
    check(index <= http->calls && http->slots[index].state == SLOT_FILLING);
    return &http->slots[index];
}

void
http_send(struct http *http, uint32_t slot_index, const struct http_endpoint *endpoint, struct tag tag, ms_t not_after_ms)
{
    struct slot *slot = slot_filled(http, slot_index);
    check(request_is_whole(&slot->request));
    slot->tag = tag;
    slot->sent_ms = clock_now_ms();
    slot->not_after_ms = not_after_ms;
    slot->begun = 0;
    slot->reused = false;
    slot->reply_head_bytes = 0;
    buf_reset(&slot->reply);
    slot->state = SLOT_CALLING;
    if (slot_start(slot, endpoint))
        return;
    slot->state = SLOT_FAILED;
    slot->next = http->failed;
    http->failed = slot->index;
    event_active(&http->refused, EV_TIMEOUT, 0);
}

void
http_drop(struct http *http, uint32_t slot_index)
{
    struct slot *slot = slot_filled(http, slot_index);
    http->in_use--;
    slot_release(slot);
}

uint32_t
http_inflight(const struct http *http)
{
    return http->in_use;
}
