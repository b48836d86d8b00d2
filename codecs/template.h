/* template.h: texts of the configuration with {field} placeholders, filled from an event.
 *
 * Fields: id kind time source aliyunUID incidentName incidentID alertName alertID startTime endTime status level severity title
 * body url, and labels.<name>. `{{` and `}}` stand for the braces themselves. A field that the event lacks is empty. */
#ifndef CODECS_TEMPLATE_H
#define CODECS_TEMPLATE_H

#include "codecs/backend.h"

/* False when a brace is left open, stands alone, or names no field; `culprit` is that place in the text then. */
bool template_check(const char *text, struct slice *culprit);

/* Writes the text with its fields filled in. What template_check would refuse is written as it stands. */
void template_write(struct buf *, const char *text, const struct event *);

/* The built-in texts of a kind; n = 0 for a notice, which brings its own. */
const struct template *template_default_title(enum event_kind);
const struct template *template_default_body(enum event_kind);

#endif
