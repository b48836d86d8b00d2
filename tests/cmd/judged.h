/* judged.h: a small configuration to judge findings against, and a look into a list of findings. */
#ifndef TESTS_CMD_JUDGED_H
#define TESTS_CMD_JUDGED_H

#include "bridge/cmd/check_connect.h"

/* One source "alerts" (beginning), targets 0 "soar-prod" (soar, incident.generated) and 1 "portal" (notice), dedup_ttl 24h each.
 * Static; whole again with each call. */
struct config *judged_config(void);

/* Of the only finding of that check, or of the only one that is no pass; NULL when there is none or there are several. */
const struct finding *judged_one(const struct findings *, const char *check);

/* "fail 69", "warn", "pass", "none" for judged_one(). */
const char *judged_text(const struct findings *, const char *check);

#endif
