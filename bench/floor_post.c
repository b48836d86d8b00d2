/* floor_post.c: POSTs by libcurl's multi socket interface on libevent, with nothing on top. */
#include "bench/floor.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct posts {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    post_done *done;
    void *owner;
    struct post *free;
    struct post all[POSTS_IN_FLIGHT];
    struct curl_slist lines[POSTS_IN_FLIGHT][3];
};

static void
finish_ended(struct posts *posts)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(posts->multi, &left))) {
        struct post *post = NULL;
        long status = 0;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(posts->multi, message->easy_handle);
        if (code != CURLE_OK || status < 200 || status > 299)
            floor_die("POST: %s, status %ld", curl_easy_strerror(code), status);
        posts->done(posts->owner, post);
        post->next = posts->free;
        posts->free = post;
    }
}

static void
on_socket(evutil_socket_t fd, short what, void *data)
{
    struct posts *posts = data;
    int running, action = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(posts->multi, fd, action, &running);
    finish_ended(posts);
}

static void
on_timer(evutil_socket_t fd, short what, void *data)
{
    struct posts *posts = data;
    int running;
    (void)fd, (void)what;
    curl_multi_socket_action(posts->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_ended(posts);
}

static int
on_want_timer(CURLM *multi, long after_ms, void *data)
{
    struct posts *posts = data;
    struct timeval after = { after_ms / 1000, after_ms % 1000 * 1000 };
    (void)multi;
    return after_ms < 0 ? event_del(posts->timer) : event_add(posts->timer, &after);
}

static int
on_want_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *watch)
{
    struct posts *posts = data;
    struct event *event = watch;
    (void)easy;
    if (event && what != CURL_POLL_REMOVE
        && event_get_events(event) == (EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0)))
        return 0;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
        event = event_new(posts->base, fd, events, on_socket, posts);
        event_add(event, NULL);
    }
    curl_multi_assign(posts->multi, fd, event);
    return 0;
}

static size_t
on_reply(char *bytes, size_t one, size_t size, void *data)
{
    (void)bytes, (void)one, (void)data;
    return size;
}

static void
post_init(struct posts *posts, size_t i, const char *url)
{
    struct post *post = &posts->all[i];
    struct curl_slist *lines = posts->lines[i];
    static char json[] = "Content-Type: application/json", expect[] = "Expect:";
    lines[0] = (struct curl_slist){ json, &lines[1] };
    lines[1] = (struct curl_slist){ expect, &lines[2] };
    lines[2] = (struct curl_slist){ post->digest, NULL };
    post->posts = posts;
    post->next = posts->free;
    posts->free = post;
    post->body = malloc(POST_BYTES_MAX);        /* touched as far as it is used */
    post->easy = curl_easy_init();
    if (!post->body || !post->easy)
        floor_die("out of memory");
    curl_easy_setopt(post->easy, CURLOPT_URL, url);
    curl_easy_setopt(post->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(post->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(post->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(post->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(post->easy, CURLOPT_PRIVATE, post);
}

struct posts *
posts_new(struct event_base *base, const char *url, post_done *done, void *owner)
{
    struct posts *posts = calloc(1, sizeof *posts);
    curl_global_init(CURL_GLOBAL_ALL);
    if (!posts)
        floor_die("out of memory");
    posts->base = base;
    posts->done = done;
    posts->owner = owner;
    posts->multi = curl_multi_init();
    posts->timer = evtimer_new(base, on_timer, posts);
    curl_multi_setopt(posts->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
    curl_multi_setopt(posts->multi, CURLMOPT_SOCKETDATA, posts);
    curl_multi_setopt(posts->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
    curl_multi_setopt(posts->multi, CURLMOPT_TIMERDATA, posts);
    curl_multi_setopt(posts->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(posts->multi, CURLMOPT_MAXCONNECTS, (long)POSTS_IN_FLIGHT);
    for (size_t i = 0; i < POSTS_IN_FLIGHT; i++)
        post_init(posts, i, url);
    return posts;
}

void
posts_free(struct posts *posts)
{
    for (size_t i = 0; i < POSTS_IN_FLIGHT; i++) {
        curl_easy_cleanup(posts->all[i].easy);
        free(posts->all[i].body);
    }
    curl_multi_cleanup(posts->multi);
    event_free(posts->timer);
    free(posts);
}

struct post *
posts_take(struct posts *posts)
{
    struct post *post = posts->free;
    if (!post)
        return NULL;
    posts->free = post->next;
    post->size = 0;
    post->n = 0;
    return post;
}

static void
put_digest(struct post *post)
{
    static const char name[] = "X-Body-SHA256: ", hex[] = "0123456789abcdef";
    static const EVP_MD *sha256;
    static EVP_MD_CTX *context;
    unsigned char digest[32];
    if (!sha256) {
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
        context = EVP_MD_CTX_new();
    }
    EVP_DigestInit_ex(context, sha256, NULL);
    EVP_DigestUpdate(context, post->body, post->size);
    EVP_DigestFinal_ex(context, digest, NULL);
    char *at = post->digest + sizeof name - 1;
    for (size_t i = 0; i < sizeof name - 1; i++)
        post->digest[i] = name[i];
    for (size_t i = 0; i < sizeof digest; i++) {
        *at++ = hex[digest[i] >> 4];
        *at++ = hex[digest[i] & 15];
    }
    *at = '\0';
}

void
post_send(struct post *post)
{
    put_digest(post);
    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->size);
    if (curl_multi_add_handle(post->posts->multi, post->easy) != CURLM_OK)
        floor_die("POST: cannot be added");
}
