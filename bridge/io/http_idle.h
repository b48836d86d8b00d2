/* http_idle.h: connections that no call uses right now, watched for their server's good-bye. For http_loop.c only.
 *
 * libcurl looks at a connection before it uses it again and takes one with bytes to be read for alive. Over TLS the good-bye
 * is such bytes: the request would go out to nobody, be sent a second time, and count as in doubt for nothing. So when a server
 * closes an idle connection, what is there to be read is read away, and libcurl sees the end. */
#ifndef BRIDGE_IO_HTTP_IDLE_H
#define BRIDGE_IO_HTTP_IDLE_H

struct event_base;
struct http_idle;

struct http_idle *http_idle_new(struct event_base *);
void http_idle_free(struct http_idle *);            /* after the last socket is closed */

void http_idle_open(struct http_idle *, int fd);    /* libcurl has it from now on */
void http_idle_close(struct http_idle *, int fd);   /* before it is closed */
void http_idle_rest(struct http_idle *, int fd);    /* no call uses it; a socket that was not opened here is left alone */
void http_idle_work(struct http_idle *, int fd);    /* a call does */

#endif
