/* forms.h: how numbers with units are written in configuration and on the command line. All return false for anything else, and
 * for overflow. */
#ifndef BRIDGE_FORMS_H
#define BRIDGE_FORMS_H

#include <stdbool.h>
#include <stdint.h>

bool form_count(const char *text, uint64_t *count);         /* 0 .. 2^63 - 1, digits only */
bool form_duration(const char *text, int64_t *ms);          /* 1500ms 10s 5m 1h 7d */
bool form_size(const char *text, uint64_t *bytes);          /* 512B 64KiB 1MiB 2GiB */
bool form_rate(const char *text, uint64_t *per_hour);       /* N/s N/m N/h, N > 0 */
bool form_share(const char *text, double *share);           /* 0 .. 1, or 10% */
bool form_flag(const char *text, bool *flag);               /* true, false */
bool form_name(const char *text);                           /* [a-z0-9][a-z0-9_-]{0,63} */

#endif
